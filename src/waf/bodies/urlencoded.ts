// Queries and `application/x-www-form-urlencoded` bodies, read as ModSecurity does: split at the separator, name up to
// the first `=`, both decoded, an invalid escape kept as it stands and counted.

import type { ByteString } from '../../lib/bytes.ts'
import { decodeUrl, invalidEscapes } from '../transforms/url.ts'
import type { FlatArguments, ParsedUrlEncoded } from './types.ts'

export function parseUrlEncoded(body: ByteString, separator: string, most: number): ParsedUrlEncoded {
  const list: FlatArguments = []
  const hasEquals = body.includes('=')
  let isCut = false
  let start = 0
  while (start < body.length) {
    let end = body.indexOf(separator, start)
    if (end < 0) end = body.length
    if (end > start) {
      if (list.length >= most * 2) {
        isCut = true
        break
      }
      const equals = hasEquals ? indexWithin(body, start, end) : -1
      list.push(
        decodeUrl(body.slice(start, equals < 0 ? end : equals)),
        equals < 0 ? '' : decodeUrl(body.slice(equals + 1, end)),
      )
    }
    start = end + separator.length
  }
  return { arguments: list, isCut, invalidEscapes: invalidEscapes(body) }
}

/** indexOf would run to the end of the body for each argument without a value. */
function indexWithin(body: ByteString, start: number, end: number): number {
  for (let i = start; i < end; i++) if (body.charCodeAt(i) === 0x3d) return i
  return -1
}
