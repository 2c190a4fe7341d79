// What of a filter concerns the values of some targets: the chains of transformations that rules take them through, the
// plans made for them, and what was found for values that come again.

import { RecentTexts } from '../../../lib/recent-texts.ts'
import type { TransformStep } from '../transform-step.ts'

export interface FilterChain {
  /** undefined: the value as it came. */
  readonly step: TransformStep | undefined
  /** Bits of the triggers, any of which makes the chain change a value; -1: it changes every value. */
  readonly triggers: number
  /** The chain from each of its steps on, with the trigger of that step; steps above it that change nothing need not run. */
  readonly suffixes: readonly { readonly step: TransformStep; readonly trigger: number }[]
  /** One bit for each pattern that looks at the outcome of this chain. */
  readonly mask: Int32Array
}

const maxPlans = 4096

/** What is to be done with the values of some targets: only chains of rules that look at them. */
export class FilterScope {
  /** Within its group. */
  readonly id: number
  /** By id of another scope: 1 when that one has all chains of this one, so what it found is enough. */
  coveredBy = new Uint8Array(0)
  readonly chains: readonly FilterChain[]
  /** Those that change every value, such as base64Decode. */
  readonly always: readonly FilterChain[]
  readonly #plans = new Map<number, Plan>()
  /** Candidates of values that come again: names, header values, words. */
  readonly recent = new RecentTexts<readonly number[]>()

  constructor(id: number, chains: readonly FilterChain[]) {
    this.id = id
    this.chains = chains.filter(chain => chain.triggers !== -1)
    this.always = chains.filter(chain => chain.triggers === -1)
  }

  covers(other: FilterScope): boolean {
    const mine = new Set([...this.chains, ...this.always])
    return [...other.chains, ...other.always].every(chain => mine.has(chain))
  }

  /** `triggered` has a bit for each trigger that the value holds; `words` is the length of a set of patterns. */
  planFor(triggered: number, words: number): Plan {
    const known = this.#plans.get(triggered)
    if (known !== undefined) return known
    const plain: Int32Array = new Int32Array(words)
    const outcomes = new Map<TransformStep, Int32Array>()
    for (const chain of this.chains) {
      const step = (chain.triggers & triggered) === 0 ? undefined : firstChanging(chain, triggered)
      let mask = plain
      if (step !== undefined) {
        mask = outcomes.get(step) ?? new Int32Array(words)
        outcomes.set(step, mask)
      }
      for (let w = 0; w < words; w++) mask[w] = (mask[w] as number) | (chain.mask[w] as number)
    }
    const plan = { plain, changing: Array.from(outcomes, ([step, mask]) => ({ step, mask })) }
    if (this.#plans.size < maxPlans) this.#plans.set(triggered, plan)
    return plan
  }
}

export interface Plan {
  /** Patterns for which the value as it came stands. */
  readonly plain: Int32Array
  readonly changing: readonly Outcome[]
}

/** What some steps make of a value, and the patterns that look at it. */
interface Outcome {
  readonly step: TransformStep
  readonly mask: Int32Array
}

/** Steps above the first whose trigger is pulled leave the value as it is, but for those that change its case. */
function firstChanging(chain: FilterChain, triggered: number): TransformStep | undefined {
  for (const { step, trigger } of chain.suffixes) if (trigger === 0 || (trigger & triggered) !== 0) return step
  return chain.step
}
