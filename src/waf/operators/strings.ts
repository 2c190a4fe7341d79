// Plain string comparisons: beginsWith, contains, containsWord, endsWith, streq, strmatch, within.

import type { ByteString } from '../../lib/bytes.ts'
import { comparison, span } from './argument.ts'

export const beginsWith = comparison('beginsWith', 'The value starts with the argument.', (value, argument, call) => {
  if (!value.startsWith(argument)) return false
  span(call, 0, argument.length)
  return true
})

export const endsWith = comparison('endsWith', 'The value ends with the argument.', (value, argument, call) => {
  if (!value.endsWith(argument)) return false
  span(call, value.length - argument.length, value.length)
  return true
})

export const streq = comparison('streq', 'The value is the argument.', (value, argument, call) => {
  if (value !== argument) return false
  span(call, 0, value.length)
  return true
})

export const contains = comparison('contains', 'The argument occurs in the value.', (value, argument, call) => {
  const at = value.indexOf(argument)
  if (at < 0) return false
  span(call, at, at + argument.length)
  return true
})

export const strmatch = comparison(
  'strmatch',
  'The argument occurs in the value; the same as contains.',
  (value, argument, call) => {
    const at = value.indexOf(argument)
    if (at < 0) return false
    span(call, at, at + argument.length)
    return true
  },
)

/** An empty value is within any argument. */
export const within = comparison('within', 'The value occurs in the argument.', (value, argument, call) => {
  if (!argument.includes(value)) return false
  span(call, 0, value.length)
  return true
})

export const containsWord = comparison(
  'containsWord',
  'The argument occurs in the value with no letter next to it.',
  (value, argument, call) => {
    if (argument === '') return true
    for (let at = value.indexOf(argument); at >= 0; at = value.indexOf(argument, at + 1)) {
      const end = at + argument.length
      if (isLetter(value, at - 1) || isLetter(value, end)) continue
      span(call, at, end)
      return true
    }
    return false
  },
)

/** Digits and _ end a word here, as in ModSecurity. */
function isLetter(value: ByteString, at: number): boolean {
  if (at < 0 || at >= value.length) return false
  const c = value.charCodeAt(at) | 0x20
  return c >= 0x61 && c <= 0x7a
}
