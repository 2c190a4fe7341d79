// What the loop needs to pass over the rules of a phase that no value can match, in arrays beside the rules: most rules of
// a set are never looked at themselves.

import type { Rule } from '../rule.ts'
import type { FilterGroup } from './group.ts'

export class PhaseFilter {
  readonly groups: readonly FilterGroup[]
  /** By rule: its group in `groups`, -1 for none; its pattern, and the units of its targets. */
  readonly groupOf: Int32Array
  readonly patternOf: Int32Array
  readonly unitsOf: Int32Array

  constructor(rules: readonly Rule[]) {
    this.groups = [...new Set(rules.flatMap(({ filter }) => filter ?? []))]
    this.groupOf = Int32Array.from(rules, ({ filter }) => (filter ? this.groups.indexOf(filter) : -1))
    this.patternOf = Int32Array.from(rules, ({ pattern }) => pattern)
    this.unitsOf = Int32Array.from(rules, ({ units }) => units)
  }
}
