// Small steps that the detectors share: what a byte is, where blanks and words end.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'

export function isLetter(c: number): boolean {
  return (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a
}

export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

export function isWordByte(c: number): boolean {
  return isLetter(c) || isDigit(c) || c === 0x5f
}

/** The first place at or behind `from` that is no blank. */
export function skipBlanks(value: ByteString, from: number): number {
  let i = from
  while (i < value.length && isSpace(value.charCodeAt(i))) i++
  return i
}

/** Behind the word at `from`: letters, digits, underscores, and the bytes of `more`; at most `max` of them. */
export function wordEnd(value: ByteString, from: number, max: number, more = ''): number {
  const limit = Math.min(value.length, from + max)
  let i = from
  while (i < limit && (isWordByte(value.charCodeAt(i)) || (more !== '' && more.includes(value.charAt(i))))) i++
  return i
}

export function startsWithAny(value: ByteString, heads: readonly string[]): boolean {
  for (const head of heads) if (value.startsWith(head)) return true
  return false
}
