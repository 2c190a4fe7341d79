// What can only be worked out when all rules are known: where skipAfter goes, and which rules a ctl or an update means.

import type { ByteString } from '../../lib/bytes.ts'
import type { RuleSelection } from '../actions/selection.ts'
import type { ProblemList } from '../seclang/source.ts'
import type { ParsedRule } from './parse.ts'
import type { ParsedSet } from './parse-set.ts'
import type { Rule } from './rule.ts'
import { selectable } from './update.ts'

/** `skip:n` goes over the next rules of its phase, however many of them a ctl takes out. */
export function linkSkips(phases: readonly (readonly Rule[])[]): void {
  for (const rules of phases) {
    for (const [i, rule] of rules.entries()) {
      if (rule.skip > 0 && rule.skipTo < 0) rule.skipTo = Math.min(rules.length, i + 1 + rule.skip)
    }
  }
}

/** A skipAfter goes to the first rule of its phase behind the next marker of that name; without one, to the end. */
export function linkMarkers(
  parsed: ParsedSet,
  bySource: ReadonlyMap<ParsedRule, Rule>,
  phases: readonly (readonly Rule[])[],
  problems: ProblemList,
): void {
  const positionInPhase = new Map<Rule, number>()
  for (const list of phases) for (const [i, rule] of list.entries()) positionInPhase.set(rule, i)
  for (const [position, source] of parsed.rules.entries()) {
    const draft = source.links[0]?.draft
    const rule = bySource.get(source)
    if (!rule || draft?.skipAfter === undefined) continue
    const list = phases[rule.phase] ?? []
    const place = placeAfter(parsed, position, draft.skipAfter)
    if (place === undefined) {
      rule.skipTo = list.length
      const text = source.links[0]?.directive.source
      const message = `no SecMarker ${draft.skipAfter} stands below: the rest of the phase is skipped`
      if (text) problems.add(text.warning(draft.skipAfterAt, 'unknown-marker', message))
      continue
    }
    rule.skipTo = list.length
    for (const later of parsed.rules.slice(place)) {
      const target = bySource.get(later)
      if (target?.phase !== rule.phase) continue
      rule.skipTo = positionInPhase.get(target) ?? list.length
      break
    }
  }
}

/** Among the parsed rules: the position right behind a marker, or behind a rule whose id is the name. */
function placeAfter(parsed: ParsedSet, position: number, name: ByteString): number | undefined {
  const marker = parsed.markers.find(each => each.position > position && each.name === name)
  if (marker) return marker.position
  if (!/^\d+$/.test(name)) return undefined
  const index = parsed.rules.findIndex((rule, i) => i > position && rule.links[0]?.draft.id === Number(name))
  return index < 0 ? undefined : index + 1
}

export function linkSelections(selections: readonly RuleSelection[], bySource: ReadonlyMap<ParsedRule, Rule>): void {
  const choices = Array.from(bySource, ([source, rule]) => ({ facts: selectable(source), index: rule.index }))
  for (const selection of selections) {
    selection.indexes = choices.filter(choice => selection.matches(choice.facts)).map(choice => choice.index)
  }
}
