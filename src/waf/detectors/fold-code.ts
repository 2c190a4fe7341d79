// Code as an interpreter reads it, for looking at names: comments are gone and strings that are joined are one:
// `'sys'.'tem'('id')`, `getattr(os,"sys"+"tem")`, `sys/**/tem`. Places are kept for the evidence. Most values have nothing
// to fold and cost a search.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import { viewOf } from './view.ts'

/** What is read of a value. */
const maxBytes = 16 * 1024
/** Seams and comments taken out of one value; the rest stays as it is. */
const maxSeams = 2000

export interface FoldedCode {
  readonly text: ByteString
  /** Where the byte at `at` of the text came from. */
  place(at: number): number
}

export function foldCode(whole: ByteString): FoldedCode {
  const value = whole.length > maxBytes ? whole.slice(0, maxBytes) : whole
  const bytes = viewOf(value)
  let text = ''
  let from = 0
  const cuts: [at: number, moved: number][] = []
  for (let i = next(bytes, 0, value.length); i >= 0 && cuts.length < maxSeams; i = next(bytes, i, value.length)) {
    const end = joinEnd(value, i)
    if (end === i) {
      i++
      continue
    }
    text += value.slice(from, i)
    cuts.push([text.length, end - text.length])
    from = end
    i = end
  }
  if (cuts.length === 0) return { text: value, place: at => at }
  return { text: text + value.slice(from), place: at => at + moved(cuts, at) }
}

/** How far the byte at `at` stands from where it came from: as the last cut in front of it says. */
function moved(cuts: readonly (readonly [at: number, moved: number])[], at: number): number {
  let found = 0
  for (const [place, by] of cuts) {
    if (place > at) break
    found = by
  }
  return found
}

/** The next byte that may begin a seam or a comment. */
function next(bytes: Uint8Array, from: number, length: number): number {
  for (let i = from; i < length; i++) {
    const c = bytes[i]
    if (c === 0x27 || c === 0x22 || (c === 0x2f && bytes[i + 1] === 0x2a)) return i
  }
  return -1
}

/** Behind a comment or a seam between two strings at `at`; `at` when there is neither. */
function joinEnd(value: ByteString, at: number): number {
  const c = value.charCodeAt(at)
  if (c !== 0x2f) return seamEnd(value, at, c)
  const close = value.indexOf('*/', at + 2)
  return close < 0 ? at : close + 2
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
