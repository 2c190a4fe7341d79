// What of a filter concerns the values of some targets: the chains of transformations that rules take them through, the
// plans made for them, and what was found for values that come again.

import { RecentTexts } from '../../../lib/recent-texts.ts'
import type { ByteMasks } from '../../match/byte-classes.ts'
import { Finding } from '../../variables/value.ts'
import type { TransformStep } from '../transform-step.ts'

export interface FilterChain {
  /** undefined: the value as it came. */
  readonly step: TransformStep | undefined
  /** Bits of the triggers, any of which makes the chain change a value; -1: it changes every value. */
  readonly triggers: number
  /** One bit for each pattern of the scope that looks at the outcome of this chain. */
  readonly mask: Int32Array
  /** Fewest bytes that any of these patterns matches. */
  readonly minBytes: number
}

/** What can be told of the outcome of some steps from the value alone. */
export interface OutcomeFacts {
  /** Classes of the bytes that they may bring in; undefined when that may be any, or they may make a value longer. */
  added(step: TransformStep): ByteMasks | undefined
  /**
   * For a value that pulls these triggers: ids of what the prefilter looks for, one of which it must find in the value
   * for the outcome to match any of the patterns; undefined when that is not known.
   */
  needed(step: TransformStep, triggered: number, patterns: Int32Array): Int32Array | undefined
}

const maxPlans = 4096
/** More than there can be in a group: each is a set of patterns that some target needs. */
const maxScopes = 1 << 20

/** A finding names its scope by a number that no scope of another group has. */
export function firstScopeOf(group: number): number {
  return group * maxScopes
}

/** What is to be done with the values of some targets: only chains of rules that look at them. */
export class FilterScope {
  /** Within its group. */
  readonly id: number
  /** By id of another scope: 1 when that one has all chains of this one, so what it found is enough. */
  coveredBy = new Uint8Array(0)
  readonly chains: readonly FilterChain[]
  /** Those that change every value, such as base64Decode. */
  readonly always: readonly FilterChain[]
  readonly #facts: OutcomeFacts
  readonly #plans = new Map<number, Plan>()
  readonly findings: FindingCache
  /** For values that come again: names, header values, words. */
  readonly recent = new RecentTexts<Finding>()

  constructor(group: number, id: number, chains: readonly FilterChain[], facts: OutcomeFacts) {
    this.id = id
    this.#facts = facts
    this.findings = new FindingCache(firstScopeOf(group) + id)
    this.chains = chains.filter(chain => chain.triggers !== -1)
    this.always = chains.filter(chain => chain.triggers === -1)
  }

  covers(other: FilterScope): boolean {
    const mine = new Map([...this.chains, ...this.always].map(chain => [chain.step, chain]))
    return [...other.chains, ...other.always].every(({ step, mask }) => {
      const covering = mine.get(step)?.mask
      return covering !== undefined && mask.every((word, w) => (word & ~(covering[w] ?? 0)) === 0)
    })
  }

  /** `triggered` has a bit for each trigger that the value holds; `words` is the length of a set of patterns. */
  planFor(triggered: number, words: number): Plan {
    const known = this.#plans.get(triggered)
    if (known !== undefined) return known
    const plain: Int32Array = new Int32Array(words)
    const outcomes = new Map<TransformStep, Int32Array>()
    for (const chain of this.chains) {
      const step = (chain.triggers & triggered) === 0 ? undefined : chain.step?.from(triggered)
      let mask = plain
      if (step !== undefined) {
        mask = outcomes.get(step) ?? new Int32Array(words)
        outcomes.set(step, mask)
      }
      for (let w = 0; w < words; w++) mask[w] = (mask[w] as number) | (chain.mask[w] as number)
    }
    const changing = Array.from(outcomes, ([step, mask]) => {
      return { step, mask, adds: this.#facts.added(step), needs: this.#facts.needed(step, triggered, mask) }
    })
    const plan = { plain, changing }
    if (this.#plans.size < maxPlans) this.#plans.set(triggered, plan)
    return plan
  }
}

/** A power of two. */
const findingSlots = 1024

/** One object for equal findings, of which there are few: most values have the candidates of many others. */
class FindingCache {
  readonly #scope: number
  readonly #slots: (Finding | undefined)[] = new Array(findingSlots).fill(undefined)

  constructor(scope: number) {
    this.#scope = scope
  }

  get(bits: Int32Array, triggered: number): Finding {
    let hash = triggered
    for (let w = 0; w < bits.length; w++) hash = Math.imul(hash ^ (bits[w] as number), 0x9e3779b1)
    const slot = (hash ^ (hash >>> 15)) & (findingSlots - 1)
    const known = this.#slots[slot]
    if (known !== undefined && known.triggered === triggered && sameBits(known.bits, bits)) return known
    const made = new Finding(this.#scope, bits.slice(), triggered)
    this.#slots[slot] = made
    return made
  }
}

function sameBits(a: Int32Array, b: Int32Array): boolean {
  for (let w = 0; w < b.length; w++) if (a[w] !== b[w]) return false
  return true
}

export interface Plan {
  /** Patterns for which the value as it came stands. */
  readonly plain: Int32Array
  readonly changing: readonly Outcome[]
}

/** What some steps make of a value, and the patterns that look at it. */
export interface Outcome {
  readonly step: TransformStep
  readonly mask: Int32Array
  /** As of OutcomeFacts. */
  readonly adds: ByteMasks | undefined
  readonly needs: Int32Array | undefined
}
