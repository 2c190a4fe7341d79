// Bytes that decoders fold into ASCII: overlong UTF-8 (C0 AF for a slash, in any length and with broken trailing bytes)
// and the full-width forms of the characters that attacks need. Other text keeps its bytes.

import type { ByteString } from '../../lib/bytes.ts'

export function foldLookAlikes(value: ByteString): ByteString {
  let out = ''
  let from = 0
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c < 0xc0) continue
    const length = c === 0xef ? 3 : overlongLength(value, i, c)
    const unseen = invisible(value, i, c)
    if (unseen > 0) {
      out += value.slice(from, i)
      i += unseen - 1
      from = i + 1
      continue
    }
    if (length === 0) continue
    const folded = c === 0xef ? fullWidth(value.charCodeAt(i + 1), value.charCodeAt(i + 2)) : lastBits(value, i, length)
    if (folded < 0) continue
    out += value.slice(from, i) + String.fromCharCode(folded)
    i += length - 1
    from = i + 1
  }
  return from === 0 ? value : out + value.slice(from)
}

/** Bytes of a character without a shape that starts here: zero-width and direction marks, BOM, replacement character. */
function invisible(value: ByteString, at: number, lead: number): number {
  const second = value.charCodeAt(at + 1)
  const third = value.charCodeAt(at + 2)
  if (lead === 0xe2 && second === 0x80)
    return (third >= 0x8b && third <= 0x8f) || (third >= 0xaa && third <= 0xae) ? 3 : 0
  if (lead === 0xe2) return second === 0x81 && third >= 0xa0 && third <= 0xaf ? 3 : 0
  if (lead === 0xef) return (second === 0xbb && third === 0xbf) || (second === 0xbf && third === 0xbd) ? 3 : 0
  return 0
}

/** Bytes of an overlong form of ASCII that starts here, 0 for anything else. */
function overlongLength(value: ByteString, at: number, lead: number): number {
  if (lead === 0xc0 || lead === 0xc1) return at + 1 < value.length ? 2 : 0
  if (lead === 0xe0) return startsOverlong(value, at, 2) ? 3 : 0
  if (lead === 0xf0) return startsOverlong(value, at, 3) ? 4 : 0
  if (lead === 0xf8) return startsOverlong(value, at, 4) ? 5 : 0
  if (lead === 0xfc) return startsOverlong(value, at, 5) ? 6 : 0
  return 0
}

/** `trailing` continuation bytes, of which all but the last are empty; the last but one may bring the seventh bit. */
function startsOverlong(value: ByteString, at: number, trailing: number): boolean {
  for (let i = 1; i < trailing - 1; i++) if (value.charCodeAt(at + i) !== 0x80) return false
  const before = value.charCodeAt(at + trailing - 1)
  const last = value.charCodeAt(at + trailing)
  return (before === 0x80 || before === 0x81) && last >= 0x80 && last <= 0xbf
}

/** The ASCII byte of an overlong form. Two bytes are read as careless decoders do: without looking at the marker bits. */
function lastBits(value: ByteString, at: number, length: number): number {
  const low = value.charCodeAt(at + length - 1) & 0x3f
  const high = value.charCodeAt(at + length - 2) & 1
  return (high << 6) | low
}

const attackers = new Set([...'<>\'"./\\;|&$`({[=%'].map(character => character.charCodeAt(0)))

/** EF BC 80 to EF BD 9E are ! to ~. Those of ordinary Asian punctuation (commas, brackets, colons) stay what they are. */
function fullWidth(second: number, third: number): number {
  if (third < 0x80 || third > 0xbf) return -1
  const folded = second === 0xbc ? third - 0x60 : second === 0xbd ? third - 0x20 : -1
  return attackers.has(folded) && folded !== 0x28 ? folded : -1
}
