// What a rule looks at: `ARGS|!ARGS:foo|&REQUEST_HEADERS:/^x-/` compiled. Lists that many rules share are one object, and
// their values are gathered once a phase where no rule can change them.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import type { Regex } from '../regex/types.ts'
import type { VariableDefinition } from './definition.ts'
import type { State } from './state.ts'
import { readVariableAt } from './table.ts'
import { equalFold, noValues, Value } from './value.ts'

/** Chooses members of a collection: by name without regard to case, or by a regular expression. */
export interface Selector {
  readonly key: ByteString | undefined
  readonly lowerKey: ByteString
  readonly regex: Regex | undefined
}

export function keySelector(key: ByteString): Selector {
  return { key, lowerKey: lowerAscii(key), regex: undefined }
}

export function regexSelector(regex: Regex): Selector {
  return { key: undefined, lowerKey: '', regex }
}

function selects(selector: Selector, key: ByteString): boolean {
  return selector.key === undefined ? (selector.regex?.test(key) ?? false) : equalFold(selector.key, key)
}

/** A target that is taken out again: the whole variable, or members of it. */
export interface Exclusion {
  readonly definition: VariableDefinition
  readonly selector: Selector | undefined
}

export function excludes(exclusion: Exclusion, value: Value): boolean {
  if (exclusion.definition.name !== value.variable) return false
  if (exclusion.selector === undefined) return true
  return value.key !== undefined && selects(exclusion.selector, value.key)
}

export interface Target {
  readonly definition: VariableDefinition
  readonly selector: Selector | undefined
  readonly count: boolean
  /** For the name of a count: `&ARGS:q`. */
  readonly label: ByteString
  readonly isTx: boolean
  /** Where the values of the variable are kept while they are fixed; -1 when they never are. */
  readonly cacheIndex: number
  /** Of `TX:name`; -1 for everything else. */
  readonly slot: number
}

export class TargetList {
  readonly targets: readonly Target[]
  readonly exclusions: readonly Exclusion[]
  /** As of VariableDefinition, for the list as a whole. */
  readonly fixedFrom: 0 | 1 | 2 | 3 | 4
  readonly index: number
  readonly #exclusionsOf = new Map<string, readonly Exclusion[]>()

  constructor(targets: readonly Target[], exclusions: readonly Exclusion[], index: number) {
    this.targets = targets
    this.exclusions = exclusions
    this.index = index
    for (const exclusion of exclusions) {
      const { name } = exclusion.definition
      this.#exclusionsOf.set(name, [...(this.#exclusionsOf.get(name) ?? []), exclusion])
    }
    const phases = targets.map(target => target.definition.fixedFrom)
    this.fixedFrom = phases.includes(0) ? 0 : latest(phases)
  }

  /** Whether a value of one of the targets is taken out again. */
  excludes(value: Value): boolean {
    if (this.exclusions.length === 0) return false
    const concerned = this.#exclusionsOf.get(value.variable)
    return concerned !== undefined && excludesAny(concerned, value)
  }

  values(state: State): readonly Value[] {
    if (this.fixedFrom === 0) return this.#gather(state)
    const known = state.targetCache[this.index]
    if (known) return known
    const values = this.#gather(state)
    state.targetCache[this.index] = values
    return values
  }

  #gather(state: State): readonly Value[] {
    const { targets, exclusions } = this
    const only = targets.length === 1 ? targets[0] : undefined
    if (only && exclusions.length === 0) return this.#read(state, only)
    const out: Value[] = []
    for (const target of targets) {
      const values = this.#read(state, target)
      if (target.count || exclusions.length === 0) {
        for (let i = 0; i < values.length; i++) out.push(values[i] as Value)
        continue
      }
      // Nearly always all values of a target are of one variable.
      let variable: string | undefined
      let concerned: readonly Exclusion[] | undefined
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as Value
        if (value.variable !== variable) {
          variable = value.variable
          concerned = this.#exclusionsOf.get(variable)
        }
        if (concerned === undefined || !excludesAny(concerned, value)) out.push(value)
      }
    }
    return out
  }

  #read(state: State, target: Target): readonly Value[] {
    const values = members(state, target)
    if (!target.count) return values
    let count = 0
    for (const value of values) if (!excludesAny(this.exclusions, value)) count++
    return [new Value(target.label, undefined, String(count))]
  }
}

function excludesAny(exclusions: readonly Exclusion[], value: Value): boolean {
  for (const exclusion of exclusions) if (excludes(exclusion, value)) return true
  return false
}

/** The values of a target, before exclusions. */
export function members(state: State, target: Target): readonly Value[] {
  const { definition, selector } = target
  if (selector === undefined) return readVariableAt(state, definition, target.cacheIndex)
  if (target.slot >= 0) {
    const value = state.tx.slots[target.slot]
    return value === undefined ? noValues : [new Value('TX', selector.key, value)]
  }
  if (selector.key !== undefined && definition.readMember) return definition.readMember(state, selector.lowerKey)
  if (target.isTx && selector.regex !== undefined) return state.tx.matching(selector.regex)
  let found: Value[] | undefined
  for (const value of readVariableAt(state, definition, target.cacheIndex)) {
    if (value.key === undefined || !selects(selector, value.key)) continue
    found ??= []
    found.push(value)
  }
  return found ?? noValues
}

function latest(phases: readonly VariableDefinition['fixedFrom'][]): VariableDefinition['fixedFrom'] {
  let last: VariableDefinition['fixedFrom'] = 1
  for (const phase of phases) if (phase > last) last = phase
  return last
}
