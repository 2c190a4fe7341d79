// cssDecode: CSS 2.1 §4.1.3 escapes, a backslash and one to six hexadecimal digits, or a backslash and any byte.

import { hexOf, hexPair, isSpace } from './characters.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const cssDecode: Transformation = {
  name: 'cssDecode',
  summary: 'Decodes CSS escapes; of a code point the low byte counts, full-width ASCII becomes ASCII.',
  apply(value) {
    let i = value.indexOf('\\')
    if (i < 0) return value
    const length = value.length
    const bytes = load(value)
    let end = i
    while (i < length) {
      const c = bytes[i++] ?? 0
      if (c !== 0x5c) {
        bytes[end++] = c
        continue
      }
      if (i === length) break
      let digits = 0
      while (digits < 6 && i + digits < length && hexOf(bytes[i + digits]) >= 0) digits++
      if (digits > 0) {
        bytes[end++] = lowByte(bytes, i, digits)
        i += digits
        if (i < length && isSpace(bytes[i])) i++ // one white space ends the escape and belongs to it
      } else if (bytes[i] === 0x0a) i++
      else bytes[end++] = bytes[i++] ?? 0
    }
    return take(end)
  },
}

function lowByte(bytes: Buffer, at: number, digits: number): number {
  if (digits === 1) return hexOf(bytes[at])
  const last = at + digits
  const byte = hexPair(bytes[last - 2], bytes[last - 1])
  const fullWidth =
    digits >= 4 &&
    hexPair(bytes[last - 4], bytes[last - 3]) === 0xff &&
    (digits < 5 || bytes[at] === 0x30) &&
    (digits < 6 || bytes[at + 1] === 0x30)
  return fullWidth && byte > 0 && byte < 0x5f ? byte + 0x20 : byte
}
