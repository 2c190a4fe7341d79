// What the engine matched, as evidence of a verdict.

import type { Evidence } from '../../pipeline/verdict.ts'
import type { Interruption, Match } from '../../waf/types.ts'

/** More proofs than anybody reads. */
const evidenceMax = 64

/**
 * The matches that weigh, each with all the values that it matched. The rule that adds the points up is left out when
 * the rules that gave them are there.
 */
export function evidenceOf(matches: readonly Match[], interruption: Interruption | undefined): Evidence[] {
  const weighing = matches.filter(match => match.points > 0)
  const shown = weighing.length > 0 ? weighing : matches.filter(match => match.disruptive)
  const evidence = shown.flatMap(describeMatch)
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
