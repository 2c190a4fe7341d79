// urlDecodeUni and utf8toUnicode: %uHHHH, the escape of IIS and of old JavaScript.

import type { ByteString } from '../../lib/bytes.ts'
import { hexPair } from './characters.ts'
import { load, reserve, take } from './scratch.ts'
import type { Transformation } from './types.ts'
import type { UnicodeMap } from './unicode-map.ts'
import { firstEscape } from './url.ts'

/** Without a map, or where it is silent, the low byte counts and full-width ASCII becomes ASCII. */
export function createUrlDecodeUni(map: UnicodeMap | undefined): Transformation {
  return {
    name: 'urlDecodeUni',
    summary: 'As urlDecode, and decodes %uHHHH through the SecUnicodeMapFile, if one is set.',
    apply: value => decode(value, map),
  }
}

function decode(value: ByteString, map: UnicodeMap | undefined): ByteString {
  let i = firstEscape(value)
  if (i < 0) return value
  const length = value.length
  const bytes = load(value)
  let end = i
  while (i < length) {
    const c = bytes[i] ?? 0
    if (c === 0x25) {
      if (i + 5 < length && ((bytes[i + 1] ?? 0) | 0x20) === 0x75) {
        const high = hexPair(bytes[i + 2], bytes[i + 3])
        const low = high < 0 ? -1 : hexPair(bytes[i + 4], bytes[i + 5])
        if (low >= 0) {
          bytes[end++] = byteOf(high, low, map)
          i += 6
          continue
        }
      }
      const pair = i + 2 < length ? hexPair(bytes[i + 1], bytes[i + 2]) : -1
      if (pair >= 0) {
        bytes[end++] = pair
        i += 3
        continue
      }
    }
    bytes[end++] = c === 0x2b ? 0x20 : c
    i++
  }
  return end === length && !value.includes('+') ? value : take(end)
}

function byteOf(high: number, low: number, map: UnicodeMap | undefined): number {
  const mapped = map?.[(high << 8) | low] ?? -1
  if (mapped >= 0) return mapped
  return high === 0xff && low > 0 && low < 0x5f ? low + 0x20 : low
}

const digits = '0123456789abcdef'

/** Overlong forms are decoded too (%u003c for C0 BC); a byte that starts no sequence stays as it is. */
export const utf8toUnicode: Transformation = {
  name: 'utf8toUnicode',
  summary: 'Turns UTF-8 sequences of two bytes and more into %uHHHH.',
  apply(value) {
    let i = 0
    while (i < value.length && value.charCodeAt(i) < 0x80) i++
    if (i === value.length) return value
    const out = reserve(value.length * 3)
    out.write(value, 0, i, 'latin1')
    let end = i
    while (i < value.length) {
      const size = sequenceSize(value, i)
      if (size === 1) {
        out[end++] = value.charCodeAt(i++)
        continue
      }
      let code = value.charCodeAt(i) & (0x7f >> size)
      for (let k = 1; k < size; k++) code = (code << 6) | (value.charCodeAt(i + k) & 0x3f)
      i += size
      out[end++] = 0x25
      out[end++] = 0x75
      for (let shift = code > 0xffff ? 20 : 12; shift >= 0; shift -= 4) {
        const digit = (code >> shift) & 0x0f
        if (shift === 20 && digit === 0) continue // five digits up to U+FFFFF, six above
        out[end++] = digits.charCodeAt(digit)
      }
    }
    return take(end)
  },
}

/** Length of the sequence at `at` by its lead byte, 1 when its tail is not there. */
function sequenceSize(value: ByteString, at: number): number {
  const lead = value.charCodeAt(at)
  const size = lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 && lead < 0xe0 ? 2 : 1
  if (at + size > value.length) return 1
  for (let k = 1; k < size; k++) if ((value.charCodeAt(at + k) & 0xc0) !== 0x80) return 1
  return size
}
