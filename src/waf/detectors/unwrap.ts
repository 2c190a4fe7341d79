// What a value says behind its encodings. A server, a framework, a template or a database may each undo one layer, so a
// payload is looked for behind all of them: percent and %u escapes (any number of times), overlong UTF-8, full-width
// look-alikes and HTML references in one reading, backslash escapes, CSS escapes, hexadecimal and base64 in readings of their own.

import type { ByteString } from '../../lib/bytes.ts'
import { hexPair } from '../transforms/characters.ts'
import { cssDecode } from '../transforms/css-decode.ts'
import { jsDecode } from '../transforms/escape-sequences.ts'
import { htmlEntityDecode } from '../transforms/html-entities.ts'
import { decodeBase64Runs, isBase64, shortestRun } from './base64-runs.ts'
import { decodeHexText } from './hex-text.ts'
import { foldLookAlikes } from './look-alikes.ts'
import { viewOf } from './view.ts'

/** How often percent escapes and references are undone: more is a loop, not an encoding. */
const maxRounds = 5
/** A longer value is decoded in its first bytes only; rules still see all of it as it came. */
const maxBytes = 128 * 1024

const percent = 1
const ampersand = 2
const backslash = 4
const special = 8
const base64 = 16

/** The readings of a value that differ from it, none twice. Mostly empty: one pass tells. */
export function unwrap(whole: ByteString): readonly ByteString[] {
  const marks = scan(whole)
  if (marks === 0) return none
  const value = whole.length > maxBytes ? whole.slice(0, maxBytes) : whole
  const out: ByteString[] = []
  const plain = (marks & (percent | ampersand | special)) === 0 ? value : flatten(value)
  add(out, whole, plain)
  // A plus that came as an escape is one, or a blank that was encoded once more: both are read.
  if ((marks & percent) !== 0 && (value.includes('%2b') || value.includes('%2B'))) {
    const kept = value.replaceAll('%2b', keptPlus).replaceAll('%2B', keptPlus)
    add(out, whole, flatten(kept).replaceAll(keptPlus, '+'))
  }
  if ((marks & backslash) !== 0 || plain.includes('\\')) {
    if (hasEscape(plain)) add(out, whole, flatten(jsDecode.apply(plain)))
    if (hasCssEscape(plain)) add(out, whole, cssDecode.apply(plain))
  }
  if ((marks & base64) !== 0) {
    const text = decodeHexText(plain)
    if (text !== undefined) add(out, whole, flatten(text))
    else for (const run of decodeBase64Runs(plain)) add(out, whole, flatten(run))
  }
  return out
}

/** A byte that decoding leaves alone. */
const keptPlus = '\x01'

const none: readonly ByteString[] = []

function add(out: ByteString[], value: ByteString, reading: ByteString): void {
  if (reading !== value && reading.trim() !== '' && !out.includes(reading)) out.push(reading)
}

/** By byte: its mark, and whether it goes on a run of base64, as a mask. */
const marksOf = new Uint8Array(256)
const keepsRun = new Int8Array(256)
for (let c = 0; c < 256; c++) {
  if (isBase64(c)) keepsRun[c] = -1
  else if (c === 0 || c === 0xc0 || c === 0xc1 || c === 0xef || c === 0xe0 || c === 0xe2 || c >= 0xf0)
    marksOf[c] = special
}
marksOf[0x25] = percent
marksOf[0x26] = ampersand
marksOf[0x5c] = backslash

/** Without branches that depend on single bytes: the ends of words can't be guessed. */
function scan(value: ByteString): number {
  const { length } = value
  const bytes = viewOf(value)
  let marks = 0
  let run = 0
  for (let i = 0; i < length; i++) {
    const c = bytes[i] as number
    marks |= marksOf[c] as number
    run = (run + 1) & (keepsRun[c] as number)
    if (run === shortestRun) marks |= base64
  }
  if ((marks & percent) !== 0 && standAlone(value, '%')) marks &= ~percent
  if ((marks & ampersand) !== 0 && standAlone(value, '&')) marks &= ~ampersand
  return marks
}

/** Whether no escape or reference goes on behind any such sign: `100 %`, `Smith & sons`. */
function standAlone(value: ByteString, sign: string): boolean {
  for (let at = value.indexOf(sign); at >= 0; at = value.indexOf(sign, at + 1)) {
    const next = value.charCodeAt(at + 1)
    if (isBase64(next) || next === 0x23) return false
  }
  return true
}

/** Undoes what stands for single bytes until nothing changes. NUL bytes end a string for some and are nothing to others. */
export function flatten(value: ByteString): ByteString {
  let text = value
  for (let round = 0; round < maxRounds; round++) {
    const next = htmlNames(htmlEntityDecode.apply(foldLookAlikes(percentDecode(text))))
    if (next === text) break
    text = next
  }
  return text.includes('\0') ? text.replaceAll('\0', '') : text
}

/** As urlDecodeUni, with the code points that servers fold to a slash, and with a plus left alone where nothing is escaped. */
function percentDecode(value: ByteString): ByteString {
  let at = value.indexOf('%')
  if (at < 0) return value
  let out = ''
  let from = 0
  for (; at >= 0; at = value.indexOf('%', at)) {
    const isWide = (value.charCodeAt(at + 1) | 0x20) === 0x75
    const first = isWide ? hexPair(value.charCodeAt(at + 2), value.charCodeAt(at + 3)) : -1
    const second = first < 0 ? -1 : hexPair(value.charCodeAt(at + 4), value.charCodeAt(at + 5))
    const byte = second >= 0 ? wide(first, second) : hexPair(value.charCodeAt(at + 1), value.charCodeAt(at + 2))
    if (byte < 0) {
      at++
      continue
    }
    out += value.slice(from, at) + String.fromCharCode(byte)
    at += second >= 0 ? 6 : 3
    from = at
  }
  return from === 0 ? value : (out + value.slice(from)).replaceAll('+', ' ')
}

function wide(high: number, low: number): number {
  if (high === 0xff && low > 0 && low < 0x5f) return low + 0x20
  const code = (high << 8) | low
  if (code === 0x2215 || code === 0x2044 || code === 0xf025 || code === 0xefc8) return 0x2f
  if (code === 0x2216 || code === 0xf05c) return 0x5c
  return low
}

/** The references by name that hide punctuation; the transformation knows five others. */
const named: readonly (readonly [ByteString, ByteString])[] = [
  ['&colon;', ':'],
  ['&lpar;', '('],
  ['&rpar;', ')'],
  ['&Tab;', '\t'],
  ['&NewLine;', '\n'],
  ['&apos;', "'"],
  ['&grave;', '`'],
  ['&sol;', '/'],
  ['&bsol;', '\\'],
  ['&equals;', '='],
  ['&lbrace;', '{'],
  ['&lcub;', '{'],
  ['&dollar;', '$'],
  ['&semi;', ';'],
  ['&period;', '.'],
]

function htmlNames(value: ByteString): ByteString {
  if (!value.includes('&')) return value
  let text = value
  for (const [name, character] of named) if (text.includes(name)) text = text.replaceAll(name, character)
  return text
}

/** A backslash before what JavaScript, JSON or a shell string would undo. */
function hasEscape(value: ByteString): boolean {
  for (let at = value.indexOf('\\'); at >= 0; at = value.indexOf('\\', at + 2)) {
    const next = value.charCodeAt(at + 1)
    if (next === 0x75 || next === 0x78 || next === 0x6e || next === 0x72 || next === 0x74) return true
    if ((next >= 0x30 && next <= 0x37) || next === 0x22 || next === 0x27 || next === 0x2f) return true
  }
  return false
}

function hasCssEscape(value: ByteString): boolean {
  if (!value.includes('<') && !value.includes('(')) return false
  for (let at = value.indexOf('\\'); at >= 0; at = value.indexOf('\\', at + 2)) {
    if (hexPair(0x30, value.charCodeAt(at + 1)) >= 0) return true
  }
  return false
}
