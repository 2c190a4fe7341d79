// base64Decode, base64DecodeExt and base64Encode (RFC 4648).

import type { ByteString } from '../../lib/bytes.ts'
import { reserve, take } from './scratch.ts'
import type { Transformation } from './types.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const sextet = new Int8Array(256).fill(-1)
for (let i = 0; i < alphabet.length; i++) sextet[alphabet.charCodeAt(i)] = i

/**
 * Strict: decodes up to the first byte that is not of the alphabet, line breaks excepted, and yields what was decoded
 * until then. Text that is no base64 from the start stays as it is, so that a rule still sees it.
 */
export const base64Decode: Transformation = {
  name: 'base64Decode',
  summary: 'Decodes base64 up to the first byte that is not of the alphabet.',
  apply: value => decode(value, false),
  isShorter: isShorterDecoded,
}

export const base64DecodeExt: Transformation = {
  name: 'base64DecodeExt',
  summary: 'Decodes base64 and skips bytes that are not of the alphabet, as PHP and others do.',
  apply: value => decode(value, true),
}

export const base64Encode: Transformation = {
  name: 'base64Encode',
  summary: 'Encodes as base64 with padding.',
  apply: value => (value === '' ? value : Buffer.from(value, 'latin1').toString('base64')),
}

/** Most texts: their first word has few letters, and a space or a stop ends it. */
function isShorterDecoded(value: ByteString, bytes: number): boolean {
  const needed = Math.ceil((bytes * 4) / 3)
  let count = 0
  for (let i = 0; i < value.length && count < needed; i++) {
    const c = value.charCodeAt(i)
    if ((sextet[c] ?? -1) >= 0) count++
    else if (c !== 0x0d && c !== 0x0a) break
  }
  return count > 0 && count < needed
}

function decode(value: ByteString, forgiving: boolean): ByteString {
  if (value === '') return value
  const out = reserve(value.length)
  let end = 0
  let bits = 0
  let count = 0
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    const six = sextet[code] ?? -1
    if (six < 0) {
      if (forgiving || code === 0x0d || code === 0x0a) continue
      break
    }
    bits = ((bits << 6) | six) & 0xffffff
    count++
    if ((count & 3) === 0) {
      out[end++] = bits >> 16
      out[end++] = bits >> 8
      out[end++] = bits
    }
  }
  if (count === 0) return value
  if ((count & 3) === 2) out[end++] = bits >> 4
  if ((count & 3) === 3) {
    out[end++] = bits >> 10
    out[end++] = bits >> 2
  }
  return take(end)
}
