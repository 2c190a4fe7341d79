// Reads one go-ftw YAML file. Scalars are taken as they are written (`1.0` stays `1.0`), so the failsafe schema is used
// and the few numbers and booleans are converted here. A field that is wrong gives a Problem with its place.

import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { type ByteString, utf8ToBytes } from '../lib/bytes.ts'
import type { Problem } from '../lib/problem.ts'
import { expandTemplate } from './template.ts'
import type { FtwInput, FtwOutput, FtwStage, FtwTest } from './types.ts'

export interface ParsedTests {
  readonly tests: readonly FtwTest[]
  readonly problems: readonly Problem[]
}

/** Files of the rule set are below 1 MiB; what is larger is no test file. */
const maxTextLength = 16 * 1024 * 1024

export function parseTests(file: string, text: string): ParsedTests {
  const problems: Problem[] = []
  const lines = new LineCounter()
  const report = (node: Node | null | undefined, message: string) => {
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0)
    problems.push({ code: 'ftw.invalid', severity: 'error', file, line, column: col, message })
  }
  if (text.length > maxTextLength) {
    report(undefined, `is larger than ${maxTextLength} characters`)
    return { tests: [], problems }
  }
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false, lineCounter: lines })
  for (const error of document.errors) {
    const at = lines.linePos(error.pos[0])
    problems.push({ code: 'ftw.yaml', severity: 'error', file, line: at.line, column: at.col, message: error.message })
  }
  const root = document.contents
  if (problems.length > 0 || root === null || (isScalar(root) && root.value === '')) return { tests: [], problems }
  if (!isMap(root)) {
    report(root, 'a test file is a mapping with meta, rule_id and tests')
    return { tests: [], problems }
  }
  const reader = new Reader(file, report)
  return { tests: reader.file(root), problems }
}

class Reader {
  readonly #path: string
  readonly #report: (node: Node | null | undefined, message: string) => void

  constructor(path: string, report: (node: Node | null | undefined, message: string) => void) {
    this.#path = path
    this.#report = report
  }

  file(root: YAMLMap): FtwTest[] {
    const meta = root.get('meta', true)
    const enabled = isMap(meta) ? (this.#boolean(meta, 'enabled') ?? true) : true
    const rule = Number(this.#text(root, 'rule_id') ?? /\d{3,}/.exec(this.#path.split('/').at(-1) ?? '')?.[0] ?? 0)
    return this.#items(root, 'tests').map((node, i) => this.#test(node, rule, i + 1, enabled))
  }

  #test(node: YAMLMap, fileRule: number, position: number, fileEnabled: boolean): FtwTest {
    const title = /^(\d+)-(\w+)$/.exec(this.#text(node, 'test_title') ?? '')
    const rule = title ? Number(title[1]) : fileRule
    const given = this.#text(node, 'test_id') ?? title?.[2]
    const number = given !== undefined && /^\d+$/.test(given) ? Number(given) : position
    return {
      id: `${rule}-${given ?? position}`,
      rule,
      number,
      file: this.#path,
      description: (this.#text(node, 'desc') ?? '').trim(),
      enabled: fileEnabled && (this.#boolean(node, 'enabled') ?? true),
      stages: this.#items(node, 'stages').map(stage => this.#stage(stage)),
    }
  }

  #stage(node: YAMLMap): FtwStage {
    const inner = node.get('stage', true)
    const stage = isMap(inner) ? inner : node
    const input = stage.get('input', true)
    const output = stage.get('output', true)
    if (!isMap(input)) this.#report(stage, 'a stage has an input')
    return {
      input: this.#input(isMap(input) ? input : emptyMap, stage === node),
      output: this.output(isMap(output) ? output : undefined),
    }
  }

  #input(node: YAMLMap, lengthOfNothing: boolean): FtwInput {
    const encoded = this.#text(node, 'encoded_request')
    const unencoded = this.#text(node, 'raw_request')
    const stopMagic = this.#boolean(node, 'stop_magic')
    const autocomplete = this.#boolean(node, 'autocomplete_headers') ?? (stopMagic === undefined ? true : !stopMagic)
    const raw = encoded !== undefined && encoded !== '' ? fromBase64(encoded) : undefined
    return {
      destination: this.#text(node, 'dest_addr') ?? 'localhost',
      port: Number(this.#text(node, 'port') ?? 80) || 80,
      protocol: this.#text(node, 'protocol') === 'https' ? 'https' : 'http',
      method: utf8ToBytes(this.#text(node, 'method') ?? 'GET'),
      uri: utf8ToBytes(this.#text(node, 'uri') ?? '/'),
      version: utf8ToBytes(this.#text(node, 'version') ?? 'HTTP/1.1'),
      headers: this.#headers(node),
      data: this.#data(node),
      raw: raw ?? (unencoded === undefined ? undefined : utf8ToBytes(unencoded)),
      autocompleteHeaders: autocomplete,
      lengthOfNothing,
      followRedirect: this.#boolean(node, 'follow_redirect') ?? false,
      saveCookie: this.#boolean(node, 'save_cookie') ?? false,
    }
  }

  /** A mapping is sent sorted by name, as go-ftw does; only `ordered_headers` keeps its order. */
  #headers(node: YAMLMap): ByteString[] {
    const ordered = node.get('ordered_headers', true)
    if (isSeq(ordered)) {
      return ordered.items
        .filter(isMap)
        .flatMap(item => [utf8ToBytes(this.#text(item, 'name') ?? ''), utf8ToBytes(this.#text(item, 'value') ?? '')])
    }
    const headers = node.get('headers', true)
    if (!isMap(headers)) return []
    const lines = headers.items.map(({ key, value }) => [utf8ToBytes(scalar(key)), utf8ToBytes(scalar(value))] as const)
    return lines.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).flat()
  }

  /** Tests of CRS 3 may give the body as a list of lines. */
  #data(node: YAMLMap): ByteString {
    const data = node.get('data', true)
    if (isSeq(data)) return utf8ToBytes(data.items.map(scalar).join('\r\n'))
    if (isScalar(data)) return utf8ToBytes(expandTemplate(scalar(data)))
    const encoded = this.#text(node, 'encoded_data')
    return encoded === undefined ? '' : fromBase64(encoded)
  }

  output(node: YAMLMap | undefined): FtwOutput {
    const output = node ?? emptyMap
    const inner = output.get('log', true)
    const log = isMap(inner) ? inner : emptyMap
    return {
      status: this.#numbers(output, 'status'),
      matchRegex: this.#pattern(log, 'match_regex') ?? this.#pattern(output, 'log_contains'),
      noMatchRegex: this.#pattern(log, 'no_match_regex') ?? this.#pattern(output, 'no_log_contains'),
      expectIds: this.#numbers(log, 'expect_ids'),
      noExpectIds: this.#numbers(log, 'no_expect_ids'),
      responseContains: this.#pattern(output, 'response_contains'),
      expectError: this.#boolean(output, 'expect_error'),
      retryOnce: this.#boolean(output, 'retry_once') ?? false,
      isolated: this.#boolean(output, 'isolated') ?? false,
    }
  }

  #items(node: YAMLMap, key: string): YAMLMap[] {
    const list = node.get(key, true)
    if (list === undefined || list === null) return []
    if (isSeq(list) && list.items.every(isMap)) return list.items as YAMLMap[]
    this.#report(list as Node, `${key} is a list of mappings`)
    return []
  }

  #text(node: YAMLMap, key: string): string | undefined {
    const value = node.get(key, true)
    if (value === undefined || value === null) return undefined
    if (isScalar(value)) return scalar(value)
    this.#report(value as Node, `${key} is text`)
    return undefined
  }

  #boolean(node: YAMLMap, key: string): boolean | undefined {
    const text = this.#text(node, key)
    if (text === undefined || text === '') return undefined
    if (/^(true|yes|on)$/i.test(text)) return true
    if (!/^(false|no|off)$/i.test(text)) this.#report(node.get(key, true) as Node, `${key} is true or false`)
    return false
  }

  #numbers(node: YAMLMap, key: string): number[] {
    const value = node.get(key, true)
    if (value === undefined || value === null) return []
    const texts = isSeq(value) ? value.items.map(scalar) : [scalar(value)]
    const numbers = texts.filter(text => text !== '').map(Number)
    if (numbers.every(Number.isSafeInteger)) return numbers
    this.#report(value as Node, `${key} is a number or a list of numbers`)
    return []
  }

  #pattern(node: YAMLMap, key: string): string | undefined {
    const text = this.#text(node, key)
    if (text === undefined || text === '') return undefined
    try {
      new RegExp(text)
      return text
    } catch {
      this.#report(node.get(key, true) as Node, `${key} is not a regular expression`)
      return undefined
    }
  }
}

const emptyMap = parseDocument('{}').contents as YAMLMap

/** Reads the output part of an override; the same fields as a stage's. */
export function parseOutput(
  file: string,
  node: YAMLMap,
  report: (node: Node | null | undefined, message: string) => void,
): FtwOutput {
  return new Reader(file, report).output(node)
}

function scalar(node: unknown): string {
  return isScalar(node) && typeof node.value === 'string' ? node.value : ''
}

function fromBase64(text: string): ByteString {
  return Buffer.from(text, 'base64').toString('latin1')
}
