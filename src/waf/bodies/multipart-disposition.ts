// Content-Disposition of a part (RFC 7578 §4.2, RFC 6266). Says what is odd, and still yields the names as far as they
// can be read: a part that two parsers name differently is to be inspected under any of its names.

import type { ByteString } from '../../lib/bytes.ts'
import { hexPair } from '../transforms/characters.ts'
import type { MultipartFlags } from './types.ts'

export interface Disposition {
  name: ByteString
  filename: ByteString | undefined
  /** What is wrong with it, for the error message. */
  problem: string | undefined
}

export function parseDisposition(header: ByteString, flags: MultipartFlags): Disposition {
  return new DispositionReader(header, flags).read()
}

class DispositionReader {
  readonly #text: ByteString
  readonly #flags: MultipartFlags
  readonly #result: Disposition = { name: '', filename: undefined, problem: undefined }
  #at = 0
  #quote = 0
  #seenName = false
  #extended: ByteString | undefined

  constructor(text: ByteString, flags: MultipartFlags) {
    this.#text = text
    this.#flags = flags
  }

  read(): Disposition {
    const text = this.#text
    if (!text.startsWith('form-data')) this.#fail('is not form-data')
    this.#at = text.indexOf(';')
    if (this.#at < 0) this.#at = text.length
    else if (text.slice(9, this.#at).trim() !== '') this.#fail('is not form-data')
    while (this.#at < text.length) {
      this.#at++ // the semicolon
      this.#blank()
      if (this.#at >= text.length) {
        this.#fail('ends with a semicolon')
        break
      }
      this.#parameter()
      this.#blank()
      if (this.#at < text.length && text.charCodeAt(this.#at) !== 0x3b) this.#trailing()
    }
    const result = this.#result
    if (this.#extended !== undefined && result.filename === undefined) {
      this.#fail('has filename* without filename')
      result.filename = this.#extended
    }
    if (result.name === '') this.#fail('has no name')
    return result
  }

  #fail(problem: string): void {
    this.#result.problem ??= `Content-Disposition ${problem}`
  }

  #blank(): void {
    while (this.#text.charCodeAt(this.#at) === 0x20 || this.#text.charCodeAt(this.#at) === 0x09) this.#at++
  }

  /** Bytes between a value and the next semicolon. After a quote they show that the quoting was misread. */
  #trailing(): void {
    const before = this.#text.charCodeAt(this.#at - 1)
    if (before === 0x22 || before === 0x27) this.#flags.invalidQuoting = true
    this.#fail('has bytes after a value')
    const next = this.#text.indexOf(';', this.#at)
    this.#at = next < 0 ? this.#text.length : next
  }

  #parameter(): void {
    const start = this.#at
    const text = this.#text
    while (this.#at < text.length && !this.#isOneOf(0x3d, 0x3b) && !this.#isOneOf(0x20, 0x09)) this.#at++
    const parameter = text.slice(start, this.#at)
    this.#blank()
    if (text.charCodeAt(this.#at) !== 0x3d) {
      this.#fail('has a parameter without a value')
      return
    }
    this.#at++
    this.#blank()
    const lower = parameter.toLowerCase()
    if (lower !== parameter) this.#fail('has a parameter in upper case')
    if (lower === 'filename*') {
      const value = this.#extendedValue()
      if (this.#extended !== undefined) this.#fail('has filename* twice')
      else this.#extended = value
      return
    }
    const value = this.#value()
    if (this.#quote !== 0x22 && value.includes("'")) this.#flags.invalidQuoting = true
    if (lower === 'name') {
      if (this.#seenName) this.#fail('has name twice')
      else this.#result.name = value
      this.#seenName = true
    } else if (lower === 'filename') {
      if (this.#result.filename !== undefined) this.#fail('has filename twice')
      else this.#result.filename = value
    } else this.#fail('has an unknown parameter')
  }

  #isOneOf(a: number, b: number): boolean {
    const c = this.#text.charCodeAt(this.#at)
    return c === a || c === b
  }

  #value(): ByteString {
    const text = this.#text
    this.#quote = 0
    if (!this.#isOneOf(0x22, 0x27)) {
      const start = this.#at
      while (this.#at < text.length && isToken(text.charCodeAt(this.#at))) this.#at++
      return text.slice(start, this.#at)
    }
    // Single quotes are no quotes to the RFC but to some back ends.
    this.#quote = text.charCodeAt(this.#at++)
    if (this.#quote === 0x27) this.#flags.invalidQuoting = true
    let value = ''
    let start = this.#at
    for (; this.#at < text.length; this.#at++) {
      const c = text.charCodeAt(this.#at)
      if (c === this.#quote) {
        value += text.slice(start, this.#at++)
        return value
      }
      const next = text.charCodeAt(this.#at + 1)
      if (c === 0x5c && (next === this.#quote || next === 0x5c)) {
        value += text.slice(start, this.#at++)
        start = this.#at
      }
    }
    this.#fail('has an open quote')
    this.#flags.invalidQuoting = true
    return value + text.slice(start)
  }

  /** `charset'language'percent-encoded` of RFC 5987. */
  #extendedValue(): ByteString {
    const text = this.#text
    let end = text.indexOf(';', this.#at)
    if (end < 0) end = text.length
    const raw = text.slice(this.#at, end)
    this.#at = end
    const first = raw.indexOf("'")
    const second = first < 0 ? -1 : raw.indexOf("'", first + 1)
    if (first < 1 || second < 0) this.#fail('has a filename* that is not RFC 5987')
    const encoded = raw.slice(second + 1)
    let value = ''
    for (let i = 0; i < encoded.length; i++) {
      const c = encoded.charCodeAt(i)
      if (c === 0x25) {
        const byte = hexPair(encoded.charCodeAt(i + 1), encoded.charCodeAt(i + 2))
        if (byte < 0) this.#fail('has a filename* that is not RFC 5987')
        else {
          value += String.fromCharCode(byte)
          i += 2
          continue
        }
      } else if (!isToken(c)) this.#fail('has a filename* that is not RFC 5987')
      value += encoded.charAt(i)
    }
    return value
  }
}

/** token of RFC 9110. */
function isToken(c: number): boolean {
  return c > 0x20 && c < 0x7f && !'()<>@,;:\\"/[]?='.includes(String.fromCharCode(c))
}
