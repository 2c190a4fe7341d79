// urlDecode, urlEncode, and the decoder that the body parsers share.

import type { ByteString } from '../../lib/bytes.ts'
import { hexPair } from './characters.ts'
import { load, reserve, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const urlDecode: Transformation = {
  name: 'urlDecode',
  summary: 'Decodes %HH and + to space; an invalid escape stays as it is.',
  apply: decodeUrl,
}

/** `application/x-www-form-urlencoded` without strictness: what is no valid escape stays as it is. */
export function decodeUrl(value: ByteString): ByteString {
  let i = firstEscape(value)
  if (i < 0) return value
  const length = value.length
  const bytes = load(value)
  let end = i
  while (i < length) {
    const c = bytes[i] ?? 0
    const pair = c === 0x25 && i + 2 < length ? hexPair(bytes[i + 1], bytes[i + 2]) : -1
    if (pair >= 0) {
      bytes[end++] = pair
      i += 3
    } else {
      bytes[end++] = c === 0x2b ? 0x20 : c
      i++
    }
  }
  return end === length && !value.includes('+') ? value : take(end)
}

/** Number of percent signs that two hexadecimal digits don't follow. */
export function invalidEscapes(value: ByteString): number {
  let count = 0
  for (let i = value.indexOf('%'); i >= 0; i = value.indexOf('%', i + 1)) {
    if (i + 2 >= value.length || hexPair(value.charCodeAt(i + 1), value.charCodeAt(i + 2)) < 0) count++
  }
  return count
}

/** Index of the first `%` or `+`, or -1. */
export function firstEscape(value: ByteString): number {
  const percent = value.indexOf('%')
  const plus = value.indexOf('+')
  if (percent < 0 || plus < 0) return Math.max(percent, plus)
  return Math.min(percent, plus)
}

const digits = '0123456789abcdef'

export const urlEncode: Transformation = {
  name: 'urlEncode',
  summary: 'Encodes every byte but letters, digits and *; a space becomes +.',
  apply(value) {
    let i = 0
    while (i < value.length && isKept(value.charCodeAt(i))) i++
    if (i === value.length) return value
    const out = reserve(value.length * 3)
    let end = 0
    for (i = 0; i < value.length; i++) {
      const c = value.charCodeAt(i)
      if (isKept(c)) out[end++] = c
      else if (c === 0x20) out[end++] = 0x2b
      else {
        out[end++] = 0x25
        out[end++] = digits.charCodeAt(c >> 4)
        out[end++] = digits.charCodeAt(c & 0x0f)
      }
    }
    return take(end)
  },
}

function isKept(c: number): boolean {
  return c === 0x2a || (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)
}
