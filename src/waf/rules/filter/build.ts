// Gives each rule its place in a filter. Rules are parted into groups that are scanned apart: request and response, usual
// and higher paranoia. A group is scanned when the first of its rules is reached, so a site at paranoia level 1 never
// pays for the patterns of level 4.

import type { PrefilterEntry } from '../../match/prefilter.ts'
import type { Target } from '../../variables/target.ts'
import type { Rule } from '../rule.ts'
import type { TransformStep, TransformTree } from '../transform-step.ts'
import { type Entry, entryOf } from './entry.ts'
import { FilterGroup, type FilterUnit, firstPattern } from './group.ts'
import { type FilterChain, FilterScope } from './scope.ts'
import { triggers } from './triggers.ts'

const high = 'high'

/** Targets that have a bit of their own; those of fewer rules share the last. */
const maxUnits = 31

interface Filterable {
  readonly rule: Rule
  readonly entry: Entry
  readonly key: string
  readonly targets: readonly Target[]
}

export function attachFilters(rules: readonly Rule[], tree: TransformTree): void {
  const groups = new Map<string, Filterable[]>()
  for (const rule of rules) {
    const filterable = filterableOf(rule)
    if (!filterable) continue
    const key = `${rule.phase > 2 ? 'response' : 'request'} ${rule.info.paranoia > 1 ? high : 'usual'}`
    const group = groups.get(key)
    if (group) group.push(filterable)
    else groups.set(key, [filterable])
  }
  let index = 0
  for (const [key, members] of groups) buildGroup(index++, key.endsWith(high), members, tree)
}

/** Rules whose first link looks at values that no rule changes, with an operator that has requirements. */
function filterableOf(rule: Rule): Filterable | undefined {
  const link = rule.links[0]
  const targets = link?.targets
  if (!link || !targets || targets.fixedFrom === 0 || targets.targets.some(target => target.count)) return undefined
  const found = entryOf(link)
  return found && { rule, ...found, targets: targets.targets }
}

function buildGroup(index: number, isHigh: boolean, members: readonly Filterable[], tree: TransformTree): void {
  const builder = new GroupBuilder(tree)
  const placed = members.map(member => ({ member, pattern: builder.pattern(member) }))
  const units = new Units(members)
  const group = builder.build(index, isHigh, units)
  for (const { member, pattern } of placed) member.rule.setFilter(group, pattern, units.mask(member))
}

class GroupBuilder {
  readonly #entries: PrefilterEntry[] = []
  readonly #patterns = new Map<string, number>()
  readonly #triggers = new Map<string, number>()
  readonly #chains = new Map<TransformStep | undefined, { triggers: number; patterns: Set<number> }>()
  /** By pattern: labels of the targets that its rules look at. */
  readonly #labels = new Map<number, Set<string>>()
  readonly #tree: TransformTree
  #next = firstPattern

  constructor(tree: TransformTree) {
    this.#tree = tree
  }

  pattern(member: Filterable): number {
    const id = this.#patternOf(member)
    const labels = this.#labels.get(id) ?? new Set()
    this.#labels.set(id, labels)
    for (const target of member.targets) labels.add(target.label)
    return id
  }

  #patternOf({ rule, entry, key }: Filterable): number {
    const link = rule.links[0]
    const steps = link?.multiMatch ? [undefined, ...(link.step?.path ?? [])] : [link?.step]
    const full = `${link?.multiMatch ? 'multi' : ''} ${link?.step?.id ?? ''} ${key}`
    const known = this.#patterns.get(full)
    if (known !== undefined) return known
    const id = this.#next++
    this.#patterns.set(full, id)
    this.#entries.push({ id, ...entry })
    for (const step of steps) this.#chain(withoutCaseSteps(step)).patterns.add(id)
    return id
  }

  #chain(step: TransformStep | undefined): { triggers: number; patterns: Set<number> } {
    const known = this.#chains.get(step)
    if (known) return known
    let bits = 0
    for (const each of step?.path ?? []) bits |= this.#trigger(each.transformation.name.toLowerCase())
    const chain = { triggers: bits, patterns: new Set<number>() }
    this.#chains.set(step, chain)
    return chain
  }

  /** The bit of a trigger, 0 for none, -1 for one that is always pulled. */
  #trigger(name: string): number {
    const trigger = triggers.get(name)
    if (trigger === 'case-only') return 0
    if (trigger === undefined) return -1
    const known = this.#triggers.get(name)
    if (known !== undefined) return 1 << known
    const id = this.#triggers.size
    if (id >= firstPattern) return -1
    this.#triggers.set(name, id)
    this.#entries.push({ id, ...trigger })
    return 1 << id
  }

  build(index: number, isHigh: boolean, units: Units): FilterGroup {
    const words = (this.#next >>> 5) + 1
    const chains = Array.from(this.#chains, ([step, chain]) => {
      const mask = new Int32Array(words)
      for (const id of chain.patterns) mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
      return { step, triggers: chain.triggers, suffixes: this.#suffixes(step), mask, patterns: chain.patterns }
    })
    const shared = new Map<string, FilterScope>()
    const placed = units.byPhase(labels => {
      const mine = chains.filter(chain =>
        [...chain.patterns].some(id => labels.some(label => this.#labels.get(id)?.has(label))),
      )
      const key = mine.map(chain => chain.step?.id ?? '-').join()
      const known = shared.get(key) ?? new FilterScope(shared.size, mine)
      shared.set(key, known)
      return known
    })
    return new FilterGroup(index, isHigh, this.#entries, placed, this.#next)
  }

  #suffixes(last: TransformStep | undefined): FilterChain['suffixes'] {
    const names = (last?.path ?? []).map(step => step.transformation.name.toLowerCase())
    return names.flatMap((name, i) => {
      const step = this.#tree.chain(names.slice(i))
      return step ? [{ step, trigger: this.#trigger(name) }] : []
    })
  }
}

/** Candidates do not depend on case, so case-only steps at the end need not be taken to find them. */
function withoutCaseSteps(step: TransformStep | undefined): TransformStep | undefined {
  let last = step
  while (last && triggers.get(last.transformation.name.toLowerCase()) === 'case-only') last = last.before
  return last
}

/** Numbers the targets of a group's rules by how many rules look at each. */
class Units {
  readonly #bits = new Map<string, number>()
  readonly #members: readonly Filterable[]

  constructor(members: readonly Filterable[]) {
    this.#members = members
    const counts = new Map<string, number>()
    for (const { targets } of members) {
      for (const { label } of targets) counts.set(label, (counts.get(label) ?? 0) + 1)
    }
    const labels = [...counts].sort((a, b) => b[1] - a[1]).map(([label]) => label)
    for (const [i, label] of labels.entries()) this.#bits.set(label, 1 << Math.min(i, maxUnits - 1))
  }

  mask({ targets }: Filterable): number {
    let mask = 0
    for (const { label } of targets) mask |= this.#bits.get(label) ?? 0
    return mask
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
          const bit = this.#bits.get(target.label) ?? 0
          units.set(target.label, { target, bit, scope: scopeFor([target.label, ...this.#alsoSeenBy(target)]) })
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
