// A value that is a text in hexadecimal and nothing else: `3c7363726970743e…`. Digests, identifiers and keys come out as
// bytes that no text has, and so they are not read.

import type { ByteString } from '../../lib/bytes.ts'
import { hexPair } from '../transforms/characters.ts'

/** Shorter ones are numbers and colours. */
export const shortestHex = 20
/** Longer ones are files. */
export const longestHex = 16 * 1024

/** Undefined where it is none, which the first bytes tell of nearly all. */
export function decodeHexText(value: ByteString): ByteString | undefined {
  const from = value.charCodeAt(0) === 0x30 && (value.charCodeAt(1) | 0x20) === 0x78 ? 2 : 0
  const digits = value.length - from
  if (digits < shortestHex || digits > longestHex || digits % 2 === 1) return undefined
  let out = ''
  for (let i = from; i < value.length; i += 2) {
    const byte = hexPair(value.charCodeAt(i), value.charCodeAt(i + 1))
    const isText = (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d
    if (!isText) return undefined
    out += String.fromCharCode(byte)
  }
  return out
}
