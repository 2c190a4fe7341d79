// none and length: the two that look at no byte.

import type { Transformation } from './types.ts'

/** Stands for the empty list: the rule compiler drops all that came before it. */
export const none: Transformation = {
  name: 'none',
  summary: 'Drops the transformations set before it; changes nothing itself.',
  apply: value => value,
}

export const length: Transformation = {
  name: 'length',
  summary: 'Replaces the value by its length in bytes, in decimal digits.',
  apply: value => String(value.length),
}
