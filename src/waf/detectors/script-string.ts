// A value that lands in a string of a script: `';alert(1)//`, `"-alert(1)-"`, `${alert(1)}`.

import type { ByteString } from '../../lib/bytes.ts'
import type { Detection } from './types.ts'
import { scriptSinks } from './xss-words.ts'

/** The first quote closes the string. An operator or a semicolon and a well-known name must follow at once. */
export function breaksOutOfScript(value: ByteString): Detection | undefined {
  for (const quote of ["'", '"', '`']) {
    const at = value.indexOf(quote)
    if (at < 0) continue
    const end = sinkAfter(value, at + 1)
    if (end > 0) return { reason: 'script string', start: at, end }
  }
  return undefined
}

/** End of the sink's name when the text at `from` is `)};` or an operator, then a sink that is called or assigned. */
function sinkAfter(value: ByteString, from: number): number {
  let i = from
  let operators = 0
  for (; i < value.length && i < from + 24; i++) {
    const c = value.charAt(i)
    if (';-+*^|&,)}]/=?:%<>!~'.includes(c)) operators++
    else if (c !== ' ' && c !== '\n' && c !== '(' && c !== '[' && c !== '{') break
  }
  if (operators === 0) return -1
  const start = i
  while (i < value.length && isName(value.charCodeAt(i))) i++
  if (i - start > 24 || !scriptSinks.has(value.slice(start, i).toLowerCase())) return -1
  while (value.charAt(i) === ' ') i++
  const next = value.charAt(i)
  if (next === '(' || next === '`' || next === '[') return i + 1
  return next === '.' || next === '=' || next === '?' ? memberEnd(value, i) : -1
}

/** `document.cookie`, `location=…`, `window['x']`: another name, or an assignment, must follow. */
function memberEnd(value: ByteString, at: number): number {
  if (value.charAt(at) === '=') return value.charAt(at + 1) === '=' ? -1 : at + 1
  const next = value.charCodeAt(at + 1)
  return isName(next) || value.charAt(at) === '?' ? at + 1 : -1
}

function isName(c: number): boolean {
  return ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c === 0x5f || c === 0x24
}
