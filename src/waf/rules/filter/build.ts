// Gives each rule its place in a filter. Rules are parted into groups that are scanned apart: request and response, usual
// and higher paranoia. A group is scanned when the first of its rules is reached, so a site at paranoia level 1 never
// pays for the patterns of level 4.

import { beforeGaps } from '../../match/gaps.ts'
import { createPrefilter, type EntryContent, type Prefilter, type PrefilterEntry } from '../../match/prefilter.ts'
import { requirementsFor } from '../../match/prefilter-index.ts'
import type { Requirements } from '../../match/requirements.ts'
import { byteSetOf } from '../../regex/byte-set.ts'
import type { Target } from '../../variables/target.ts'
import type { Link, Rule } from '../rule.ts'
import type { TransformStep, TransformTree } from '../transform-step.ts'
import { anything, entriesOf } from './entry.ts'
import { FilterGroup, firstPattern } from './group.ts'
import { type FilterChain, FilterScope, type OutcomeFacts } from './scope.ts'
import { bytesAdded, gapsOf, makesGapsOnly, triggerNumber, triggers, triggersOf } from './triggers.ts'
import { Units } from './units.ts'
import { Verdicts } from './verdicts.ts'

const high = 'high'

interface Filterable {
  readonly rule: Rule
  readonly entries: readonly EntryContent[]
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
  const found = entriesOf(link)
  return found && { rule, ...found, targets: targets.targets }
}

function buildGroup(index: number, isHigh: boolean, members: readonly Filterable[], tree: TransformTree): void {
  const builder = new GroupBuilder(tree)
  const placed = members.map(member => ({ member, pattern: builder.pattern(member) }))
  const units = new Units(members)
  const group = builder.build(index, isHigh, units)
  for (const { member, pattern } of placed) member.rule.setFilter(group, pattern, units.numbersOf(member))
}

class GroupBuilder {
  readonly #entries: PrefilterEntry[] = []
  readonly #patterns = new Map<string, number>()
  readonly #chains = new Map<TransformStep | undefined, { triggers: number; patterns: Set<number> }>()
  /** By pattern: labels of the targets that its rules look at. */
  readonly #labels = new Map<number, Set<string>>()
  /** By pattern: what a value must hold for a chain that makes nothing but gaps in it to make it match; see gaps.ts. */
  readonly #beforeGaps = new Map<number, 'same' | readonly Requirements[]>()
  /** By pattern: a link that stands for it. */
  readonly #links: (Link | undefined)[] = []
  #next = firstPattern

  /** The triggers of all transformations of the rule set: a value that this group scans may be asked for any of them. */
  constructor(tree: TransformTree) {
    this.#entries.push(...triggersOf(tree.used))
  }

  pattern(member: Filterable): number {
    const id = this.#patternOf(member)
    const labels = this.#labels.get(id) ?? new Set()
    this.#labels.set(id, labels)
    for (const target of member.targets) labels.add(target.label)
    return id
  }

  #patternOf({ rule, entries, key }: Filterable): number {
    const link = rule.links[0]
    const isAnything = entries === anything
    // What may match any value may match any outcome: there is nothing to look for in that.
    const steps = isAnything ? [undefined] : link?.multiMatch ? [undefined, ...(link.step?.path ?? [])] : [link?.step]
    const full = `${link?.multiMatch ? 'multi' : ''} ${link?.step?.id ?? ''} ${key}`
    const known = this.#patterns.get(full)
    if (known !== undefined) return known
    const id = this.#next++
    this.#patterns.set(full, id)
    this.#links[id] = link
    for (const entry of entries) this.#entries.push({ id, ...entry })
    for (const step of steps) this.#chain(withoutCaseSteps(step)).patterns.add(id)
    const gaps = gapsOf(steps.flatMap(step => namesOf(step)))
    if (gaps !== undefined) {
      const wanted = entries.map(requirementsFor)
      const before = wanted.map(requirements => beforeGaps(requirements, gaps))
      this.#beforeGaps.set(id, before.every((each, i) => each === wanted[i]) ? 'same' : before)
    }
    return id
  }

  #chain(step: TransformStep | undefined): { triggers: number; patterns: Set<number> } {
    const known = this.#chains.get(step)
    if (known) return known
    let bits = 0
    for (const name of namesOf(step)) bits |= triggerBit(name)
    const chain = { triggers: bits, patterns: new Set<number>() }
    this.#chains.set(step, chain)
    return chain
  }

  build(index: number, isHigh: boolean, units: Units): FilterGroup {
    const needs = this.#needs()
    const prefilter = createPrefilter(this.#entries)
    const facts: OutcomeFacts = {
      added: step => {
        const bytes = bytesAdded(namesOf(step))
        return bytes === undefined ? undefined : prefilter.masksOf(byteSetOf(bytes))
      },
      needed: (step, triggered, mask) => (makesGapsOnly(namesOf(step), triggered) ? needs(mask) : undefined),
    }
    const shared = new Map<string, FilterScope>()
    const placed = units.byPhase(labels => {
      const chains = this.#chainsFor(labels, prefilter)
      const key = chains.map(({ step, mask }) => `${step?.id ?? '-'}:${mask.join('.')}`).join()
      const known = shared.get(key) ?? new FilterScope(index, shared.size, chains, facts)
      shared.set(key, known)
      return known
    })
    return new FilterGroup(index, isHigh, prefilter, placed, new Verdicts(this.#links), this.#next)
  }

  /** Gives ids, above those of patterns, to what values must hold before gaps. */
  #needs(): (patterns: Int32Array) => Int32Array | undefined {
    const ids = new Map<number, number>()
    let next = this.#next
    for (const [pattern, before] of this.#beforeGaps) {
      const id = before === 'same' ? pattern : next++
      ids.set(pattern, id)
      if (before !== 'same') for (const requirements of before) this.#entries.push({ id, requirements })
    }
    const words = (next >>> 5) + 1
    return patterns => {
      const needed = new Int32Array(words)
      for (let pattern = firstPattern; pattern < this.#next; pattern++) {
        if ((((patterns[pattern >>> 5] ?? 0) >>> (pattern & 31)) & 1) === 0) continue
        const id = ids.get(pattern)
        if (id === undefined) return undefined
        needed[id >>> 5] = (needed[id >>> 5] as number) | (1 << (id & 31))
      }
      return needed
    }
  }

  /** What rules that look at one of the targets do with its values. */
  #chainsFor(labels: readonly string[], prefilter: Prefilter): FilterChain[] {
    const found: FilterChain[] = []
    for (const [step, { triggers, patterns }] of this.#chains) {
      const mine = [...patterns].filter(id => labels.some(label => this.#labels.get(id)?.has(label)))
      if (mine.length === 0) continue
      const mask = new Int32Array((this.#next >>> 5) + 1)
      for (const id of mine) mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
      found.push({ step, triggers, mask, minBytes: prefilter.fewestBytes(mine) })
    }
    return found
  }
}

function namesOf(step: TransformStep | undefined): readonly string[] {
  return (step?.path ?? []).map(each => each.transformation.name.toLowerCase())
}

/** 0 for a transformation that changes no more than case, -1 for one that changes every value. */
function triggerBit(name: string): number {
  if (triggers.get(name) === 'case-only') return 0
  const number = triggerNumber(name)
  return number === undefined ? -1 : 1 << number
}

/** Candidates do not depend on case, so case-only steps at the end need not be taken to find them. */
function withoutCaseSteps(step: TransformStep | undefined): TransformStep | undefined {
  let last = step
  while (last && triggers.get(last.transformation.name.toLowerCase()) === 'case-only') last = last.before
  return last
}
