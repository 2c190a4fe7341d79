// A strict JSON reader (RFC 8259) over bytes, for the inspector and for whoever else must read the same document: no
// comments, no trailing commas, no control bytes or broken UTF-8 in strings, one value. What was read before an error
// stays in the tree, so that it is inspected all the same.

import type { ByteString } from '../../lib/bytes.ts'
import { hexPair } from '../transforms/characters.ts'
import type { BodyError, BodyLimits } from './types.ts'
import { encodeUtf8, utf8Length } from './utf8.ts'

/** Numbers keep their text: a double would lose digits. Members keep their order and their duplicates. */
export type JsonNode =
  | { readonly kind: 'object'; readonly names: ByteString[]; readonly values: JsonNode[] }
  | { readonly kind: 'array'; readonly values: JsonNode[] }
  | { readonly kind: 'string' | 'number' | 'boolean' | 'null'; readonly value: ByteString }

export interface JsonDocument {
  /** undefined when not even the first value could be read. */
  readonly root: JsonNode | undefined
  readonly error: BodyError | undefined
  readonly duplicateKey: ByteString | undefined
}

export type JsonLimits = Pick<BodyLimits, 'jsonDepth' | 'jsonKeys'>

/** `source`: the bytes of the body, when they are at hand. */
export function readJson(body: ByteString, limits: JsonLimits, source?: Buffer): JsonDocument {
  return new Reader(body, limits, source).document()
}

const manyMembers = 8
/** Longer pieces of a string are for V8 references into the whole, whose bytes are slower to read, each time. */
const copiedBytes = 12

class Reader {
  readonly #body: ByteString
  readonly #limits: JsonLimits
  readonly #source: Buffer | undefined
  #at = 0
  #items = 0
  #error: BodyError | undefined
  #duplicate: ByteString | undefined
  #root: JsonNode | undefined

  constructor(body: ByteString, limits: JsonLimits, source: Buffer | undefined) {
    this.#body = body
    this.#limits = limits
    this.#source = source
  }

  document(): JsonDocument {
    if (this.#body.startsWith('\xef\xbb\xbf')) this.#at = 3 // RFC 8259 §8.1 allows a reader to ignore the mark
    const values: JsonNode[] = []
    this.#value(values, 0)
    this.#root = values[0]
    if (!this.#error) {
      this.#space()
      if (this.#at < this.#body.length) this.#fail('bytes after the value')
    }
    return { root: this.#root, error: this.#error, duplicateKey: this.#duplicate }
  }

  #fail(message: string, isLimit = false): false {
    this.#error ??= { message: `JSON: ${message}`, offset: this.#at, isLimit }
    return false
  }

  #space(): void {
    for (;;) {
      const c = this.#body.charCodeAt(this.#at)
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return
      this.#at++
    }
  }

  /** Reads one value and adds it to `into`, a container before its content. */
  #value(into: JsonNode[], depth: number): boolean {
    this.#space()
    const c = this.#body.charCodeAt(this.#at)
    if (c === 0x7b || c === 0x5b) {
      if (depth >= this.#limits.jsonDepth) return this.#fail(`nested deeper than ${this.#limits.jsonDepth}`, true)
      this.#at++
      return c === 0x7b ? this.#object(into, depth + 1) : this.#array(into, depth + 1)
    }
    if (c === 0x22) {
      const value = this.#string()
      into.push({ kind: 'string', value })
      return this.#error === undefined
    }
    if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return this.#number(into)
    for (const word of ['true', 'false', 'null']) {
      if (!this.#body.startsWith(word, this.#at)) continue
      this.#at += word.length
      into.push(word === 'null' ? { kind: 'null', value: '' } : { kind: 'boolean', value: word })
      return true
    }
    return this.#fail(this.#at < this.#body.length ? 'not a value' : 'ends early')
  }

  #object(into: JsonNode[], depth: number): boolean {
    const names: ByteString[] = []
    const values: JsonNode[] = []
    into.push({ kind: 'object', names, values })
    let seen: Set<ByteString> | undefined
    this.#space()
    if (this.#take(0x7d)) return true
    for (;;) {
      this.#space()
      if (this.#body.charCodeAt(this.#at) !== 0x22) return this.#fail('expected a member name')
      const name = this.#string()
      if (this.#error) return false
      if (names.length === manyMembers) seen = new Set(names)
      if (seen ? seen.has(name) : names.includes(name)) this.#duplicate ??= name
      seen?.add(name)
      if (!this.#count()) return false
      this.#space()
      if (!this.#take(0x3a)) return this.#fail('expected a colon')
      names.push(name)
      if (!this.#value(values, depth)) return false
      this.#space()
      if (this.#take(0x7d)) return true
      if (!this.#take(0x2c)) return this.#fail('expected a comma or }')
    }
  }

  #array(into: JsonNode[], depth: number): boolean {
    const values: JsonNode[] = []
    into.push({ kind: 'array', values })
    this.#space()
    if (this.#take(0x5d)) return true
    for (;;) {
      if (!this.#count() || !this.#value(values, depth)) return false
      this.#space()
      if (this.#take(0x5d)) return true
      if (!this.#take(0x2c)) return this.#fail('expected a comma or ]')
    }
  }

  #count(): boolean {
    this.#items++
    return this.#items <= this.#limits.jsonKeys || this.#fail(`more than ${this.#limits.jsonKeys} keys and items`, true)
  }

  #take(code: number): boolean {
    if (this.#body.charCodeAt(this.#at) !== code) return false
    this.#at++
    return true
  }

  #number(into: JsonNode[]): boolean {
    const start = this.#at
    if (this.#body.charCodeAt(this.#at) === 0x2d) this.#at++
    if (!this.#take(0x30) && this.#digits() === 0) return this.#fail('not a number')
    if (this.#take(0x2e) && this.#digits() === 0) return this.#fail('not a number')
    if ((this.#body.charCodeAt(this.#at) | 0x20) === 0x65) {
      this.#at++
      const sign = this.#body.charCodeAt(this.#at)
      if (sign === 0x2b || sign === 0x2d) this.#at++
      if (this.#digits() === 0) return this.#fail('not a number')
    }
    into.push({ kind: 'number', value: this.#body.slice(start, this.#at) })
    return true
  }

  #digits(): number {
    const start = this.#at
    for (;;) {
      const c = this.#body.charCodeAt(this.#at)
      if (!(c >= 0x30 && c <= 0x39)) return this.#at - start
      this.#at++
    }
  }

  /** Reads a string whose quote is at hand. After an error, what was read until then. */
  #string(): ByteString {
    const body = this.#body
    let start = ++this.#at
    let value = ''
    for (;;) {
      this.#at = this.#plainEnd(this.#at)
      const c = body.charCodeAt(this.#at)
      if (c === 0x22) {
        const end = this.#at++
        if (value !== '') return value + body.slice(start, end)
        const isLong = end - start > copiedBytes
        return isLong && this.#source ? this.#source.toString('latin1', start, end) : body.slice(start, end)
      }
      if (c === 0x5c) {
        value += body.slice(start, this.#at)
        const escaped = this.#escape()
        if (escaped === undefined) return value
        value += escaped
        start = this.#at
      } else if (c >= 0x80) {
        const length = utf8Length(body, this.#at)
        if (length === 0) {
          this.#fail('a string is not UTF-8')
          return value + body.slice(start)
        }
        this.#at += length
      } else {
        this.#fail(this.#at < body.length ? 'a control byte in a string' : 'ends within a string')
        return value + body.slice(start)
      }
    }
  }

  /** The first byte at or behind `from` that is more to a string than itself, or the end. */
  #plainEnd(from: number): number {
    const source = this.#source
    let at = from
    if (source) while (at < source.length && isPlain[source[at] as number] === 1) at++
    else while (isPlain[this.#body.charCodeAt(at)] === 1) at++
    return at
  }

  #escape(): ByteString | undefined {
    const letter = this.#body.charCodeAt(this.#at + 1)
    const simple = simpleEscape(letter)
    if (simple !== undefined) {
      this.#at += 2
      return simple
    }
    const unit = letter === 0x75 ? this.#unit(this.#at + 2) : -1
    if (unit < 0) {
      this.#fail('not an escape')
      return undefined
    }
    this.#at += 6
    if (unit < 0xd800 || unit > 0xdbff) return encodeUtf8(unit)
    const isPair = this.#body.charCodeAt(this.#at) === 0x5c && this.#body.charCodeAt(this.#at + 1) === 0x75
    const low = isPair ? this.#unit(this.#at + 2) : -1
    // Half a pair is what clients send that cut a text within an emoji; it reads as U+FFFD.
    if (low < 0xdc00 || low > 0xdfff) return encodeUtf8(unit)
    this.#at += 6
    return encodeUtf8(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
  }

  #unit(at: number): number {
    const high = hexPair(this.#body.charCodeAt(at), this.#body.charCodeAt(at + 1))
    const low = hexPair(this.#body.charCodeAt(at + 2), this.#body.charCodeAt(at + 3))
    return high < 0 || low < 0 ? -1 : (high << 8) | low
  }
}

const isPlain = new Uint8Array(256).fill(1, 0x20, 0x80)
isPlain[0x22] = 0
isPlain[0x5c] = 0

function simpleEscape(letter: number): ByteString | undefined {
  switch (letter) {
    case 0x22:
      return '"'
    case 0x5c:
      return '\\'
    case 0x2f:
      return '/'
    case 0x62:
      return '\b'
    case 0x66:
      return '\f'
    case 0x6e:
      return '\n'
    case 0x72:
      return '\r'
    case 0x74:
      return '\t'
    default:
      return undefined
  }
}
