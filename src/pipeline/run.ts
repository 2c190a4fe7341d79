// Runs the guards of one phase, in order. The only place that knows modes, fail-closed, timing and findings, so that
// no guard can forget them.

import type { Exchange } from './exchange.ts'
import type { Outcome } from './guard.ts'
import type { Step } from './route.ts'
import type { Finding, PhaseName, Verdict } from './verdict.ts'

/**
 * Calls `phase` on each step until one gives an enforced verdict. Returns a promise only when a guard did: awaiting
 * every guard costs five times as much (bench/chain.ts).
 */
export function runPhase(phase: PhaseName, steps: readonly Step[], ex: Exchange): Outcome {
  return runFrom(0, phase, steps, ex)
}

function runFrom(start: number, phase: PhaseName, steps: readonly Step[], ex: Exchange): Outcome {
  // The end of one guard is the start of the next: reading the clock is half of what the loop costs.
  let startMs = steps.length > start ? performance.now() : 0
  for (let i = start; i < steps.length; i++) {
    const step = steps[i]
    if (step === undefined) break
    const outcome = callGuard(step, phase, ex)
    if (outcome instanceof Promise) return continueAfter(outcome, startMs, i, phase, steps, ex)
    const endMs = performance.now()
    step.stats.calls++
    step.stats.busyMs += endMs - startMs
    startMs = endMs
    if (outcome !== undefined && isEnforced(outcome, step, phase, ex)) return outcome
  }
  return undefined
}

async function continueAfter(
  pending: Promise<Verdict | undefined>,
  startMs: number,
  i: number,
  phase: PhaseName,
  steps: readonly Step[],
  ex: Exchange,
): Promise<Verdict | undefined> {
  const step = steps[i] as Step
  const outcome = await pending.catch(error => failedGuard(step, error, ex))
  step.stats.calls++
  step.stats.busyMs += performance.now() - startMs
  if (outcome !== undefined && isEnforced(outcome, step, phase, ex)) return outcome
  return runFrom(i + 1, phase, steps, ex)
}

function callGuard(step: Step, phase: PhaseName, ex: Exchange): Outcome {
  try {
    return step.guard[phase]?.(ex)
  } catch (error) {
    return failedGuard(step, error, ex)
  }
}

/** Judges a WebSocket message. */
export function runMessage(steps: readonly Step[], ex: Exchange): Verdict | undefined {
  for (const step of steps) {
    const startMs = performance.now()
    let verdict: Verdict | undefined
    try {
      verdict = step.guard.onMessage?.(ex)
    } catch (error) {
      verdict = failedGuard(step, error, ex)
    }
    step.stats.calls++
    step.stats.busyMs += performance.now() - startMs
    if (verdict && isEnforced(verdict, step, 'onMessage', ex)) return verdict
  }
  return undefined
}

/** A guard that fails denies, unless its definition says that availability matters more. */
function failedGuard(step: Step, error: unknown, ex: Exchange): Verdict | undefined {
  step.stats.errors++
  ex.failure ??= error instanceof Error ? error : new Error(String(error))
  if (step.onError === 'pass') return undefined
  return { kind: 'deny', status: 503, reason: { code: `${step.name}.failed`, detail: `guard ${step.name} failed` } }
}

/** Records the verdict; true when it ends the request here and now. */
function isEnforced(verdict: Verdict, step: Step, phase: Finding['phase'], ex: Exchange): boolean {
  ex.findings.push({ guard: step.name, phase, mode: step.mode, verdict })
  if (verdict.kind === 'flag') {
    ex.score += verdict.points
    return false
  }
  if (step.mode === 'monitor') {
    step.stats.wouldDeny++
    return false
  }
  step.stats.denied++
  ex.verdict = verdict
  return true
}

/** Calls every onDone; one that throws doesn't keep the others from theirs. */
export function runDone(ex: Exchange): void {
  for (const step of ex.route.done) {
    try {
      step.guard.onDone?.(ex)
    } catch (error) {
      step.stats.errors++
      ex.failure ??= error instanceof Error ? error : new Error(String(error))
    }
  }
}
