// escapeSeqDecode (ANSI C) and jsDecode (JavaScript): backslash escapes.

import { controlEscape, hexPair, isOctal } from './characters.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const escapeSeqDecode: Transformation = {
  name: 'escapeSeqDecode',
  summary: 'Decodes ANSI C escapes: \\n, \\x41, \\101; before any other byte the backslash is dropped.',
  apply(value) {
    let i = value.indexOf('\\')
    if (i < 0 || i === value.length - 1) return value
    const length = value.length
    const bytes = load(value)
    let end = i
    while (i < length) {
      const c = bytes[i] ?? 0
      if (c !== 0x5c || i + 1 === length) {
        bytes[end++] = c
        i++
        continue
      }
      const next = bytes[i + 1] ?? 0
      const control = controlEscape(next)
      const hex = (next | 0x20) === 0x78 && i + 3 < length ? hexPair(bytes[i + 2], bytes[i + 3]) : -1
      const octal = octalDigits(bytes, i + 1, length)
      if (octal > 0) {
        bytes[end++] = octalValue(bytes, i + 1, octal)
        i += 1 + octal
      } else if (hex >= 0) {
        bytes[end++] = hex
        i += 4
      } else {
        bytes[end++] = control >= 0 ? control : next
        i += 2
      }
    }
    return take(end)
  },
}

export const jsDecode: Transformation = {
  name: 'jsDecode',
  summary:
    'Decodes JavaScript escapes: \\n, \\x41, \\u0041, \\101; of \\u the low byte counts, full-width ASCII becomes ASCII.',
  apply(value) {
    let i = value.indexOf('\\')
    if (i < 0 || i === value.length - 1) return value
    const length = value.length
    const bytes = load(value)
    let end = i
    while (i < length) {
      const c = bytes[i] ?? 0
      if (c !== 0x5c || i + 1 === length) {
        bytes[end++] = c
        i++
        continue
      }
      const next = bytes[i + 1] ?? 0
      const high = next === 0x75 && i + 5 < length ? hexPair(bytes[i + 2], bytes[i + 3]) : -1
      const low = high >= 0 ? hexPair(bytes[i + 4], bytes[i + 5]) : -1
      const hex = next === 0x78 && i + 3 < length ? hexPair(bytes[i + 2], bytes[i + 3]) : -1
      let octal = octalDigits(bytes, i + 1, length)
      if (octal === 3 && next > 0x33) octal = 2 // \400 and above would be more than a byte
      if (low >= 0) {
        bytes[end++] = high === 0xff && low > 0 && low < 0x5f ? low + 0x20 : low
        i += 6
      } else if (hex >= 0) {
        bytes[end++] = hex
        i += 4
      } else if (octal > 0) {
        bytes[end++] = octalValue(bytes, i + 1, octal)
        i += 1 + octal
      } else {
        const control = controlEscape(next)
        bytes[end++] = control >= 0 ? control : next
        i += 2
      }
    }
    return take(end)
  },
}

function octalDigits(bytes: Buffer, at: number, length: number): number {
  let digits = 0
  while (digits < 3 && at + digits < length && isOctal(bytes[at + digits])) digits++
  return digits
}

function octalValue(bytes: Buffer, at: number, digits: number): number {
  let value = 0
  for (let i = 0; i < digits; i++) value = value * 8 + ((bytes[at + i] ?? 0x30) - 0x30)
  return value & 0xff
}
