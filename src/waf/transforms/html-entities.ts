// htmlEntityDecode: numeric character references and the five names that ModSecurity knows.

import type { ByteString } from '../../lib/bytes.ts'
import { hexOf } from './characters.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

// By prefix and in this order, as ModSecurity compares: browsers, too, take `&ltx` as `<x`.
const names: readonly (readonly [ByteString, number])[] = [
  ['quot', 0x22],
  ['amp', 0x26],
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['nbsp', 0xa0],
]

export const htmlEntityDecode: Transformation = {
  name: 'htmlEntityDecode',
  summary: 'Decodes &quot; &amp; &lt; &gt; &nbsp; and numeric references, with or without the semicolon.',
  apply(value) {
    let i = value.indexOf('&')
    // "Smith & sons": most ampersands in texts start nothing.
    while (i >= 0 && !mayStart(value.charCodeAt(i + 1))) i = value.indexOf('&', i + 1)
    if (i < 0) return value
    const length = value.length
    const bytes = load(value)
    let end = i
    while (i < length) {
      const c = bytes[i] ?? 0
      if (c === 0x26 && i + 1 < length) {
        const used = bytes[i + 1] === 0x23 ? numeric(bytes, i + 2, length) : named(bytes, i + 1, length)
        if (used > i) {
          end = writeCodePoint(bytes, end, decoded)
          i = used < length && bytes[used] === 0x3b ? used + 1 : used
          continue
        }
      }
      bytes[end++] = c
      i++
    }
    return end === length ? value : take(end)
  },
}

/** By the byte behind an ampersand: a number, or the first letter of a name. */
function mayStart(c: number): boolean {
  const lower = c | 0x20
  return c === 0x23 || lower === 0x71 || lower === 0x61 || lower === 0x6c || lower === 0x67 || lower === 0x6e
}

/** The code point that `numeric` or `named` found last. */
let decoded = 0

/**
 * `123` or `x7b` at `at`: sets `decoded` and returns the end, or -1. All digits are read, as browsers do: `&#x3ca` is
 * one Greek letter and no `<a`.
 */
function numeric(bytes: Buffer, at: number, length: number): number {
  const isHex = at < length && ((bytes[at] ?? 0) | 0x20) === 0x78
  const base = isHex ? 16 : 10
  const start = isHex ? at + 1 : at
  let i = start
  let value = 0
  for (; i < length; i++) {
    const digit = hexOf(bytes[i])
    if (digit < 0 || digit >= base) break
    value = Math.min(value * base + digit, 0x110000)
  }
  if (i === start) return -1
  decoded = value > 0x10ffff ? 0xfffd : value
  return i
}

/** A byte up to 0xFF, as ModSecurity does; UTF-8 above. A reference is never shorter than its UTF-8 form. */
function writeCodePoint(bytes: Buffer, at: number, code: number): number {
  let end = at
  if (code <= 0xff) {
    bytes[end++] = code
    return end
  }
  if (code <= 0x7ff) bytes[end++] = 0xc0 | (code >> 6)
  else {
    if (code <= 0xffff) bytes[end++] = 0xe0 | (code >> 12)
    else {
      bytes[end++] = 0xf0 | (code >> 18)
      bytes[end++] = 0x80 | ((code >> 12) & 0x3f)
    }
    bytes[end++] = 0x80 | ((code >> 6) & 0x3f)
  }
  bytes[end++] = 0x80 | (code & 0x3f)
  return end
}

function named(bytes: Buffer, at: number, length: number): number {
  let i = at
  while (i < length && isAlphanumeric(bytes[i] ?? 0)) i++
  for (const [name, byte] of names) {
    if (i - at < name.length || !startsWith(bytes, at, name)) continue
    decoded = byte
    return i
  }
  return -1
}

function isAlphanumeric(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a)
}

function startsWith(bytes: Buffer, at: number, name: ByteString): boolean {
  for (let i = 0; i < name.length; i++) if (((bytes[at + i] ?? 0) | 0x20) !== name.charCodeAt(i)) return false
  return true
}
