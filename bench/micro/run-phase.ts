// What the loop itself costs: twelve guards that say nothing, all synchronous, and with one that returns a promise.

import { bench, group, run } from 'mitata'
import type { Guard } from '../../src/pipeline/guard.ts'
import type { Step } from '../../src/pipeline/route.ts'
import { runPhase } from '../../src/pipeline/run.ts'
import { benchExchange } from './exchange.ts'

const quiet: Guard = { onHeaders: () => undefined }
const waiting: Guard = { onHeaders: () => Promise.resolve(undefined) }

function steps(guards: Guard[]): Step[] {
  return guards.map((guard, i) => ({
    name: `guard${i}`,
    guard,
    mode: 'protect',
    onError: 'deny',
    stats: { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 },
  }))
}

const twelve = steps(Array.from({ length: 12 }, () => quiet))
const mixed = steps(Array.from({ length: 12 }, (_, i) => (i === 6 ? waiting : quiet)))
const ex = benchExchange(0, 'G1')

group('runPhase', () => {
  bench('12 synchronous guards', () => runPhase('onHeaders', twelve, ex))
  bench('11 synchronous, 1 asynchronous', async () => await runPhase('onHeaders', mixed, ex))
})

await run()
