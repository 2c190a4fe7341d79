// The boundary parameter of `multipart/form-data` (RFC 2046 §5.1.1, RFC 7578). Strict: whatever two parsers could read
// in two ways is an error.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import type { MultipartFlags } from './types.ts'

export type BoundaryResult =
  | { readonly ok: true; readonly boundary: ByteString }
  | { readonly ok: false; readonly message: string }

const maxHeader = 1024
const maxBoundary = 256
const type = 'multipart/form-data'

export function parseBoundary(contentType: ByteString, flags: MultipartFlags): BoundaryResult {
  if (contentType.length > maxHeader) return fail('the content type is too long')
  const lower = contentType.toLowerCase()
  if (!lower.startsWith(type)) return fail('not multipart/form-data')
  if (countBoundaries(lower) > 1) return fail('more than one boundary')
  const at = contentType.indexOf('boundary')
  if (at < 0) return fail(lower.includes('boundary') ? 'the boundary parameter is not in lower case' : 'no boundary')

  const before = readParametersBefore(contentType, at)
  if (before === undefined) return fail('something stands before the boundary')
  if (!before.semicolon) flags.missingSemicolon = true

  const equals = contentType.indexOf('=', at)
  if (equals < 0) return fail('the boundary has no value')
  for (let i = at + 8; i < equals; i++) {
    if (!isSpace(contentType.charCodeAt(i))) return fail('the name of the boundary parameter')
    flags.boundaryWhitespace = true
  }
  if (isSpace(contentType.charCodeAt(equals + 1))) flags.boundaryWhitespace = true
  return readBoundary(contentType.slice(equals + 1), flags)
}

function readBoundary(text: ByteString, flags: MultipartFlags): BoundaryResult {
  let boundary = text
  const quoted = boundary.length >= 2 && boundary.startsWith('"') && boundary.endsWith('"')
  if (quoted) {
    flags.boundaryQuoted = true
    boundary = boundary.slice(1, -1)
  } else if (boundary.startsWith('"') || boundary.endsWith('"')) return fail('the boundary is quoted at one end')
  if (!isBoundary(boundary)) {
    // Some clients append a parameter such as charset; the boundary ends before it.
    const semicolon = boundary.indexOf(';')
    if (semicolon >= 0) boundary = boundary.slice(0, semicolon)
  }
  if (boundary === '') return fail('the boundary is empty')
  if (boundary.length > maxBoundary) return fail('the boundary is too long')
  if (!isBoundary(boundary)) return fail('the boundary has characters that RFC 2046 does not allow')
  return { ok: true, boundary }
}

function fail(message: string): BoundaryResult {
  return { ok: false, message }
}

function countBoundaries(lower: ByteString): number {
  let count = 0
  for (let i = lower.indexOf('boundary'); i >= 0; i = lower.indexOf('boundary', i + 8)) {
    if (lower.includes('=', i)) count++
  }
  return count
}

/** Whether a semicolon leads to the boundary. Another parameter, such as charset, may stand before it. */
function readParametersBefore(contentType: ByteString, at: number): { semicolon: boolean } | undefined {
  let semicolon = false
  let i = type.length
  while (i < at) {
    const c = contentType.charCodeAt(i)
    if (isSpace(c)) i++
    else if (c === 0x3b && !semicolon) {
      semicolon = true
      i++
    } else {
      const end = contentType.indexOf(';', i)
      if (!semicolon || end < 0 || end >= at || !isPlainParameter(contentType, i, end)) return undefined
      semicolon = false
      i = end
    }
  }
  return { semicolon }
}

function isPlainParameter(text: ByteString, start: number, end: number): boolean {
  let equals = 0
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x3d) equals++
    else if (!isAlphanumeric(c) && c !== 0x2d && c !== 0x5f && c !== 0x2e) return false
  }
  return equals === 1
}

function isAlphanumeric(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a)
}

/** bchars of RFC 2046; a space may not come last. */
function isBoundary(text: ByteString): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x20 ? i === text.length - 1 : !isAlphanumeric(c) && !"'()+_,-./:=?".includes(text.charAt(i)))
      return false
  }
  return true
}
