// LAYERS: what the parts of a request say behind further encodings, and parts that no other variable shows as a value: a
// body of no known type, the members of JSON that came as something else, segments of the path. A name is that of where
// the reading comes from. Merlon's own; read once for all rules that look at it.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import { type JsonNode, readJson } from '../bodies/json-reader.ts'
import { decodeBase64Runs, shortestRun } from '../detectors/base64-runs.ts'
import { flatten, unwrap } from '../detectors/unwrap.ts'
import { collection, type VariableDefinition } from './definition.ts'
import type { State } from './state.ts'
import { placementBits, Value } from './value.ts'

/** More readings than an honest request has; what is over is not read, and a rule counts them. */
const maxValues = 1000
const maxBytes = 2 * 1024 * 1024
/** A longer query or form is judged by its arguments alone. */
const maxWhole = 64 * 1024
const jsonLimits = { jsonDepth: 32, jsonKeys: 2000 }

export const layers: VariableDefinition = collection(
  'LAYERS',
  2,
  "Readings of all values behind further encodings, bodies of no known type, path segments; Merlon's own.",
  state => new Layers().read(state),
)

/** Headers whose bytes a server reads as they are, or which are nothing but tokens. */
const skippedHeaders = new Set(
  'cookie authorization accept accept-encoding accept-language content-type content-length host if-none-match origin'
    .concat(' content-security-policy sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform proxy-authorization')
    .split(' '),
)

/** What values say behind further encodings. */
export function readingsOf(values: readonly Value[]): readonly Value[] {
  return new Layers().of(values)
}

/** What a reading is named after: a value, whose name is made when there is a reading of it, or a name. */
type Origin = Value | ByteString

class Layers {
  readonly #values: Value[] = []
  #bytes = 0

  read(state: State): readonly Value[] {
    for (const value of state.arguments) {
      this.#decode(value, value.value)
      if (value.key !== undefined && value.key.length > 2) this.#escapes(value, value.key)
    }
    for (const value of state.cookies) this.#decode(value, value.value)
    this.#wholes(state)
    for (const value of state.requestHeaders) {
      const name = lowerAscii(value.key ?? '')
      if (!skippedHeaders.has(name)) this.#decode(value, value.value)
      else if (name === 'cookie' && state.cookieNames.some(cookie => isOddName(cookie.value))) {
        this.#decode(value, value.value)
        this.#add(value, value.value)
      }
    }
    for (const text of state.xmlText) this.#decode('XML:/*', text)
    for (const text of state.xmlAttributes) this.#decode('XML://@*', text)
    this.#path(state)
    this.#body(state)
    return this.#values
  }

  of(values: readonly Value[]): readonly Value[] {
    for (const value of values) this.#decode(value, value.value)
    return this.#values
  }

  #add(origin: Origin, text: ByteString): boolean {
    if (this.#values.length >= maxValues || this.#bytes > maxBytes) return false
    this.#bytes += text.length
    const reading = new Value('LAYERS', typeof origin === 'string' ? origin : origin.name, text)
    if (typeof origin !== 'string') reading.placement = origin.placement
    this.#values.push(reading)
    return true
  }

  /** Readings of a value, and what JSON in it or in a reading says. */
  #decode(origin: Origin, text: ByteString): void {
    if (typeof origin !== 'string' && origin.placement === placementBits.settled) return
    this.#members(origin, text)
    for (const reading of unwrap(text)) {
      this.#add(origin, reading)
      this.#members(origin, reading)
    }
  }

  /** Of a name, base64 and JSON are not read. */
  #escapes(origin: Origin, text: ByteString): void {
    if (!text.includes('%') && !text.includes('&')) return
    const reading = flatten(text)
    if (reading !== text) this.#add(origin, reading)
  }

  #members(origin: Origin, text: ByteString): void {
    if (!looksLikeJson(text)) return
    const { root, error } = readJson(text, jsonLimits)
    if (root && !error && (root.kind === 'object' || root.kind === 'array')) this.#node(origin, root)
  }

  #node(origin: Origin, node: JsonNode): void {
    if (node.kind === 'object') {
      for (const [i, key] of node.names.entries()) {
        this.#add(origin, key)
        const child = node.values[i]
        if (child) this.#node(origin, child)
      }
    } else if (node.kind === 'array') for (const child of node.values) this.#node(origin, child)
    else if (node.kind === 'string' && node.value !== '') {
      this.#add(origin, node.value)
      for (const reading of unwrap(node.value)) this.#add(origin, reading)
    }
  }

  /** A query or a form that was not cut where its sender meant: what stands in names belongs to the values around it. */
  #wholes(state: State): void {
    const { arguments: all, queryArgumentCount: count } = state
    const isForm = state.bodyProcessor === 'URLENCODED' && state.requestBody !== ''
    if (all.slice(0, count).some(isOddlyNamed)) this.#whole('QUERY_STRING', state.query)
    if (isForm && all.slice(count).some(isOddlyNamed)) this.#whole('REQUEST_BODY', state.requestBody)
  }

  #whole(name: ByteString, text: ByteString): void {
    if (text.length > maxWhole) return
    const plain = flatten(text.replaceAll('+', ' '))
    if (this.#add(name, plain)) this.#decode(name, plain)
  }

  /** Each segment that has more than a name in it is a value of its own: applications route on segments. */
  #path(state: State): void {
    if (state.path.includes('%')) this.#add('REQUEST_FILENAME', flatten(state.path))
    const end = state.target.indexOf('?')
    const raw = end < 0 ? state.target : state.target.slice(0, end)
    for (const segment of raw.length < shortestRun ? [] : raw.split('/', 64)) {
      if (segment.length >= shortestRun)
        for (const text of decodeBase64Runs(segment)) this.#add('REQUEST_FILENAME', text)
    }
    if (!raw.includes('%') && !hasMarks(raw)) return
    for (const segment of raw.split('/', 64)) {
      if (segment.includes('%') || hasMarks(segment)) {
        const text = flatten(segment)
        if (hasMarks(text)) this.#add('REQUEST_FILENAME', text)
      }
    }
  }

  #body(state: State): void {
    const { bodyProcessor, requestBody } = state
    if (requestBody === '') return
    // A form that starts as another document does is read as that by servers that sniff.
    const isDisguised = bodyProcessor === 'URLENCODED' && startsDocument(requestBody)
    if (bodyProcessor !== '' && !isDisguised && state.bodyError === undefined) return
    if (this.#add('REQUEST_BODY', requestBody)) this.#decode('REQUEST_BODY', requestBody)
  }
}

function looksLikeJson(text: ByteString): boolean {
  const first = firstByte(text)
  return (first === 0x7b || first === 0x5b) && text.includes('"')
}

function startsDocument(text: ByteString): boolean {
  const first = firstByte(text)
  return first === 0x7b || first === 0x5b || first === 0x3c
}

function firstByte(text: ByteString): number {
  let at = 0
  while (text.charCodeAt(at) <= 0x20) at++
  return text.charCodeAt(at)
}

const oddBytes = new Set([...'<>\'"(){};|`*!,\\ \t\r\n'].map(character => character.charCodeAt(0)))

/** An event of a browser: with its value it may be an attribute. */
function isEventName(name: ByteString): boolean {
  return name.length > 4 && (name.startsWith('on') || name.startsWith('On') || name.startsWith('ON'))
}

/** Whether a name holds what names of parameters and cookies don't; brackets, dots and dollars are at home there. */
function isOddName(name: ByteString): boolean {
  const end = Math.min(name.length, 200)
  for (let i = 0; i < end; i++) if (oddBytes.has(name.charCodeAt(i))) return true
  return false
}

/** Characters that no segment of a plain path has. */
function hasMarks(text: ByteString): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c <= 0x20 || c === 0x2f || c === 0x5c) return true
    if (c === 0x22 || c === 0x24 || c === 0x26 || c === 0x27 || c === 0x28 || c === 0x3b || c === 0x3c) return true
    if (c === 0x3d || c === 0x60 || c === 0x7b || c === 0x7c) return true
  }
  return false
}

function isOddlyNamed({ key }: Value): boolean {
  return key !== undefined && (isOddName(key) || isEventName(key))
}
