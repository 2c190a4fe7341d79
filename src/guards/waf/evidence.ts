// What the engine matched, as evidence of a verdict.

import type { Evidence } from '../../pipeline/verdict.ts'
import type { Interruption, Match } from '../../waf/types.ts'

/** More proofs than anybody reads. */
const evidenceMax = 64

/** The matches that weigh or refuse. The rule that adds the points up is left out when those that gave them are there. */
export function tellingMatches(matches: readonly Match[]): readonly Match[] {
  const hasPoints = matches.some(match => match.points > 0)
  return matches.filter(match => match.points > 0 || (match.disruptive && !(hasPoints && addsUp(match))))
}

/** It has looked at nothing of the request. */
function addsUp({ targets }: Match): boolean {
  return targets.every(({ name }) => name.toUpperCase().startsWith('TX:'))
}

/** What they matched, value by value. */
export function evidenceOf(matches: readonly Match[], interruption: Interruption | undefined): Evidence[] {
  const evidence = tellingMatches(matches).flatMap(describeMatch)
  const blocker = interruption?.rule
  if (blocker && evidence.length === 0) {
    evidence.push({ rule: String(blocker.id), message: interruption.message, where: '', match: '', points: 0 })
  }
  return evidence.slice(0, evidenceMax)
}

/** The points of a match are told once, with its first value. */
function describeMatch({ rule, message, targets, points }: Match): Evidence[] {
  const own = { rule: String(rule.id), message: message || rule.message }
  if (targets.length === 0) return [{ ...own, where: '', match: '', points }]
  return targets.map(({ name, value, span }, i) => ({
    ...own,
    where: name,
    match: value,
    ...(span && { span }),
    points: i === 0 ? points : 0,
  }))
}
