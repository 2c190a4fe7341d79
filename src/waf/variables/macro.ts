// Macros: `%{tx.score}`, `%{MATCHED_VAR_NAME}`, `%{request_headers.host}` inside action values and operator arguments.
// A text is cut into pieces at load time; what a macro names is looked up then, never while requests run.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import { nearest } from '../../lib/problem.ts'
import type { VariableDefinition } from './definition.ts'
import type { State } from './state.ts'
import { readVariable, refusedVariables, variables } from './table.ts'
import type { TxNames } from './tx.ts'
import { equalFold, type Value } from './value.ts'

/** Reads the value that one macro stands for; undefined when it has none. */
export interface MacroReader {
  read(state: State): ByteString | undefined
}

export type ReaderResult =
  | { readonly ok: true; readonly reader: MacroReader }
  | { readonly ok: false; readonly message: string }

/** `name` as it stands between the braces: `tx.0`, `ARGS._charset_`, `MATCHED_VAR`. */
export function macroReader(name: ByteString, names: TxNames): ReaderResult {
  const dot = separator(name)
  const variable = lowerAscii(dot < 0 ? name : name.slice(0, dot))
  const member = dot < 0 ? undefined : name.slice(dot + 1)
  const definition = variables.get(variable)
  if (!definition) return { ok: false, message: unknownVariable(variable) }
  if (definition.isCollection && (member === undefined || member === '')) {
    return { ok: false, message: `${definition.name} is a collection: write %{${definition.name}.member}` }
  }
  if (!definition.isCollection && member !== undefined) {
    return { ok: false, message: `${definition.name} has no members` }
  }
  if (member === undefined) return { ok: true, reader: new ScalarReader(definition) }
  if (definition.name === 'TX') return { ok: true, reader: new TxReader(names.slot(member)) }
  return { ok: true, reader: new MemberReader(definition, lowerAscii(member)) }
}

function unknownVariable(name: string): string {
  const reason = refusedVariables.get(name.toLowerCase())
  if (reason !== undefined) return `${name.toUpperCase()} is not supported: ${reason}`
  const near = nearest(name, variables.keys())
  const hint = near === undefined ? '' : `; did you mean ${near.toUpperCase()}?`
  return `there is no variable ${name.toUpperCase()}${hint}`
}

/** Macros write `.` between collection and member; `:` is taken too, as ModSecurity does. */
function separator(name: ByteString): number {
  const dot = name.indexOf('.')
  return dot >= 0 ? dot : name.indexOf(':')
}

class TxReader implements MacroReader {
  readonly slot: number

  constructor(slot: number) {
    this.slot = slot
  }

  read(state: State): ByteString | undefined {
    return state.tx.slots[this.slot]
  }
}

class ScalarReader implements MacroReader {
  readonly #definition: VariableDefinition

  constructor(definition: VariableDefinition) {
    this.#definition = definition
  }

  read(state: State): ByteString | undefined {
    const { text, fixedFrom } = this.#definition
    // What is never kept is not worth a Value.
    return text !== undefined && fixedFrom === 0 ? text(state) : readVariable(state, this.#definition)[0]?.value
  }
}

class MemberReader implements MacroReader {
  readonly #definition: VariableDefinition
  readonly #member: ByteString

  constructor(definition: VariableDefinition, member: ByteString) {
    this.#definition = definition
    this.#member = member
  }

  read(state: State): ByteString | undefined {
    return firstMember(state, this.#definition, this.#member)?.value
  }
}

function firstMember(state: State, definition: VariableDefinition, member: ByteString): Value | undefined {
  if (definition.readMember) return definition.readMember(state, member)[0]
  for (const value of readVariable(state, definition)) {
    if (value.key !== undefined && equalFold(value.key, member)) return value
  }
  return undefined
}

/** A text with macros, ready to be filled in. */
export class Template {
  readonly source: ByteString
  /** The one macro of a template that has one. */
  readonly onlyMacro: MacroReader | undefined
  #pieces: readonly (ByteString | MacroReader)[]

  constructor(source: ByteString, pieces: readonly (ByteString | MacroReader)[]) {
    this.source = source
    this.#pieces = pieces
    const macros = pieces.filter(piece => typeof piece !== 'string')
    this.onlyMacro = macros.length === 1 ? macros[0] : undefined
  }

  /** Slots of TX that it reads. */
  get txSlots(): readonly number[] {
    return this.#pieces.flatMap(piece => (piece instanceof TxReader ? [piece.slot] : []))
  }

  /** Whether it reads nothing but TX. */
  get isTxOnly(): boolean {
    return this.#pieces.every(piece => typeof piece === 'string' || piece instanceof TxReader)
  }

  /** What stands before the first macro. */
  get prefix(): ByteString {
    const first = this.#pieces[0]
    return typeof first === 'string' ? first : ''
  }

  get isStatic(): boolean {
    return this.#pieces.length === 0 || (this.#pieces.length === 1 && typeof this.#pieces[0] === 'string')
  }

  /** What it stands for in every transaction; undefined when that is open. */
  get fixedText(): ByteString | undefined {
    const only = this.#pieces[0]
    if (this.#pieces.length > 1) return undefined
    return only === undefined ? '' : typeof only === 'string' ? only : undefined
  }

  /** Fills its macros in for good, where no request can change what they stand for. */
  fix(state: State): void {
    this.#pieces = [this.render(state)]
  }

  render(state: State): ByteString {
    if (this.#pieces.length === 1) return pieceText(this.#pieces[0], state)
    let out = ''
    for (const piece of this.#pieces) out += pieceText(piece, state)
    return out.length > maxRendered ? out.slice(0, maxRendered) : out
  }
}

/** Bounds what a macro can make of a large body (`setvar:tx.copy=%{tx.copy}%{REQUEST_BODY}`). */
const maxRendered = 1024 * 1024

function pieceText(piece: ByteString | MacroReader | undefined, state: State): ByteString {
  if (piece === undefined) return ''
  return typeof piece === 'string' ? piece : (piece.read(state) ?? '')
}

export interface MacroProblem {
  readonly message: string
  /** Into the text. */
  readonly offset: number
}

/** Cuts a text at its macros. What is no complete `%{…}` stays text, as in ModSecurity. */
export function compileTemplate(text: ByteString, names: TxNames, problems: MacroProblem[]): Template {
  const pieces: (ByteString | MacroReader)[] = []
  let at = 0
  for (let open = text.indexOf('%{'); open >= 0; open = text.indexOf('%{', at)) {
    const close = text.indexOf('}', open)
    if (close < 0) break
    if (open > at) pieces.push(text.slice(at, open))
    const found = macroReader(text.slice(open + 2, close), names)
    if (found.ok) pieces.push(found.reader)
    else problems.push({ message: found.message, offset: open + 2 })
    at = close + 1
  }
  if (at < text.length || pieces.length === 0) pieces.push(text.slice(at))
  return new Template(text, pieces)
}
