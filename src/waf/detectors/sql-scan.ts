// The first look of detectSql at a value: one pass over its bytes that tells which readings can find anything at all.
// Most values are done after it. What it says is held to the readings by a test: it may promise too much, never too little.

import type { ByteString } from '../../lib/bytes.ts'
import { Notable, notableWords, unmistakableFunctions, Word, wordClasses } from './sql-words.ts'
import { viewOf } from './view.ts'
import { addToHash, WordTable } from './word-table.ts'

export const SqlMark = {
  singleQuote: 1,
  doubleQuote: 2,
  backtick: 4,
  /** A word or a sign without which no value is SQL by itself. */
  notable: 8,
  /** Something that goes on behind an operand, right behind what may end one. */
  joint: 16,
  /** The name of a function that only an injection calls. */
  harmful: 32,
} as const

const Kind = {
  other: 0,
  /** Blanks and bytes beyond ASCII: they part nothing. A dot may belong to a number. */
  between: 1,
  letter: 2,
  digit: 3,
  dollar: 4,
  quote: 5,
  close: 6,
  comparison: 7,
  boolean: 8,
  /** A comma or an opening parenthesis. */
  opener: 9,
  comment: 10,
  backslash: 11,
} as const

const kinds = new Uint8Array(256).fill(Kind.between, 0, 0x21).fill(Kind.between, 0x80)
for (let c = 0x61; c <= 0x7a; c++) kinds[c] = kinds[c & 0xdf] = Kind.letter
for (let c = 0x30; c <= 0x39; c++) kinds[c] = Kind.digit
setKind('_', Kind.letter)
setKind('$', Kind.dollar)
setKind('.', Kind.between)
setKind('\'"`', Kind.quote)
setKind(');', Kind.close)
setKind('=<>', Kind.comparison)
setKind('|&^', Kind.boolean)
setKind(',(', Kind.opener)
setKind('/-#*', Kind.comment)
setKind('\\', Kind.backslash)

function setKind(bytes: ByteString, kind: number): void {
  for (let i = 0; i < bytes.length; i++) kinds[bytes.charCodeAt(i)] = kind
}

const WordMark = { always: 1, call: 2, joint: 4, comparison: 8, harmful: 16 } as const

const words = wordTable()
/** By first and last letter: one bit for each length of words with these. */
const lengths = new Int32Array(1024)
for (let mark = 1; mark < WordMark.harmful * 2; mark++) {
  for (const word of words.wordsOf(mark)) {
    const at = endsOf(word.charCodeAt(0), word.charCodeAt(word.length - 1))
    lengths[at] = (lengths[at] as number) | (1 << (word.length & 31))
  }
}

function endsOf(first: number, last: number): number {
  return ((first & 31) << 5) | (last & 31)
}

function wordTable(): WordTable {
  const marks = new Map<string, number>()
  const add = (list: Iterable<string>, mark: number) => {
    for (const word of list) marks.set(word, (marks.get(word) ?? 0) | mark)
  }
  add(notableWords.wordsOf(Notable.always), WordMark.always)
  add(notableWords.wordsOf(Notable.call), WordMark.call)
  for (const kind of [Word.boolean, Word.set, Word.clause, Word.statement]) {
    add(wordClasses.wordsOf(kind), WordMark.joint)
  }
  add(wordClasses.wordsOf(Word.comparison), WordMark.comparison)
  add(unmistakableFunctions, WordMark.harmful)
  return new WordTable([...marks])
}

/** Marks of everything that the value holds. */
export function scanSql(value: ByteString): number {
  const bytes = viewOf(value)
  const { length } = value
  let marks = 0
  // Whether what stands before may end an operand.
  let isOperand = false
  for (let i = 0; i < length; i++) {
    let c = bytes[i] as number
    let kind = kinds[c] as number
    if (kind === Kind.letter) {
      const start = i
      do {
        i++
        c = bytes[i] as number
        kind = kinds[c] as number
      } while (kind >= Kind.letter && kind <= Kind.dollar)
      marks |= marksOfWord(value, bytes, start, i, isOperand)
      isOperand = false
      if (i === length) break
    }
    switch (kind) {
      case Kind.between:
        break
      case Kind.digit:
        isOperand = true
        break
      case Kind.quote:
        marks |= c === 0x27 ? SqlMark.singleQuote : c === 0x22 ? SqlMark.doubleQuote : SqlMark.backtick
        isOperand = true
        break
      case Kind.close:
        if (isOperand) marks |= SqlMark.joint
        isOperand = true
        break
      case Kind.comparison:
        isOperand = true
        break
      case Kind.boolean:
        if (c !== 0x5e && bytes[i + 1] === c) marks |= SqlMark.notable
        if (isOperand) marks |= SqlMark.joint
        isOperand = false
        break
      case Kind.opener:
        if (isOperand && mayOpenQuery(bytes, i + 1, length)) marks |= SqlMark.joint
        isOperand = false
        break
      case Kind.comment:
        if (isOperand && startsComment(bytes, i, c)) marks |= SqlMark.joint
        // The end of a conditional comment, whose inside is code.
        if (c === 0x2a && bytes[i + 1] === 0x2f) i++
        else isOperand = false
        break
      case Kind.backslash:
        // \N is MySQL's NULL.
        if (bytes[i + 1] === 0x4e) marks |= SqlMark.joint
        isOperand = false
        break
      default:
        isOperand = false
    }
  }
  return marks
}

function marksOfWord(value: ByteString, bytes: Uint8Array, start: number, end: number, isOperand: boolean): number {
  const first = bytes[start] as number
  const size = end - start
  let marks: number = isOperand && isRestOfNumber(bytes, start, first) ? SqlMark.joint : 0
  if (size < 2 || size > words.longest) return marks
  if (bytes[start + 2] === 0x5f && ((bytes[start + 1] as number) | 0x20) === 0x70) marks |= SqlMark.notable // xp_, sp_
  if ((((lengths[endsOf(first, bytes[end - 1] as number)] as number) >>> (size & 31)) & 1) === 0) return marks
  let hash = 0
  for (let i = start; i < end; i++) hash = addToHash(hash, bytes[i] as number)
  const found = words.find(value, start, end, hash)
  return found === 0 ? marks : marks | marksOfFound(bytes, end, value.length, found, isOperand)
}

function marksOfFound(bytes: Uint8Array, end: number, length: number, found: number, isOperand: boolean): number {
  let marks = 0
  if ((found & WordMark.always) !== 0) marks = SqlMark.notable
  else if ((found & WordMark.call) !== 0 && isCalled(bytes, end, length)) marks = SqlMark.notable
  if ((found & WordMark.harmful) !== 0) marks |= SqlMark.harmful
  if (!isOperand) return marks
  const isJoint = (found & WordMark.joint) !== 0 || ((found & WordMark.comparison) !== 0 && mayOpen(bytes, end, length))
  return isJoint ? marks | SqlMark.joint : marks
}

/** The letters of 0x1f and 1e5, after which anything may follow. */
function isRestOfNumber(bytes: Uint8Array, at: number, first: number): boolean {
  const letter = first | 0x20
  const before = bytes[at - 1] as number
  return (letter === 0x78 || letter === 0x65) && ((before >= 0x30 && before <= 0x39) || before === 0x2e)
}

function isCalled(bytes: Uint8Array, end: number, length: number): boolean {
  let i = end
  while (i < length && (bytes[i] as number) <= 0x20) i++
  const next = bytes[i]
  return next === 0x28 || next === 0x2e || next === 0x2f
}

function startsComment(bytes: Uint8Array, at: number, c: number): boolean {
  const next = bytes[at + 1]
  return c === 0x23 || (c === 0x2d && next === 0x2d) || (c === 0x2f && next === 0x2a)
}

/** A parenthesis, or a comment before it, behind blanks and bytes that part nothing. */
function mayOpen(bytes: Uint8Array, from: number, length: number): boolean {
  const next = nextByte(bytes, from, length)
  return next === 0x28 || kinds[next] === Kind.comment
}

/** SELECT besides. */
function mayOpenQuery(bytes: Uint8Array, from: number, length: number): boolean {
  return (nextByte(bytes, from, length) | 0x20) === 0x73 || mayOpen(bytes, from, length)
}

function nextByte(bytes: Uint8Array, from: number, length: number): number {
  let i = from
  while (i < length && kinds[bytes[i] as number] === Kind.between) i++
  return bytes[i] as number
}
