// Code as an interpreter reads it, for looking at names: comments are gone, strings that are joined are one, and a string
// in brackets or parentheses that stands for a name is that name: `'sys'.'tem'('id')`, `getattr(os,"sys"+"tem")`,
// `sys/**/tem`, `('system')('id')`. Positions of the original are kept for the evidence.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'

/** What is read of a value. */
const maxCodeBytes = 16 * 1024

export interface FoldedCode {
  readonly text: ByteString
  /** Where each byte of `text` came from. */
  readonly from: Int32Array
}

/** The value itself when nothing was folded. */
export function foldCode(value: ByteString): FoldedCode {
  const end = Math.min(value.length, maxCodeBytes)
  const from = new Int32Array(end + 1)
  let text = ''
  for (let i = 0; i < end; ) {
    const skipped = joinAt(value, i, end)
    if (skipped > i) {
      i = skipped
      continue
    }
    from[text.length] = i
    text += value.charAt(i++)
  }
  from[text.length] = end
  return { text, from }
}

/** Behind a comment or a seam between two strings at `at`; `at` when there is neither. */
function joinAt(value: ByteString, at: number, end: number): number {
  const c = value.charCodeAt(at)
  if (c === 0x2f && value.charCodeAt(at + 1) === 0x2a) {
    const close = value.indexOf('*/', at + 2)
    return close < 0 || close >= end ? at : close + 2
  }
  return c === 0x27 || c === 0x22 ? seamEnd(value, at, c) : at
}

/** `'.'`, `" + "`, `'~'`, `""`: a quote, an operator that joins, and the same quote with a letter behind it. */
function seamEnd(value: ByteString, at: number, quote: number): number {
  if (!isInner(value.charCodeAt(at - 1))) return at
  let i = at + 1
  while (i < at + 8 && isSpace(value.charCodeAt(i))) i++
  const operator = value.charCodeAt(i)
  const isJoin = operator === 0x2e || operator === 0x2b || operator === 0x7e || operator === 0x26
  if (isJoin) i++
  while (i < at + 12 && isSpace(value.charCodeAt(i))) i++
  const isSeam =
    value.charCodeAt(i) === quote && (isJoin || i > at + 1 || quote === 0x22) && isInner(value.charCodeAt(i + 1))
  return isSeam ? i + 1 : at
}

function isInner(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || c === 0x5f || (c >= 0x30 && c <= 0x39)
}
