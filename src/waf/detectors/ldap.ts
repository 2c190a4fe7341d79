// detectLdap: whether a value would change the structure of an LDAP filter that it is put into, such as
// `(&(uid=VALUE)(active=1))`: it closes the comparison that it stands in and goes on with filters of its own, or it is a
// filter itself.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import { skipBlanks as skip } from './reading.ts'
import type { Detection } from './types.ts'

/** Filters are short; what is longer is text. */
const maxBytes = 4096
const maxBrackets = 512

export function detectLdap(value: ByteString): Detection | undefined {
  if (value.length > maxBytes) return undefined
  if (value.includes(':=')) {
    const found = extensible(value)
    if (found) return found
  }
  if (!value.includes(')') && !value.includes('(')) return undefined
  return closing(value) ?? wholeFilter(value) ?? bareBrackets(value)
}

/** `*)(uid=*))(|(uid=*`, `admin)(&`, `*)%00`: a bracket that the value did not open, and behind it what a filter goes on with. */
function closing(value: ByteString): Detection | undefined {
  let depth = 0
  let seen = 0
  for (let i = 0; i < value.length && seen < maxBrackets; i++) {
    const c = value.charCodeAt(i)
    if (c === 0x28) {
      depth++
      seen++
      // `*(|(objectclass=*))`: a wildcard, then a filter where none can stand.
      if (isFilterAt(value, i) && value.charCodeAt(i - 1) === 0x2a)
        return { reason: 'filter', start: i - 1, end: i + 1 }
    } else if (c === 0x29) {
      seen++
      if (depth-- > 0) continue
      depth = 0
      const end = goesOn(value, i + 1, value.charCodeAt(i - 1) === 0x2a || i === 0)
      if (end > 0) return { reason: 'closed filter', start: Math.max(0, i - 1), end }
    }
  }
  return undefined
}

/** End of what follows a closing bracket when it belongs to a filter; 0 when it is text. */
function goesOn(value: ByteString, from: number, isSure: boolean): number {
  let i = from
  while (i < value.length && (value.charCodeAt(i) === 0x29 || isSpace(value.charCodeAt(i)))) i++
  if (i === value.length) return isSure && value.length > 1 && value.length < 80 ? i : 0
  const c = value.charCodeAt(i)
  if (c === 0) return i + 1
  if (c === 0x28) return isFilterAt(value, i) ? i + 1 : 0
  if ((c === 0x26 || c === 0x7c || c === 0x21) && nextIs(value, i + 1, '('))
    return isFilterAt(value, skip(value, i + 1)) ? i + 2 : 0
  return c === 0x5c && value.startsWith('x00', i + 1) ? i + 4 : 0
}

/** Whether `(` at `at` opens a comparison `name=`, `name>=`, an operator `&`, `|`, `!`, or another filter. */
function isFilterAt(value: ByteString, at: number): boolean {
  let i = skip(value, at + 1)
  while (value.charCodeAt(i) === 0x28) i = skip(value, i + 1)
  const c = value.charCodeAt(i)
  if (c === 0x26 || c === 0x7c) {
    const next = skip(value, i + 1)
    return (
      next >= value.length ||
      value.charCodeAt(next) === 0x28 ||
      value.charCodeAt(next) === 0x29 ||
      comparisonEnd(value, next) > 0
    )
  }
  if (c === 0x21) return value.charCodeAt(skip(value, i + 1)) === 0x28 || comparisonEnd(value, i + 1) > 0
  return comparisonEnd(value, i) > 0
}

/** Behind the operator of `name=`, `name>=`, `name~=`, `name:rule:=` at `at`; 0 when there is none. */
function comparisonEnd(value: ByteString, at: number): number {
  let i = at
  while (i < value.length && i - at < 64 && isNameByte(value.charCodeAt(i))) i++
  if (i === at) return 0
  if (value.charCodeAt(i - 1) === 0x3a && value.charCodeAt(i) === 0x3d) return i + 1
  i = skip(value, i)
  const c = value.charCodeAt(i)
  if (c === 0x3d) return value.charCodeAt(i + 1) === 0x3d || value.charCodeAt(i + 1) === 0x3e ? 0 : i + 1
  return (c === 0x3e || c === 0x3c || c === 0x7e) && value.charCodeAt(i + 1) === 0x3d ? i + 2 : 0
}

/** The value is one filter with an operator: `(&(objectClass=user)(cn=*))`, or a comparison of a well-known name with anything. */
function wholeFilter(value: ByteString): Detection | undefined {
  const start = skip(value, 0)
  if (value.charCodeAt(start) !== 0x28) return undefined
  const inner = skip(value, start + 1)
  const c = value.charCodeAt(inner)
  const isOperator = c === 0x26 || c === 0x7c || c === 0x21
  if (isOperator) {
    const next = skip(value, inner + 1)
    const isFilter = value.charCodeAt(next) === 0x28 && comparisonEnd(value, skip(value, next + 1)) > 0
    return isFilter ? { reason: 'filter', start, end: next + 1 } : undefined
  }
  const end = comparisonEnd(value, inner)
  if (end === 0) return undefined
  const name = value
    .slice(inner, end - 1)
    .trim()
    .toLowerCase()
  return directoryNames.has(name) ? { reason: 'filter', start, end } : undefined
}

/** `userPassword:2.5.13.18:=123`: a comparison by a rule that only a filter has. */
function extensible(value: ByteString): Detection | undefined {
  for (let at = value.indexOf(':='); at >= 0; at = value.indexOf(':=', at + 2)) {
    let start = at
    while (start > 0 && at - start < 64 && isNameByte(value.charCodeAt(start - 1))) start--
    const parts = value.slice(start, at).split(':')
    const rule = parts.at(-1) ?? ''
    const isOid =
      rule.length > 4 && [...rule].every(byte => byte === '.' || (byte >= '0' && byte <= '9')) && rule.includes('.')
    if (parts.length > 1 && (isOid || rule.toLowerCase().endsWith('match')))
      return { reason: 'matching rule', start, end: at + 2 }
  }
  return undefined
}

/** Nothing but brackets, wildcards and operators, too many of them for a face: a probe for errors. */
function bareBrackets(value: ByteString): Detection | undefined {
  if (value.length < 4 || value.length > 24) return undefined
  let brackets = 0
  let operators = 0
  for (const byte of value) {
    if (byte === '(' || byte === ')') brackets++
    else if (byte === '*' || byte === '|' || byte === '&' || byte === '!') operators++
    else if (byte === "'" || byte === '"') continue
    else return undefined
  }
  return brackets > 0 && operators > 0 ? { reason: 'bare filter', start: 0, end: value.length } : undefined
}

const directoryNames = new Set(
  'objectclass objectcategory uid cn sn ou dc mail member memberof samaccountname userprincipalname userpassword givenname'.split(
    ' ',
  ),
)

function nextIs(value: ByteString, from: number, character: string): boolean {
  return value.charAt(skip(value, from)) === character
}

function isNameByte(c: number): boolean {
  const lower = c | 0x20
  return (
    (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x3a) || c === 0x2d || c === 0x3b || c === 0x2e || c === 0x5f
  )
}
