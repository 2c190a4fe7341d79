// detectShell: whether a value would run a command when it is put into a command line. Commands are looked for where a
// shell looks for them: behind separators, in substitutions, behind a quote that the value closes. Words are read as a
// shell reads them, so quotes, backslashes, carets, empty variables and patterns hide nothing.

import type { ByteString } from '../../lib/bytes.ts'
import { certain, commandPaths, common } from './shell-words.ts'
import type { Detection } from './types.ts'
import { viewOf } from './view.ts'

const certainWords = new Set(certain)
const commonWords = new Set(common)
const maxPlaces = 20_000
const maxWord = 80

const Kind = { other: 0, word: 1, hiding: 2, opening: 3, place: 4, bracket: 5 } as const

const kinds = new Uint8Array(256)
for (let c = 0; c < 256; c++) if (isWordByte(c)) kinds[c] = Kind.word
for (const c of bytesOf('\'"\\^$?*')) kinds[c] = Kind.hiding
for (const c of bytesOf(' \t{!')) kinds[c] = Kind.opening
for (const c of bytesOf(';|&`\n\r')) kinds[c] = Kind.place
kinds[0x28] = Kind.bracket

function bytesOf(text: ByteString): readonly number[] {
  return Array.from(text, character => character.charCodeAt(0))
}

export function detectShell(value: ByteString): Detection | undefined {
  const bytes = viewOf(value)
  const { length } = value
  let places = 0
  for (let at = 0; at < length && places < maxPlaces; at++) {
    const mayBePlace = (kinds[bytes[at] as number] as number) >= Kind.place
    if (at > 0 && !mayBePlace) continue
    const place = mayBePlace ? placeAt(value, at) : undefined
    if (at > 0 && place === undefined) continue
    places++
    const from = place === undefined ? 0 : at + 1
    if (isPlain(bytes, from, length)) continue
    const found = commandAt(value, from, at > 0 && place !== undefined ? place : from > 0 ? 'separator' : 'start')
    if (found) return { ...found, start: at }
  }
  return undefined
}

type Place = 'start' | 'separator' | 'substitution' | 'line'

/** Whether the word at `from` is written as it is read: then nothing is hidden in it. */
function isPlain(bytes: Uint8Array, from: number, length: number): boolean {
  let i = from
  const limit = from + maxWord
  while (i < limit && isOpening(bytes[i] as number)) i++
  const end = Math.min(length, i + maxWord)
  while (i < end && kinds[bytes[i] as number] === Kind.word) i++
  return i >= end || (kinds[bytes[i] as number] !== Kind.hiding && bytes[i] !== 0x60)
}

/** What stands at `at`, when a command may begin behind it. */
function placeAt(value: ByteString, at: number): Place | undefined {
  const c = value.charCodeAt(at)
  if (c === 0x3b || c === 0x7c || c === 0x26) return 'separator'
  if (c === 0x60) return 'substitution'
  if (c === 0x28) {
    const before = value.charCodeAt(at - 1)
    return before === 0x24 || before === 0x3c || before === 0x3e ? 'substitution' : undefined
  }
  return c === 0x0a || c === 0x0d ? 'line' : undefined
}

interface Word {
  /** As the shell sees it, in lower case. */
  readonly text: ByteString
  /** Something in it says nothing and is there to hide it. */
  readonly isHidden: boolean
  readonly hasPattern: boolean
  readonly end: number
  /** A variable such as ${IFS} stands for the blank behind it. */
  readonly isJoined: boolean
}

function commandAt(value: ByteString, from: number, place: Place): Omit<Detection, 'start'> | undefined {
  let at = from
  // Blanks and what opens a group; separators are places of their own, and a run of anything is not a command.
  const limit = from + maxWord
  while (at < limit && isOpening(value.charCodeAt(at))) at++
  const word = readWord(value, at)
  if (word.text === '') return undefined
  if (word.hasPattern && word.text.startsWith('/') && isCommandPattern(word.text)) {
    return { reason: 'command by pattern', end: word.end }
  }
  const name = word.text.slice(word.text.lastIndexOf('/') + 1)
  const isCertain = certainWords.has(name)
  if (!isCertain && !commonWords.has(name)) return undefined
  if (word.isJoined) return { reason: 'blank by variable', end: word.end }
  if (word.isHidden && (isCertain || place !== 'start')) return { reason: 'hidden command', end: word.end }
  return undefined
}

function isOpening(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x28 || c === 0x7b || c === 0x21
}

/** Reads one word from `at`, undoing what a shell undoes. */
function readWord(value: ByteString, at: number): Word {
  let text = ''
  let isHidden = false
  let hasPattern = false
  let isJoined = false
  let letters = 0
  let byQuotes = false
  let openQuote = 0
  let i = at
  const end = Math.min(value.length, at + maxWord)
  for (; i < end; i++) {
    const c = value.charCodeAt(i)
    if (isWordByte(c)) {
      text += value.charAt(i)
      letters++
      continue
    }
    if (c === 0x3f || c === 0x2a) {
      text += value.charAt(i)
      hasPattern = true
      continue
    }
    const skipped = skipHiding(value, i)
    if (skipped === 0) break
    if (isBlankVariable(value.slice(i, i + skipped))) {
      isJoined = letters > 0
      i += skipped
      break
    }
    if (c === 0x27 || c === 0x22) openQuote = openQuote === 0 ? c : openQuote === c ? 0 : openQuote
    // Quotes around a whole word are a habit; within one they hide it.
    if (letters > 0 && isWordByte(value.charCodeAt(i + skipped))) {
      if (c === 0x27 || c === 0x22) byQuotes = true
      else isHidden = true
    }
    i += skipped - 1
  }
  // A quote that is not closed within the word is an apostrophe (`I'd like`), or takes the blank into the word.
  if (byQuotes && openQuote === 0) isHidden = true
  return { text: text.toLowerCase(), isHidden, hasPattern, isJoined, end: i }
}

function isWordByte(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0x2d && c <= 0x39) || c === 0x5f
}

/** Bytes from `at` that a shell drops: a quote, a backslash, a caret, a variable that is empty. */
function skipHiding(value: ByteString, at: number): number {
  const c = value.charCodeAt(at)
  const next = value.charCodeAt(at + 1)
  if (c === 0x27 || c === 0x22) return 1
  if (c === 0x5c || c === 0x5e) return next > 0x20 ? 1 : 0
  if (c === 0x60 && next === 0x60) return 2
  if (c !== 0x24) return 0
  if (next === 0x40 || next === 0x2a || (next >= 0x30 && next <= 0x39) || next === 0x21) return 2
  if (next === 0x28 && value.charCodeAt(at + 2) === 0x29) return 3
  if (next === 0x7b) {
    const close = value.slice(at, at + 24).indexOf('}')
    return close > 0 ? close + 1 : 0
  }
  let end = at + 1
  while (end < value.length && end - at < 12 && isName(value.charCodeAt(end))) end++
  return end > at + 1 ? end - at : 0
}

function isName(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || c === 0x5f
}

function isBlankVariable(text: ByteString): boolean {
  return text.toLowerCase().startsWith('$ifs') || text.toLowerCase().startsWith('${ifs')
}

/** Whether a pattern stands for the path of a command or of a file that commands read. */
function isCommandPattern(pattern: ByteString): boolean {
  const folder = pattern.slice(0, pattern.lastIndexOf('/') + 1)
  if (pattern.length < 5 || folder.length < 3 || pattern.split('*').length > 4) return false
  return commandPaths.some(path => matches(folder, 0, path, 0) || matches(pattern, 0, path, 0))
}

/** A shell pattern of `?` and `*`, which never match a slash. Patterns are short. */
function matches(pattern: ByteString, i: number, path: string, k: number): boolean {
  if (i === pattern.length) return k === path.length
  const c = pattern.charAt(i)
  if (c === '*') {
    for (let end = k; end <= path.length; end++) {
      if (matches(pattern, i + 1, path, end)) return true
      if (path.charAt(end) === '/') return false
    }
    return false
  }
  if (k >= path.length) return false
  const isSame = c === '?' ? path.charAt(k) !== '/' : c === path.charAt(k)
  return isSame && matches(pattern, i + 1, path, k + 1)
}
