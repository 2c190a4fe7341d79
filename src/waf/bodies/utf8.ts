// UTF-8 (RFC 3629) over byte strings: one strict step, used by the JSON reader and by @validateUtf8Encoding.

import type { ByteString } from '../../lib/bytes.ts'

/** Length of the valid sequence at `at`, or 0: overlong forms, surrogates and what lies past U+10FFFF are not valid. */
export function utf8Length(value: ByteString, at: number): number {
  const lead = value.charCodeAt(at)
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  const second = value.charCodeAt(at + 1)
  if ((second & 0xc0) !== 0x80) return 0
  if (lead < 0xe0) return 2
  if ((value.charCodeAt(at + 2) & 0xc0) !== 0x80) return 0
  if (lead < 0xf0) return (lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f) ? 0 : 3
  if ((value.charCodeAt(at + 3) & 0xc0) !== 0x80) return 0
  return (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f) ? 0 : 4
}

/** The bytes of one code point; a surrogate becomes U+FFFD. */
export function encodeUtf8(code: number): ByteString {
  if (code < 0x80) return String.fromCharCode(code)
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
  if (code >= 0xd800 && code <= 0xdfff) return '\xef\xbf\xbd'
  if (code < 0x10000) {
    return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  }
  return String.fromCharCode(
    0xf0 | (code >> 18),
    0x80 | ((code >> 12) & 0x3f),
    0x80 | ((code >> 6) & 0x3f),
    0x80 | (code & 0x3f),
  )
}
