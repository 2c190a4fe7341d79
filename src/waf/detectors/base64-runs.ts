// Text and serialized objects in base64 inside a value: cookies, JSON members, parameters. A run counts when what it
// decodes to is text throughout or starts as a known serialization does; pictures and keys are neither.

import { type ByteString, bufferToBytes } from '../../lib/bytes.ts'

/** Letters of the shortest run that is read. */
export const shortestRun = 12
const maxRuns = 8
const maxRunBytes = 32 * 1024

export function decodeBase64Runs(value: ByteString): readonly ByteString[] {
  const found: ByteString[] = []
  let start = -1
  for (let i = 0; i <= value.length && found.length < maxRuns; i++) {
    if (i < value.length && isBase64(value.charCodeAt(i))) {
      if (start < 0) start = i
      continue
    }
    if (start >= 0 && i - start >= shortestRun && mayCount(value, start)) {
      const decoded = decode(value.slice(start, Math.min(i, start + maxRunBytes)))
      if (decoded !== undefined) found.push(decoded)
    }
    start = -1
  }
  return found
}

export function isBase64(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0x2f && c <= 0x39) || c === 0x2b || c === 0x2d || c === 0x5f
}

function decode(run: ByteString): ByteString | undefined {
  const bytes = bufferToBytes(Buffer.from(run, 'base64'))
  return isText(bytes) || isSerialized(bytes) ? bytes : undefined
}

const digits = new Uint8Array(256)
for (const [i, character] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  digits[character.charCodeAt(0)] = i
}
digits[0x2d] = 62
digits[0x5f] = 63

/** By the first letters of a run, which are enough for most words and keys: bytes of text, or the start of an object. */
function mayCount(value: ByteString, start: number): boolean {
  for (let i = start; i < start + shortestRun; i += 4) {
    const triple =
      (digit(value, i) << 18) | (digit(value, i + 1) << 12) | (digit(value, i + 2) << 6) | digit(value, i + 3)
    const first = triple >>> 16
    if (i === start && (first === 0xac || first === 0 || first === 0x80)) return true
    if (!isTextByte(first) || !isTextByte((triple >>> 8) & 0xff) || !isTextByte(triple & 0xff)) return false
  }
  return true
}

function digit(value: ByteString, at: number): number {
  return digits[value.charCodeAt(at) & 0xff] as number
}

function isTextByte(c: number): boolean {
  return c < 0x20 ? c === 9 || c === 10 || c === 13 : c <= 0x7e
}

/** All ASCII text with something in it that is no word. */
function isText(bytes: ByteString): boolean {
  if (bytes.length < 8) return false
  let other = 0
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes.charCodeAt(i)
    if (!isTextByte(c)) return false
    if (!isBase64(c) || c === 0x2f) other++
  }
  return other > 0
}

/** Java, Python pickle (protocol 2 and later), .NET BinaryFormatter. */
function isSerialized(bytes: ByteString): boolean {
  return (
    bytes.startsWith('\xac\xed\0\x05') ||
    bytes.startsWith('\0\x01\0\0\0\xff\xff\xff\xff') ||
    (bytes.startsWith('\x80') && bytes.charCodeAt(1) >= 2 && bytes.charCodeAt(1) <= 5 && bytes.endsWith('.'))
  )
}
