// From a rule that matched to its Match: messages filled in, values masked where rules ask for it.

import { type ByteString, bytesToUtf8 } from '../../lib/bytes.ts'
import type { Match, MatchedTarget } from '../types.ts'
import type { State } from '../variables/state.ts'
import { excludes } from '../variables/target.ts'
import type { Value } from '../variables/value.ts'
import type { Link, Rule } from './rule.ts'
import { explainSteps } from './transform-step.ts'

const maxTargets = 100
const maxLogBytes = 2048

export class TargetRecorder {
  targets: MatchedTarget[] = []
  readonly #explain: boolean

  constructor(explain: boolean) {
    this.#explain = explain
  }

  reset(): void {
    if (this.targets.length > 0) this.targets = []
  }

  add(state: State, value: Value, text: ByteString, start: number, end: number, link: Link): void {
    if (this.targets.length >= maxTargets) return
    const masked = isSanitised(state, value)
    const target = {
      name: value.name,
      value: masked ? '*'.repeat(Math.min(text.length, maxLogBytes)) : text,
      span: start >= 0 && !masked ? ([start, end] as const) : undefined,
      check: link.check,
    }
    this.targets.push(this.#explain && !masked ? { ...target, steps: explainSteps(value, link.step, text) } : target)
  }
}

function isSanitised(state: State, value: Value): boolean {
  for (const exclusion of state.sanitised) if (excludes(exclusion, value)) return true
  return false
}

export function makeMatch(state: State, rule: Rule, targets: readonly MatchedTarget[]): Match {
  const masks = state.sanitiseMatched
  state.sanitiseMatched = false
  let logData = rule.logData === undefined ? '' : rule.logData.render(state).slice(0, maxLogBytes)
  if (masks) for (const target of targets) if (target.value !== '') logData = logData.replaceAll(target.value, '***')
  return {
    rule: rule.info,
    phase: rule.phase,
    message: bytesToUtf8(rule.message === undefined ? '' : rule.message.render(state).slice(0, maxLogBytes)),
    logData: bytesToUtf8(logData),
    targets: masks ? targets.map(({ name, check }) => ({ name, value: '***', span: undefined, check })) : targets,
    points: state.points,
    disruptive: rule.asksToDisrupt,
    audited: rule.audit,
  }
}
