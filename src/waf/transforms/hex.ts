// hexEncode, hexDecode and sqlHexDecode.

import type { ByteString } from '../../lib/bytes.ts'
import { hexOf, hexPair } from './characters.ts'
import { load, reserve, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const hexEncode: Transformation = {
  name: 'hexEncode',
  summary: 'Writes each byte as two lower-case hexadecimal digits.',
  apply: value => (value === '' ? value : Buffer.from(value, 'latin1').toString('hex')),
}

/** Takes any two bytes as a pair of digits, as ModSecurity does: `0z` is 0x23. An odd last digit is dropped. */
export const hexDecode: Transformation = {
  name: 'hexDecode',
  summary: 'Reads pairs of hexadecimal digits as bytes.',
  apply(value) {
    if (value === '') return value
    const out = reserve(value.length)
    let end = 0
    for (let i = 0; i + 1 < value.length; i += 2) {
      out[end++] = (looseDigit(value.charCodeAt(i)) << 4) + looseDigit(value.charCodeAt(i + 1))
    }
    return take(end)
  },
}

export const sqlHexDecode: Transformation = {
  name: 'sqlHexDecode',
  summary: "Decodes SQL's hexadecimal strings, such as 0x414243.",
  apply(value) {
    let i = nextHexString(value, 0)
    if (i < 0) return value
    const bytes = load(value)
    let end = i
    while (i < value.length) {
      if (bytes[i] === 0x30 && ((bytes[i + 1] ?? 0) | 0x20) === 0x78 && pairAt(value, i + 2) >= 0) {
        i += 2
        for (let pair = pairAt(value, i); pair >= 0; pair = pairAt(value, i)) {
          bytes[end++] = pair
          i += 2
        }
      } else bytes[end++] = bytes[i++] ?? 0
    }
    return take(end)
  },
}

function looseDigit(code: number): number {
  const digit = hexOf(code)
  if (digit >= 0) return digit
  return code >= 0x41 ? (code & 0xdf) - 0x41 + 10 : code - 0x30
}

/** Reads the value, not the area that is being overwritten. */
function pairAt(value: ByteString, at: number): number {
  return at + 1 < value.length ? hexPair(value.charCodeAt(at), value.charCodeAt(at + 1)) : -1
}

function nextHexString(value: ByteString, from: number): number {
  for (let i = value.indexOf('0', from); i >= 0; i = value.indexOf('0', i + 1)) {
    if ((value.charCodeAt(i + 1) | 0x20) === 0x78 && pairAt(value, i + 2) >= 0) return i
  }
  return -1
}
