// lowercase and uppercase: ASCII letters alone. String#toLowerCase would change 0xC0 to 0xE0 and break UTF-8.

import type { ByteString } from '../../lib/bytes.ts'
import { load, take } from './scratch.ts'
import type { Transformation } from './types.ts'

export const lowercase: Transformation = {
  name: 'lowercase',
  summary: 'Lower-cases A to Z.',
  apply: value => (firstIn(value, 0x41, 0x5a) < 0 ? value : isAscii(value) ? value.toLowerCase() : shift(value, 0x41)),
}

export const uppercase: Transformation = {
  name: 'uppercase',
  summary: 'Upper-cases a to z.',
  apply: value => (firstIn(value, 0x61, 0x7a) < 0 ? value : isAscii(value) ? value.toUpperCase() : shift(value, 0x61)),
}

function firstIn(value: ByteString, from: number, to: number): number {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c >= from && c <= to) return i
  }
  return -1
}

function isAscii(value: ByteString): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return false
  return true
}

function shift(value: ByteString, first: number): ByteString {
  const bytes = load(value)
  for (let i = 0; i < value.length; i++) {
    const c = bytes[i] ?? 0
    if (c >= first && c < first + 26) bytes[i] = c ^ 0x20
  }
  return take(value.length)
}
