import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Exchange } from './exchange.ts'
import type { Guard } from './guard.ts'
import { HeaderList } from './headers.ts'
import type { Step } from './route.ts'
import { runDone, runPhase } from './run.ts'
import { testRoute } from './testing.ts'
import type { Verdict } from './verdict.ts'

const deny: Verdict = { kind: 'deny', status: 403, reason: { code: 'test.no', detail: 'no' } }
const flag = (points: number): Verdict => ({ kind: 'flag', points, reason: { code: 'test.odd', detail: 'odd' } })

function step(guard: Guard, overrides: Partial<Step> = {}): Step {
  const stats = { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 }
  return { name: 'test', guard, mode: 'protect', onError: 'deny', stats, ...overrides }
}

function exchange(): Exchange {
  const client = {
    ip: '127.0.0.1',
    ipBytes: new Uint8Array(4),
    key: '127.0.0.1',
    port: 1,
    peerIp: '127.0.0.1',
    secure: false,
  }
  const request = {
    method: 'GET',
    target: '/',
    protocol: 'HTTP/1.1',
    headers: new HeaderList([]),
    localIp: '',
    localPort: 0,
  }
  return new Exchange('R', 0, client, request, '', testRoute())
}

async function run(steps: Step[]) {
  const ex = exchange()
  const outcome = runPhase('onHeaders', steps, ex)
  return { ex, verdict: await outcome, wasSync: !(outcome instanceof Promise) }
}

test('an enforced deny stops the phase', async () => {
  let reached = false
  const { verdict, ex, wasSync } = await run([
    step({ onHeaders: () => deny }),
    step({
      onHeaders: () => {
        reached = true
        return undefined
      },
    }),
  ])
  assert.equal(verdict, deny)
  assert.equal(ex.verdict, deny)
  assert.ok(wasSync && !reached)
})

test('monitor records what protect would have done, and goes on', async () => {
  const watched = step({ onHeaders: () => deny }, { mode: 'monitor' })
  const { verdict, ex } = await run([watched, step({ onHeaders: () => undefined })])
  assert.equal(verdict, undefined)
  assert.equal(ex.verdict, undefined)
  assert.deepEqual(
    ex.findings.map(f => [f.mode, f.verdict]),
    [['monitor', deny]],
  )
  assert.equal(watched.stats.wouldDeny, 1)
})

test('flags add up and let the request go on', async () => {
  const { verdict, ex } = await run([step({ onHeaders: () => flag(2) }), step({ onHeaders: async () => flag(3) })])
  assert.equal(verdict, undefined)
  assert.equal(ex.score, 5)
})

test('an asynchronous guard keeps its place in the order', async () => {
  const order: number[] = []
  const note = (i: number, wait: boolean): Guard => ({
    onHeaders: () => {
      order.push(i)
      return wait ? Promise.resolve(undefined) : undefined
    },
  })
  const { wasSync } = await run([step(note(1, false)), step(note(2, true)), step(note(3, false)), step(note(4, true))])
  assert.deepEqual(order, [1, 2, 3, 4])
  assert.equal(wasSync, false)
})

const failures: [string, Guard][] = [
  [
    'throws',
    {
      onHeaders: () => {
        throw new Error('broken')
      },
    },
  ],
  ['rejects', { onHeaders: () => Promise.reject(new Error('broken')) }],
]
for (const [how, guard] of failures) {
  test(`a guard that ${how} denies with 503`, async () => {
    const failing = step(guard)
    const { verdict, ex } = await run([failing])
    assert.ok(verdict?.kind === 'deny' && verdict.status === 503)
    assert.equal(ex.failure?.message, 'broken')
    assert.equal(failing.stats.errors, 1)
  })
  test(`a guard that ${how} lets pass when its definition says so`, async () => {
    const { verdict } = await run([step(guard, { onError: 'pass' })])
    assert.equal(verdict, undefined)
  })
}

test('every onDone is called, also after one that throws', () => {
  const called: string[] = []
  const ex = new Exchange('R', 0, exchange().client, exchange().request, '', {
    ...testRoute(),
    done: [
      step({
        onDone: () => {
          called.push('a')
          throw new Error('x')
        },
      }),
      step({
        onDone: () => {
          called.push('b')
        },
      }),
    ],
  })
  runDone(ex)
  assert.deepEqual(called, ['a', 'b'])
})
