// Numbers the targets of a filter group, and says for each phase which of them are scanned, in which order.

import type { Target } from '../../variables/target.ts'
import type { Rule } from '../rule.ts'
import type { FilterUnit } from './group.ts'
import type { FilterScope } from './scope.ts'

interface Member {
  readonly rule: Rule
  readonly targets: readonly Target[]
}

/** Units that have a bit of their own; those of fewer rules share the last. */
const maxBits = 31

export function bitOfUnit(number: number): number {
  return 1 << Math.min(number, maxBits - 1)
}

/** Numbers the targets of a group's rules by how many rules look at each. */
export class Units {
  readonly #numbers = new Map<string, number>()
  readonly #members: readonly Member[]

  constructor(members: readonly Member[]) {
    this.#members = members
    const counts = new Map<string, number>()
    for (const { targets } of members) {
      for (const { label } of targets) counts.set(label, (counts.get(label) ?? 0) + 1)
    }
    const labels = [...counts].sort((a, b) => b[1] - a[1]).map(([label]) => label)
    for (const [i, label] of labels.entries()) this.#numbers.set(label, i)
  }

  numbersOf({ targets }: Member): readonly number[] {
    return targets.map(({ label }) => this.#numbers.get(label) ?? 0)
  }

  /**
   * Targets that name one member stand first: a value is scanned once, by the first target that has it, and that one
   * answers for the rules of the whole collection too.
   */
  byPhase(scopeFor: (labels: readonly string[]) => FilterScope): readonly (readonly FilterUnit[])[] {
    return [0, 1, 2, 3, 4, 5].map(phase => {
      const units = new Map<string, FilterUnit>()
      for (const { rule, targets } of this.#members) {
        if (rule.phase !== phase) continue
        for (const target of targets) {
          if (units.has(target.label)) continue
          const number = this.#numbers.get(target.label) ?? 0
          units.set(target.label, { target, number, scope: scopeFor([target.label, ...this.#alsoSeenBy(target)]) })
        }
      }
      return [...units.values()].sort((a, b) => Number(isMember(b.target)) - Number(isMember(a.target)))
    })
  }

  /** Labels of targets that may yield the same values: of the same variable, but for members of another name. */
  #alsoSeenBy({ definition, selector }: Target): readonly string[] {
    const labels = new Set<string>()
    for (const { targets } of this.#members) {
      for (const target of targets) {
        if (target.definition !== definition) continue
        if (!isMember(target) || target.selector?.lowerKey === selector?.lowerKey) labels.add(target.label)
      }
    }
    return [...labels]
  }
}

function isMember(target: Target): boolean {
  return target.selector?.key !== undefined
}
