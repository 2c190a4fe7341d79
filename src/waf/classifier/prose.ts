// Prose: a sentence whose punctuation stands as writers put it, a comma behind a word and before a blank, a bracket around
// words. Values of forms are mostly that, no attack that the classifier alone would find is, and one pass over the bytes
// tells, so that the model is spared.

import type { ByteString } from '../../lib/bytes.ts'
import { readBytes } from './features.ts'

/** Fewer words are a name or a command as well. */
const fewestWords = 5

/** What the byte before was. */
const State = {
  refused: 0,
  start: 1,
  blank: 2,
  word: 3,
  /** Letters, behind which a word has begun. */
  firstOfWord: 4,
  /** A dot, an exclamation or a question mark, a colon: also within words (`example.com`, `12:30`). */
  stop: 5,
  /** A comma or a semicolon: a blank follows. */
  comma: 6,
  openQuote: 7,
  closeQuote: 8,
  openBracket: 9,
  closeBracket: 10,
  apostrophe: 11,
  ampersand: 12,
  hyphen: 13,
  slash: 14,
  percent: 15,
  hash: 16,
} as const

const stateCount = 17
const firstOfWord = State.firstOfWord << 8
/** By state times 256 and byte: the state behind it, times 256, so that a step is one addition and one look. */
const steps = new Uint16Array(stateCount << 8)

const S = State
const letters = bytesBetween('a', 'z') + bytesBetween('A', 'Z') + bytesBetween('\x80', '\xff')
const wordBytes = letters + bytesBetween('0', '9')
const blanks = ' \n'
const endsWord: readonly number[] = [S.word, S.firstOfWord, S.closeQuote, S.closeBracket, S.percent]

allow(wordBytes, [S.word, S.firstOfWord, S.stop, S.apostrophe, S.hyphen, S.slash], S.word)
allow(wordBytes, [S.blank, S.openQuote, S.openBracket, S.hash], S.firstOfWord)
allow(letters, [S.start], S.firstOfWord)
allow(blanks, [...endsWord, S.blank, S.stop, S.comma, S.ampersand, S.hyphen], S.blank)
allow('.!?:', [...endsWord, S.stop], S.stop)
allow(',;', [...endsWord, S.stop], S.comma)
allow('"', [S.start, S.blank, S.openBracket], S.openQuote)
allow('"', [...endsWord, S.stop, S.comma], S.closeQuote)
allow('(', [S.start, S.blank, S.openQuote], S.openBracket)
allow(')', [...endsWord, S.stop], S.closeBracket)
allow("'", [S.word, S.firstOfWord], S.apostrophe)
allow('&', [S.blank], S.ampersand)
allow('-', [S.blank, S.word, S.firstOfWord], S.hyphen)
allow('/', [S.word, S.firstOfWord], S.slash)
allow('%', [S.word, S.firstOfWord], S.percent)
allow('#', [S.blank], S.hash)

function bytesBetween(first: ByteString, last: ByteString): ByteString {
  const from = first.charCodeAt(0)
  return String.fromCharCode(...Array.from({ length: last.charCodeAt(0) - from + 1 }, (_, i) => from + i))
}

function allow(bytes: ByteString, behind: readonly number[], state: number): void {
  for (const before of behind) {
    for (let i = 0; i < bytes.length; i++) steps[(before << 8) + bytes.charCodeAt(i)] = state << 8
  }
}

/** Whether what the classifier reads of a value is prose. */
export function isProse(value: ByteString): boolean {
  const limit = Math.min(value.length, readBytes)
  let state = S.start << 8
  let words = 0
  for (let i = 0; i < limit; i++) {
    state = steps[state + (value.charCodeAt(i) & 0xff)] as number
    if (state === S.refused) return false
    if (state === firstOfWord) words++
  }
  return words >= fewestWords
}
