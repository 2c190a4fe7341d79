// Reads rule sources through the file port, follows Include, and gives one flat list of directives in file order.
// Depth and number of files are bounded, so that a file that includes itself is an error and not a hang.

import { bufferToBytes, utf8ToBytes } from '../../lib/bytes.ts'
import type { FilePort, RuleSource } from '../types.ts'
import { type RawDirective, readDirectives } from './lexer.ts'
import { type ProblemList, RuleText } from './source.ts'

const maxDepth = 16
const maxFiles = 4096
const maxFileBytes = 16 * 1024 * 1024

export interface ReadResult {
  readonly directives: readonly RawDirective[]
  readonly files: readonly string[]
}

export function readSources(sources: readonly RuleSource[], files: FilePort, problems: ProblemList): ReadResult {
  const state: ReadState = { directives: [], files: [], open: [], port: files, problems }
  for (const source of sources) {
    if ('text' in source) readText(new RuleText(source.name, utf8ToBytes(source.text)), state)
    else readGlob(source.path, state, undefined)
  }
  return state
}

interface ReadState {
  readonly directives: RawDirective[]
  readonly files: string[]
  readonly open: string[]
  readonly port: FilePort
  readonly problems: ProblemList
}

function readText(source: RuleText, state: ReadState): void {
  state.open.push(source.file)
  state.problems.reading(source.file)
  for (const directive of readDirectives(source, state.problems)) {
    const name = directive.name.toLowerCase()
    if (name === 'include' || name === 'includeoptional') include(directive, name === 'includeoptional', state)
    else state.directives.push(directive)
  }
  state.open.pop()
}

function include(directive: RawDirective, optional: boolean, state: ReadState): void {
  const { source, start } = directive
  const path = directive.words[0]
  if (!path || directive.words.length > 1) {
    state.problems.add(source.problem(start, 'bad-arguments', `${directive.name} takes one path`))
    return
  }
  readGlob(state.port.resolve(source.file, path.text), state, { directive, optional })
}

function readGlob(pattern: string, state: ReadState, from: { directive: RawDirective; optional: boolean } | undefined) {
  const complain = (code: string, message: string) => {
    if (from) state.problems.add(from.directive.source.problem(from.directive.start, code, message))
    else state.problems.add({ code: `seclang.${code}`, severity: 'error', file: pattern, line: 0, column: 0, message })
  }
  let paths: readonly string[]
  try {
    paths = state.port.glob(pattern)
  } catch (error) {
    complain('unreadable-file', `cannot list ${pattern}: ${reason(error)}`)
    return
  }
  if (paths.length === 0 && !from?.optional) complain('no-such-file', `no file matches ${pattern}`)
  for (const path of paths) {
    if (state.open.includes(path)) complain('include-loop', `${path} includes itself`)
    else if (state.open.length >= maxDepth) complain('include-depth', `more than ${maxDepth} files deep`)
    else if (state.files.length >= maxFiles) return complain('too-many-files', `more than ${maxFiles} rule files`)
    else readFile(path, state, complain)
  }
}

function readFile(path: string, state: ReadState, complain: (code: string, message: string) => void): void {
  let bytes: Uint8Array
  try {
    bytes = state.port.read(path)
  } catch (error) {
    complain('unreadable-file', `cannot read ${path}: ${reason(error)}`)
    return
  }
  if (bytes.length > maxFileBytes) return complain('file-too-large', `${path} is over ${maxFileBytes} bytes`)
  state.files.push(path)
  readText(new RuleText(path, bufferToBytes(bytes)), state)
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
