// validateByteRange, validateUrlEncoding and validateUtf8Encoding: each matches when the value is NOT valid.

import type { ByteString } from '../../lib/bytes.ts'
import { utf8Length } from '../bodies/utf8.ts'
import { hexPair } from '../transforms/characters.ts'
import { check, ok, span } from './argument.ts'
import type { OperatorDefinition } from './types.ts'

export const validateByteRange: OperatorDefinition = {
  name: 'validateByteRange',
  summary: 'A byte of the value is outside the ranges, such as `9,10,13,32-126`.',
  compile(argument) {
    const allowed = new Uint8Array(256)
    let offset = 0
    for (const part of argument.text.split(',')) {
      if (part.trim() !== '' && !allow(part.trim(), allowed)) {
        return { ok: false, message: `${part.trim().slice(0, 64)} is no range of bytes`, offset }
      }
      offset += part.length + 1
    }
    return ok({
      test(value, call) {
        for (let i = 0; i < value.length; i++) {
          if (allowed[value.charCodeAt(i)] === 1) continue
          span(call, i, i + 1)
          return true
        }
        return false
      },
    })
  },
}

function allow(range: ByteString, allowed: Uint8Array): boolean {
  const dash = range.indexOf('-')
  const first = byteNumber(dash < 0 ? range : range.slice(0, dash))
  const last = dash < 0 ? first : byteNumber(range.slice(dash + 1))
  if (first === undefined || last === undefined || first > last) return false
  allowed.fill(1, first, last + 1)
  return true
}

function byteNumber(text: ByteString): number | undefined {
  const digits = text.trim()
  if (!/^\d{1,3}$/.test(digits)) return undefined
  const number = Number(digits)
  return number <= 255 ? number : undefined
}

export const validateUrlEncoding = check(
  'validateUrlEncoding',
  'A percent sign of the value starts no valid escape.',
  (value, call) => {
    for (let i = value.indexOf('%'); i >= 0; i = value.indexOf('%', i + 1)) {
      if (i + 2 < value.length && hexPair(value.charCodeAt(i + 1), value.charCodeAt(i + 2)) >= 0) continue
      span(call, i, Math.min(i + 3, value.length))
      return true
    }
    return false
  },
)

export const validateUtf8Encoding = check('validateUtf8Encoding', 'The value is not valid UTF-8.', (value, call) => {
  for (let i = 0; i < value.length; ) {
    const length = utf8Length(value, i)
    if (length === 0) {
      span(call, i, i + 1)
      return true
    }
    i += length
  }
  return false
})
