// Numeric comparisons: eq, ge, gt, le, lt. Both sides are read as C's atoi reads them: `12abc` is 12, `abc` is 0.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import { ok } from './argument.ts'
import type { OperatorDefinition } from './types.ts'

export const eq = numeric('eq', 'The value equals the argument as a number.', (value, argument) => value === argument)
export const ge = numeric('ge', 'The value is the argument or more.', (value, argument) => value >= argument)
export const gt = numeric('gt', 'The value is more than the argument.', (value, argument) => value > argument)
export const le = numeric('le', 'The value is the argument or less.', (value, argument) => value <= argument)
export const lt = numeric('lt', 'The value is less than the argument.', (value, argument) => value < argument)

function numeric(
  name: string,
  summary: string,
  compare: (value: number, argument: number) => boolean,
): OperatorDefinition {
  return {
    name,
    summary,
    compile(argument) {
      if (!argument.isStatic) {
        return ok({ test: (value, call) => compare(atoi(value), atoi(argument.expand(call.scope))) })
      }
      const number = atoi(argument.text)
      return ok({ test: value => compare(atoi(value), number) })
    },
  }
}

/** Saturates instead of wrapping around, so that a huge number stays huge. */
function atoi(text: ByteString): number {
  let i = 0
  while (isSpace(text.charCodeAt(i))) i++
  const sign = text.charCodeAt(i)
  if (sign === 0x2d || sign === 0x2b) i++
  let value = 0
  for (; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    value = Math.min(value * 10 + digit, Number.MAX_SAFE_INTEGER)
  }
  return sign === 0x2d ? -value : value
}
