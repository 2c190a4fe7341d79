// Reads tags as a browser does (HTML Living Standard §13.2.5), from any of the places where a value may land in one.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'

/** Reads the attributes of one tag, one after the other, into its own fields. */
export class Attributes {
  name = ''
  value: ByteString = ''
  hasValue = false
  nameStart = 0
  /** Behind the attribute read last, or behind the `>`. */
  at = 0
  /** Whether the tag's `>` was reached. */
  isClosed = false

  readonly #text: ByteString

  /** Reads no further than `limit`: the text is cut there. */
  constructor(text: ByteString, at: number, limit = text.length) {
    this.#text = limit < text.length ? text.slice(0, limit) : text
    this.at = at
  }

  /** Reads the next attribute; false at the end of the tag or of the text. */
  next(): boolean {
    const text = this.#text
    let i = this.at
    while (i < text.length && (isSpace(text.charCodeAt(i)) || text.charCodeAt(i) === 0x2f)) i++
    if (i >= text.length || text.charCodeAt(i) === 0x3e) {
      this.isClosed = i < text.length
      this.at = Math.min(i + 1, text.length)
      return false
    }
    this.nameStart = i
    i++ // an equals sign that comes first belongs to the name
    while (i < text.length && !endsName(text.charCodeAt(i))) i++
    this.name = text.slice(this.nameStart, i).toLowerCase()
    let j = i
    while (isSpace(text.charCodeAt(j))) j++
    this.hasValue = text.charCodeAt(j) === 0x3d
    this.value = ''
    this.at = i
    if (this.hasValue) this.#readValue(j + 1)
    return true
  }

  #readValue(from: number): void {
    const text = this.#text
    let i = from
    while (isSpace(text.charCodeAt(i))) i++
    const quote = text.charCodeAt(i)
    if (quote === 0x22 || quote === 0x27) {
      const end = text.indexOf(text.charAt(i), i + 1)
      this.value = text.slice(i + 1, end < 0 ? text.length : end)
      this.at = end < 0 ? text.length : end + 1
      return
    }
    const start = i
    while (i < text.length && !isSpace(text.charCodeAt(i)) && text.charCodeAt(i) !== 0x3e) i++
    this.value = text.slice(start, i)
    this.at = i
  }
}

function endsName(c: number): boolean {
  return isSpace(c) || c === 0x2f || c === 0x3e || c === 0x3d
}

/** End of the tag name at `at`. A control byte within it is skipped by old browsers, so it is part of it here. */
export function tagNameEnd(text: ByteString, at: number): number {
  let i = at
  while (i < text.length && i < at + 64) {
    const c = text.charCodeAt(i)
    if (isSpace(c) || c === 0x2f || c === 0x3e || c === 0x3c || c === 0x22 || c === 0x27) break
    i++
  }
  return i
}

/** Letters of a tag name in lower case, without a namespace prefix and without control bytes. */
export function plainName(raw: ByteString): string {
  let name = ''
  for (let i = 0; i < raw.length; i++) {
    const c = raw.charCodeAt(i)
    if (c === 0x3a) name = ''
    else if (c > 0x20) name += raw.charAt(i)
  }
  return name.toLowerCase()
}
