// Backslash sequences and bracket classes of PCRE, as byte sets and assertions.

import type { ByteString } from '../../lib/bytes.ts'
import { type Assertion, alternate, concat, type Node } from './ast.ts'
import {
  addByte,
  addRange,
  addSet,
  anyByte,
  type ByteSet,
  complement,
  digits,
  emptySet,
  foldCase,
  hasByte,
  horizontalSpace,
  notNewline,
  posixClasses,
  singleByte,
  spaceBytes,
  verticalSpace,
  wordBytes,
} from './byte-set.ts'
import { isGroupName, RegexSyntaxError } from './syntax-error.ts'

/** What this file needs of the parser. */
export interface EscapeReader {
  readonly source: ByteString
  pos: number
  readonly caseInsensitive: boolean
  noteIrregular(what: string, offset: number): void
  reference(group: number, offset: number): Node
  namedReference(name: string, offset: number): Node
  groupsSoFar(): number
}

const classEscapes: ReadonlyMap<string, ByteSet> = new Map([
  ['d', digits],
  ['D', complement(digits)],
  ['w', wordBytes],
  ['W', complement(wordBytes)],
  ['s', spaceBytes],
  ['S', complement(spaceBytes)],
  ['h', horizontalSpace],
  ['H', complement(horizontalSpace)],
  ['v', verticalSpace],
  ['V', complement(verticalSpace)],
])

const assertionEscapes: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'textStart'],
  ['z', 'textEnd'],
  ['Z', 'textEndNewline'],
  ['b', 'wordBoundary'],
  ['B', 'notWordBoundary'],
])

const controlEscapes: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['e', 0x1b],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
])

/** `\R` is atomic in PCRE: it never takes the \r of a \r\n alone. */
const lineBreak: Node = alternate([
  concat([
    { kind: 'set', set: singleByte(0x0d) },
    { kind: 'set', set: singleByte(0x0a) },
  ]),
  concat([
    { kind: 'set', set: singleByte(0x0d) },
    { kind: 'assert', assertion: { notNext: singleByte(0x0a) } },
  ]),
  { kind: 'set', set: withoutByte(verticalSpace, 0x0d) },
])

/** Reads one escape outside a class; the position is at its backslash. */
export function parseEscape(reader: EscapeReader, literal: (byte: number) => Node): Node {
  const start = reader.pos
  const char = reader.source[start + 1]
  if (char === undefined) throw new RegexSyntaxError('pattern ends with a backslash', start)
  const set = classEscapes.get(char)
  const assertion = assertionEscapes.get(char)
  if (set !== undefined || assertion !== undefined) {
    reader.pos += 2
    return set !== undefined ? { kind: 'set', set } : { kind: 'assert', assertion: assertion as Assertion }
  }
  switch (char) {
    case 'N':
      reader.pos += 2
      return { kind: 'set', set: notNewline }
    case 'C':
      reader.pos += 2
      return { kind: 'set', set: anyByte }
    case 'R':
      reader.pos += 2
      return lineBreak
    case 'g':
    case 'k':
      return parseReference(reader, char)
    default:
      return parseNumberOrByte(reader, literal)
  }
}

/** A digit sequence outside a class: a reference when so many groups exist or it is one digit, else octal. */
function parseNumberOrByte(reader: EscapeReader, literal: (byte: number) => Node): Node {
  const start = reader.pos
  const number = /^\\([1-9][0-9]{0,4})/.exec(reader.source.slice(start, start + 6))?.[1]
  if (number !== undefined && (number.length === 1 || Number(number) <= reader.groupsSoFar())) {
    reader.pos += 1 + number.length
    return reader.reference(Number(number), start)
  }
  return literal(readByteEscape(reader))
}

/** `\g{1}`, `\g1`, `\g{-1}`, `\g{name}`, `\k<name>`, `\k'name'`, `\k{name}`. */
function parseReference(reader: EscapeReader, char: 'g' | 'k'): Node {
  const start = reader.pos
  const text = reader.source.slice(start + 2, start + 136)
  const match = /^(?:\{([^}]*)\}|<([^>]*)>|'([^']*)'|(-?[0-9]+))/.exec(text)
  const name = match?.[1] ?? match?.[2] ?? match?.[3] ?? match?.[4]
  if (match === null || name === undefined) throw new RegexSyntaxError(`\\${char} is malformed`, start)
  reader.pos += 2 + match[0].length
  if (isGroupName(name) && match[4] === undefined) return reader.namedReference(name, start)
  if (char === 'k' || !/^-?[0-9]{1,5}$/.test(name) || (char === 'g' && text[0] !== '{' && match[4] === undefined)) {
    throw new RegexSyntaxError('subroutine calls are not supported', start)
  }
  const number = Number(name)
  const group = number < 0 ? reader.groupsSoFar() + 1 + number : number
  if (group < 1) throw new RegexSyntaxError(`reference to group ${name}, which does not exist`, start)
  return reader.reference(group, start)
}

/** Escapes that stand for one byte, in and outside classes. The position is at the backslash. */
function readByteEscape(reader: EscapeReader): number {
  const start = reader.pos
  const char = reader.source[start + 1]
  if (char === undefined) throw new RegexSyntaxError('pattern ends with a backslash', start)
  reader.pos += 2
  const control = controlEscapes.get(char)
  if (control !== undefined) return control
  if (char === 'x') return readHex(reader, start)
  if (char === 'o') return readBraced(reader, start, 8)
  if (char === 'c') return readControl(reader, start)
  if (char >= '0' && char <= '7') {
    const octal = /^[0-7]{1,3}/.exec(reader.source.slice(start + 1, start + 4))?.[0] ?? char
    reader.pos = start + 1 + octal.length
    return checkByte(Number.parseInt(octal, 8), start)
  }
  if (/^[A-Za-z]$/.test(char)) throw new RegexSyntaxError(`\\${char} is not supported`, start)
  return char.charCodeAt(0) & 0xff
}

function readHex(reader: EscapeReader, start: number): number {
  if (reader.source[reader.pos] === '{') return readBraced(reader, start, 16)
  const hex = /^[0-9A-Fa-f]{0,2}/.exec(reader.source.slice(reader.pos, reader.pos + 2))?.[0] ?? ''
  reader.pos += hex.length
  return hex === '' ? 0 : Number.parseInt(hex, 16)
}

function readBraced(reader: EscapeReader, start: number, radix: 8 | 16): number {
  const end = reader.source.indexOf('}', reader.pos)
  const text = end === -1 ? '' : reader.source.slice(reader.pos + 1, end)
  const valid = radix === 16 ? /^[0-9A-Fa-f]{1,8}$/ : /^[0-7]{1,8}$/
  if (reader.source[reader.pos] !== '{' || !valid.test(text)) throw new RegexSyntaxError('bad code point', start)
  reader.pos = end + 1
  return checkByte(Number.parseInt(text, radix), start)
}

function readControl(reader: EscapeReader, start: number): number {
  const code = reader.source.charCodeAt(reader.pos)
  if (!(code >= 0x20 && code <= 0x7e))
    throw new RegexSyntaxError('\\c must be followed by a printable ASCII character', start)
  reader.pos++
  const upper = code >= 0x61 && code <= 0x7a ? code - 0x20 : code
  return upper ^ 0x40
}

function checkByte(value: number, offset: number): number {
  if (value > 0xff) throw new RegexSyntaxError('character is not a byte (over \\xff)', offset)
  return value
}

/** Reads a class; the position is at its opening bracket. */
export function parseClass(reader: EscapeReader): ByteSet {
  const start = reader.pos++
  const negated = reader.source[reader.pos] === '^'
  if (negated) reader.pos++
  const set = emptySet()
  for (let first = true; ; first = false) {
    const char = reader.source[reader.pos]
    if (char === undefined) throw new RegexSyntaxError('class is not closed', start)
    if (char === ']' && !first) break
    const item = readClassItem(reader, char)
    if (typeof item !== 'number') {
      addSet(set, item)
      continue
    }
    addRange(set, item, readRangeEnd(reader, item))
  }
  reader.pos++
  const folded = reader.caseInsensitive ? foldCase(set) : set
  return negated ? complement(folded) : folded
}

/** The end of a range that begins with `first`, or `first` itself. A hyphen before a set or at the end is literal. */
function readRangeEnd(reader: EscapeReader, first: number): number {
  const hyphen = reader.pos
  const next = reader.source[hyphen + 1]
  if (reader.source[hyphen] !== '-' || next === ']' || next === undefined) return first
  reader.pos = hyphen + 1
  const item = readClassItem(reader, next)
  if (typeof item !== 'number') {
    reader.pos = hyphen
    return first
  }
  if (item < first) throw new RegexSyntaxError('class range is out of order', hyphen)
  return item
}

function readClassItem(reader: EscapeReader, char: string): number | ByteSet {
  if (char === '[') {
    const posix = /^\[([:.=])(\^?)([a-z<>]*)\1\]/.exec(reader.source.slice(reader.pos, reader.pos + 16))
    if (posix !== null) return readPosix(reader, posix)
  }
  if (char !== '\\') {
    reader.pos++
    return char.charCodeAt(0) & 0xff
  }
  const next = reader.source[reader.pos + 1] ?? ''
  if (next === 'Q' || next === 'E') return readClassQuote(reader, next)
  if (next === 'b') {
    reader.pos += 2
    return 0x08
  }
  const set = classEscapes.get(next)
  if (set === undefined) return readByteEscape(reader)
  reader.pos += 2
  return set
}

function readPosix(reader: EscapeReader, posix: RegExpExecArray): ByteSet {
  const set = posix[1] === ':' ? posixClasses.get(posix[3] ?? '') : undefined
  if (set === undefined) throw new RegexSyntaxError(`unknown class ${posix[0]}`, reader.pos)
  reader.pos += posix[0].length
  return posix[2] === '^' ? complement(set) : set
}

/** `\Q…\E` inside a class, as a set (empty for a stray `\E`). */
function readClassQuote(reader: EscapeReader, letter: string): ByteSet {
  reader.pos += 2
  const set = emptySet()
  if (letter === 'E') return set
  const close = reader.source.indexOf('\\E', reader.pos)
  const end = close === -1 ? reader.source.length : close
  for (let i = reader.pos; i < end; i++) addByte(set, reader.source.charCodeAt(i) & 0xff)
  reader.pos = close === -1 ? end : close + 2
  return set
}

function withoutByte(set: ByteSet, byte: number): ByteSet {
  const result = emptySet()
  for (let other = 0; other < 256; other++) if (other !== byte && hasByte(set, other)) addByte(result, other)
  return result
}
