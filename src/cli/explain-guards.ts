// Runs one request past the guards of its route, each by itself and without stopping at a refusal, and measures them.
// Nothing listens and nothing is sent.

import { buildGateway } from '../build.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../lib/problem.ts'
import { hostName } from '../listen/framing.ts'
import { Exchange } from '../pipeline/exchange.ts'
import { HeaderList } from '../pipeline/headers.ts'
import type { Identity } from '../pipeline/identity.ts'
import type { LearnedFields } from '../pipeline/learned.ts'
import { formPath } from '../pipeline/path-form.ts'
import type { Placements } from '../pipeline/placements.ts'
import type { Route, Step } from '../pipeline/route.ts'
import { ambiguousPath } from '../pipeline/router.ts'
import type { PhaseName, Reason, Verdict } from '../pipeline/verdict.ts'
import type { ExplainedRequest } from './explain-request.ts'

export interface GuardReport {
  readonly guard: string
  readonly mode: 'protect' | 'monitor'
  /** The first verdict that is more than points, or the points that it gave. */
  readonly verdict: Verdict | undefined
  readonly phase: PhaseName | undefined
  /** Microseconds, the median of some runs. */
  readonly us: number
}

export type GuardsResult =
  | {
      readonly ok: true
      readonly route: string
      /** The path is one that no guard gets to see. */
      readonly refused?: Reason
      readonly guards: readonly GuardReport[]
      readonly inspectedBytes: number
      /** What is known of values of the request. */
      readonly placements?: Placements | undefined
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const runs = 25
const phases: readonly PhaseName[] = ['onHeaders', 'onBody']

export async function runGuards(
  config: Config,
  request: ExplainedRequest,
  clientIp: string,
  identity: Identity | undefined,
  learned: LearnedFields,
): Promise<GuardsResult> {
  // Counters that always have room: how often it was sent before is no property of a request.
  const take = (_key: string, cost: number, limit: number) => {
    return { allowed: true, remaining: limit - cost, resetMs: 0, retryAfterMs: 0 }
  }
  const built = buildGateway(config, { counters: { take }, now: Date.now, learned, ...(identity && { identity }) })
  if (!built.ok) return built
  const { gateway } = built
  try {
    const headers = new HeaderList(request.headers)
    const host = hostName(headers.get('host') ?? '')
    const path = request.target.split('?', 1)[0] ?? ''
    const route = gateway.match(request.method, host, path, headers)
    const nothing = { ok: true, guards: [], inspectedBytes: 0 } as const
    if (route === undefined || route === gateway.unrouted) return { ...nothing, route: '' }
    if (route === 'ambiguous') return { ...nothing, route: '', refused: ambiguousPath.reason }
    const formed = formPath(path, route.paths)
    if (!formed.ok) return { ...nothing, route: route.name, refused: formed.verdict.reason }
    const target = formed.path + request.target.slice(path.length)
    const line = { ...request, target, received: request.target, headers, localIp: '192.0.2.1', localPort: 80 }
    const client = gateway.identify.client(gateway.identify.peer(clientIp, 40_000, false), headers)
    const bytes = request.body.subarray(0, route.limits.bodyInspected)
    const exchange = (): Exchange => {
      const ex = new Exchange('explain', Date.now(), client, line, host, route)
      ex.body = { bytes, complete: bytes.length === request.body.length }
      return ex
    }
    const measured: GuardReport[][] = []
    for (let i = 0; i < runs; i++) measured.push(await runOnce(route, exchange()))
    const guards = (measured[0] ?? []).map((report, i) => ({
      ...report,
      us: median(measured.map(run => run[i]?.us ?? 0)),
    }))
    const placements = route.contract?.placements(request.method, formed.path)
    return { ok: true, route: route.name, guards, inspectedBytes: bytes.length, placements }
  } finally {
    await gateway.close(0)
  }
}

async function runOnce(route: Route, ex: Exchange): Promise<GuardReport[]> {
  const steps = [...new Map(phases.flatMap(phase => route.phases[phase]).map(step => [step.guard, step])).values()]
  const order = (step: Step) => phases.findIndex(phase => route.phases[phase].includes(step))
  const reports: GuardReport[] = []
  for (const step of steps.sort((a, b) => order(a) - order(b))) {
    const { guard, name, mode } = step
    const startMs = performance.now()
    const found: { readonly verdict: Verdict; readonly phase: PhaseName }[] = []
    for (const phase of phases) {
      const verdict = await guard[phase]?.(ex)
      if (verdict) found.push({ verdict, phase })
    }
    const us = (performance.now() - startMs) * 1000
    const decisive = found.find(({ verdict }) => verdict.kind !== 'flag') ?? found[0]
    reports.push({ guard: name, mode, verdict: decisive?.verdict, phase: decisive?.phase, us })
  }
  for (const step of route.done) step.guard.onDone?.(ex)
  return reports
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[sorted.length >> 1] ?? 0)
}
