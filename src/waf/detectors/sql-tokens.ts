// Cuts a value into the tokens of SQL, from one of the places where a value may land: an expression, or the inside of
// a string. Tokens live in flat arrays that are used again for each value, and one pass makes them.

import type { ByteString } from '../../lib/bytes.ts'
import { Word, type WordClass, wordClasses } from './sql-words.ts'
import { addToHash } from './word-table.ts'

export const Token = {
  number: 1,
  string: 2,
  /** A string that the end of the value leaves open. */
  openString: 3,
  word: 4,
  variable: 5,
  /** @@version */
  systemVariable: 6,
  open: 7,
  close: 8,
  comma: 9,
  semicolon: 10,
  dot: 11,
  star: 12,
  comparison: 13,
  boolean: 14,
  arithmetic: 15,
  /** A comment that reaches to the end of the value. */
  comment: 16,
  other: 17,
  end: 18,
} as const

/** The longest name in quotes; SQL Server allows 128 characters. */
const maxName = 130

export class SqlTokens {
  kinds = new Uint8Array(1024)
  /** For words, their class. */
  words = new Uint8Array(1024)
  starts = new Int32Array(1024)
  ends = new Int32Array(1024)
  count = 0
  /** Comments between tokens, which only someone who hides something writes. */
  inlineComments = 0
  /** Of these, the ones with nothing in them: they stand for a space. */
  emptyComments = 0
  value: ByteString = ''

  #next = 0

  /** Reads from `from` on, no further than somebody asks. */
  read(value: ByteString, from: number): void {
    this.value = value
    this.count = 0
    this.inlineComments = 0
    this.emptyComments = 0
    this.#next = from
  }

  /** The text of a token in lower case. */
  text(index: number): string {
    if (!this.#has(index)) return ''
    return this.value.slice(this.starts[index], this.ends[index]).toLowerCase()
  }

  kind(index: number): number {
    return index >= 0 && this.#has(index) ? (this.kinds[index] ?? Token.end) : Token.end
  }

  word(index: number): WordClass {
    return (this.kind(index) === Token.word ? this.words[index] : Word.plain) as WordClass
  }

  /** Reads the rest of the value and returns the number of tokens. */
  readAll(): number {
    while (this.#next < this.value.length) this.#advance()
    return this.count
  }

  #has(index: number): boolean {
    while (index >= this.count && this.#next < this.value.length) this.#advance()
    return index < this.count
  }

  #advance(): void {
    const at = this.#next
    this.#next = Math.max(this.#token(this.value, at), at + 1)
  }

  #add(kind: number, start: number, end: number, word: number = Word.plain): number {
    if (this.count === this.kinds.length) this.#grow()
    this.kinds[this.count] = kind
    this.words[this.count] = word
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.count++
    return end
  }

  #grow(): void {
    const size = this.kinds.length * 2
    const grow = <T extends Uint8Array | Int32Array>(from: T, to: T): T => {
      to.set(from)
      return to
    }
    this.kinds = grow(this.kinds, new Uint8Array(size))
    this.words = grow(this.words, new Uint8Array(size))
    this.starts = grow(this.starts, new Int32Array(size))
    this.ends = grow(this.ends, new Int32Array(size))
  }

  #token(value: ByteString, i: number): number {
    const c = value.charCodeAt(i)
    if (isBlank(value, i)) return i + 1
    if (isWordStart(c)) return this.#wordAt(value, i)
    if (isDigit(c) || (c === 0x2e && isDigit(value.charCodeAt(i + 1))))
      return this.#add(Token.number, i, numberEnd(value, i))
    switch (c) {
      case 0x27: // '
      case 0x22: // "
        return this.#string(value, i, i + 1, c)
      case 0x60: // `
        return this.#quotedName(value, i, '`')
      case 0x5b: // [
        return this.#quotedName(value, i, ']')
      case 0x40: // @
        return this.#variable(value, i)
      case 0x28:
        return this.#add(Token.open, i, i + 1)
      case 0x29:
        return this.#add(Token.close, i, i + 1)
      case 0x2c:
        return this.#add(Token.comma, i, i + 1)
      case 0x3b:
        return this.#add(Token.semicolon, i, i + 1)
      case 0x2e:
        return this.#add(Token.dot, i, i + 1)
      case 0x2a: // *
        // The end of a MySQL conditional comment, whose inside was read as code.
        if (value.charCodeAt(i + 1) === 0x2f && this.inlineComments > 0) return i + 2
        return this.#add(Token.star, i, i + 1)
      case 0x23: // #
        return this.#lineComment(value, i)
      case 0x2d: // -
        if (value.charCodeAt(i + 1) === 0x2d) return this.#lineComment(value, i)
        return this.#add(Token.arithmetic, i, i + 1)
      case 0x2f: // /
        if (value.charCodeAt(i + 1) === 0x2a) return this.#blockComment(value, i)
        return this.#add(Token.arithmetic, i, i + 1)
      case 0x5c: // \N is MySQL's NULL
        if (value.charCodeAt(i + 1) === 0x4e) return this.#add(Token.number, i, i + 2)
        return this.#add(Token.other, i, i + 1)
      default:
        return this.#operator(value, i, c)
    }
  }

  #operator(value: ByteString, i: number, c: number): number {
    const next = value.charCodeAt(i + 1)
    switch (c) {
      case 0x3d: // = == =>
        return this.#add(Token.comparison, i, next === 0x3d || next === 0x3e ? i + 2 : i + 1)
      case 0x3c: // < <= <> << <=>
        if (next === 0x3c) return this.#add(Token.arithmetic, i, i + 2)
        if (next === 0x3d && value.charCodeAt(i + 2) === 0x3e) return this.#add(Token.comparison, i, i + 3)
        return this.#add(Token.comparison, i, next === 0x3d || next === 0x3e ? i + 2 : i + 1)
      case 0x3e: // > >= >>
        if (next === 0x3e) return this.#add(Token.arithmetic, i, i + 2)
        return this.#add(Token.comparison, i, next === 0x3d ? i + 2 : i + 1)
      case 0x21: // ! != !< !>
        if (next === 0x3d || next === 0x3c || next === 0x3e) return this.#add(Token.comparison, i, i + 2)
        return this.#add(Token.arithmetic, i, i + 1)
      case 0x7c: // | ||
        return this.#add(Token.boolean, i, next === 0x7c ? i + 2 : i + 1)
      case 0x26: // & &&
        return this.#add(Token.boolean, i, next === 0x26 ? i + 2 : i + 1)
      case 0x5e: // ^
        return this.#add(Token.boolean, i, i + 1)
      case 0x3a: // : := ::
        if (next === 0x3d) return this.#add(Token.comparison, i, i + 2)
        if (next === 0x3a) return this.#add(Token.dot, i, i + 2)
        return this.#add(Token.other, i, i + 1)
      case 0x2b:
      case 0x25:
      case 0x7e:
        return this.#add(Token.arithmetic, i, i + 1)
      default:
        return this.#add(Token.other, i, i + 1)
    }
  }

  #wordAt(value: ByteString, start: number): number {
    let i = start
    let hash = 0
    for (let c = value.charCodeAt(i); isWordPart(c) && !(c === 0xa0 && isBlank(value, i)); c = value.charCodeAt(++i)) {
      hash = addToHash(hash, c)
    }
    const length = i - start
    // N'…', X'…', B'…', E'…': the letter belongs to the string.
    if (length === 1 && value.charCodeAt(i) === 0x27 && 'nxbe'.includes(value.charAt(start).toLowerCase())) {
      return this.#string(value, start, i + 1, 0x27)
    }
    const isShort = length > 1 && length <= wordClasses.longest
    return this.#add(Token.word, start, i, isShort ? wordClasses.find(value, start, i, hash) : Word.plain)
  }

  #string(value: ByteString, start: number, from: number, quote: number): number {
    const end = closingQuote(value, from, quote)
    if (end < 0) return this.#add(Token.openString, start, value.length)
    return this.#add(Token.string, start, end + 1)
  }

  /** `name` or [name]; without its end the mark stands alone. */
  #quotedName(value: ByteString, start: number, mark: string): number {
    let i = start + 1
    while (i < start + maxName && (isWordPart(value.charCodeAt(i)) || value.charCodeAt(i) === 0x20)) i++
    if (value.charAt(i) !== mark || i === start + 1) return this.#add(Token.other, start, start + 1)
    return this.#add(Token.word, start, i + 1)
  }

  #variable(value: ByteString, start: number): number {
    const isSystem = value.charCodeAt(start + 1) === 0x40
    let i = start + (isSystem ? 2 : 1)
    const name = i
    while (i < value.length && isWordPart(value.charCodeAt(i))) i++
    if (isSystem && i > name) return this.#add(Token.systemVariable, start, i)
    // @`name`, @'name', and the @* of XPath.
    const next = value.charAt(i)
    if (i === name && next === '*') i++
    else if (i === name && (next === '`' || next === "'" || next === '"')) {
      const end = value.slice(i + 1, i + maxName).indexOf(next)
      if (end >= 0) i += end + 2
    }
    return this.#add(i > name || isPunctuation(next) ? Token.variable : Token.other, start, i)
  }

  /** To the end of the line. Lines that follow are code again. */
  #lineComment(value: ByteString, start: number): number {
    const end = value.indexOf('\n', start)
    if (end < 0) return this.#add(Token.comment, start, value.length)
    this.inlineComments++
    return end + 1
  }

  #blockComment(value: ByteString, start: number): number {
    this.inlineComments++
    if (value.charCodeAt(start + 2) === 0x21) {
      // MySQL runs what a conditional comment holds; a version number may come first.
      let i = start + 3
      while (i < start + 9 && isDigit(value.charCodeAt(i))) i++
      return i
    }
    const end = value.indexOf('*/', start + 2)
    if (end === start + 2) this.emptyComments++
    if (end >= 0) return end + 2
    return this.#add(Token.comment, start, value.length)
  }
}

/** Index of the quote that ends the string, or -1. A doubled quote and one behind a backslash belong to the string. */
function closingQuote(value: ByteString, from: number, quote: number): number {
  for (let i = from; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c === 0x5c) i++
    else if (c === quote) {
      if (value.charCodeAt(i + 1) !== quote) return i
      i++
    }
  }
  return -1
}

/** What may follow the empty name of a variable: MySQL has `@`, as in `(@:=1)`. */
function isPunctuation(next: string): boolean {
  return next === ')' || next === ',' || next === ':' || next === ' '
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

function isWordStart(c: number): boolean {
  return ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c === 0x5f || c === 0x24 || c >= 0x80
}

function isWordPart(c: number): boolean {
  return isWordStart(c) || isDigit(c)
}

/** White space, control bytes, and MySQL's 0xA0 where it is not part of a UTF-8 sequence. */
function isBlank(value: ByteString, i: number): boolean {
  const c = value.charCodeAt(i)
  if (c <= 0x20) return true
  return c === 0xa0 && !(value.charCodeAt(i - 1) >= 0x80)
}

function numberEnd(value: ByteString, start: number): number {
  let i = start
  const isHex = value.charCodeAt(i) === 0x30 && (value.charCodeAt(i + 1) | 0x20) === 0x78
  if (isHex) {
    i += 2
    while (i < value.length && isHexDigit(value.charCodeAt(i))) i++
    return i
  }
  while (isDigit(value.charCodeAt(i)) || value.charCodeAt(i) === 0x2e) i++
  const sign = value.charCodeAt(i + 1)
  if (
    (value.charCodeAt(i) | 0x20) === 0x65 &&
    (isDigit(sign) || ((sign === 0x2b || sign === 0x2d) && isDigit(value.charCodeAt(i + 2))))
  ) {
    i += 2
    while (isDigit(value.charCodeAt(i))) i++
  }
  return i
}

function isHexDigit(c: number): boolean {
  return isDigit(c) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66)
}
