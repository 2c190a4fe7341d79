// What rules say of values that come again: header values, names, methods, flags. A filter says which patterns may match a
// value. For one that it keeps, the patterns are tried once, and those that don't match are taken out for good: the
// operators behind patterns look at nothing but the value, so an equal one is judged the same.

import { OperatorCall } from '../../operators/types.ts'
import type { Value } from '../../variables/value.ts'
import type { Link } from '../rule.ts'
import type { TransformStep } from '../transform-step.ts'

export class Verdicts {
  /** By pattern: a link that stands for it. */
  readonly #links: readonly (Link | undefined)[]
  readonly #call = new OperatorCall({ lookup: () => undefined })

  constructor(links: readonly (Link | undefined)[]) {
    this.#links = links
  }

  /** Whether a pattern that may match the value does not. */
  areAgainst(pattern: number, value: Value): boolean {
    const link = this.#links[pattern]
    if (link === undefined) return false
    if (!link.multiMatch) return !this.#matches(link, link.step, value)
    // Steps that change nothing are tried for nothing, once.
    return ![undefined, ...(link.step?.path ?? [])].some(step => this.#matches(link, step, value))
  }

  #matches({ operator, negated }: Link, step: TransformStep | undefined, value: Value): boolean {
    this.#call.reset(false)
    return operator?.test(step === undefined ? value.value : step.of(value), this.#call) !== negated
  }
}
