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

interface Hit {
  readonly value: Value
  readonly text: ByteString
  readonly start: number
  readonly end: number
  readonly link: Link
  readonly isMasked: boolean
}

/** Keeps what a rule matched as it is: most rules that match at first fail further on in their chain. */
export class TargetRecorder {
  #hits: Hit[] = []
  readonly #explain: boolean

  constructor(explain: boolean) {
    this.#explain = explain
  }

  reset(): void {
    if (this.#hits.length > 0) this.#hits = []
  }

  get targets(): MatchedTarget[] {
    return this.#hits.map(hit => this.#describe(hit))
  }

  add(state: State, value: Value, text: ByteString, start: number, end: number, link: Link): void {
    if (this.#hits.length >= maxTargets) return
    this.#hits.push({ value, text, start, end, link, isMasked: isSanitised(state, value) })
  }

  #describe({ value, text, start, end, link, isMasked }: Hit): MatchedTarget {
    const target = {
      name: value.name,
      value: isMasked ? '*'.repeat(Math.min(text.length, maxLogBytes)) : text,
      span: start >= 0 && !isMasked ? ([start, end] as const) : undefined,
      check: link.check,
    }
    return this.#explain && !isMasked ? { ...target, steps: explainSteps(value, link.step, text) } : target
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
