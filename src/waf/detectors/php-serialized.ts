// Reads PHP's serialization as its own reader does, from where it may begin: `O:8:"stdClass":1:{…}`, `C:…`, and arrays.
// Objects always count. Arrays are told apart from labels such as "a:1" by their own grammar.

import type { ByteString } from '../../lib/bytes.ts'
import type { Detection } from './types.ts'

const maxStarts = 200

export function phpObject(value: ByteString): Detection | undefined {
  let starts = 0
  for (let at = value.indexOf(':'); at >= 0 && starts < maxStarts; at = value.indexOf(':', at + 1)) {
    starts++
    const kind = value.charAt(at - 1)
    if (kind !== 'O' && kind !== 'C' && kind !== 'o' && kind !== 'a' && kind !== 'E') continue
    if (isWord(value.charCodeAt(at - 2))) continue
    const end = kind === 'a' ? arrayHead(value, at + 1) : objectHead(value, at + 1)
    if (end > 0) return { reason: kind === 'a' ? 'PHP array' : 'PHP object', start: at - 1, end }
  }
  return undefined
}

/** `8:"stdClass":1:{`; a plus or blanks before the length are read too. Quotes may have lost to an escape. */
function objectHead(value: ByteString, from: number): number {
  const length = number(value, from)
  if (length < 0) return 0
  let i = length
  if (value.charAt(i) !== ':') return 0
  i++
  while (value.charAt(i) === '\\' || value.charAt(i) === '"' || value.charAt(i) === "'") i++
  const name = i
  while (i < value.length && i - name < 200 && (isWord(value.charCodeAt(i)) || value.charAt(i) === '\\')) i++
  if (i === name) return 0
  while (value.charAt(i) === '\\' || value.charAt(i) === '"' || value.charAt(i) === "'") i++
  if (value.charAt(i) !== ':') return 0
  const count = number(value, i + 1)
  return count > 0 && value.charAt(count) === ':' && value.charAt(count + 1) === '{' ? count + 2 : 0
}

/** `1:{i:0;…`, `0:{}`. */
function arrayHead(value: ByteString, from: number): number {
  const count = number(value, from)
  if (count < 0 || value.charAt(count) !== ':' || value.charAt(count + 1) !== '{') return 0
  const i = count + 2
  if (value.charAt(i) === '}') return i + 1
  return (value.charAt(i) === 'i' || value.charAt(i) === 's') && value.charAt(i + 1) === ':' && number(value, i + 2) > 0
    ? i + 2
    : 0
}

/** Behind the digits at `from`; -1 when there are none. */
function number(value: ByteString, from: number): number {
  let i = from
  if (value.charAt(i) === '+') i++
  const start = i
  while (i < value.length && i - start < 12 && value.charCodeAt(i) >= 0x30 && value.charCodeAt(i) <= 0x39) i++
  return i > start ? i : -1
}

function isWord(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39) || c === 0x5f || c >= 0x80
}
