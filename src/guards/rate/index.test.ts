import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '../../pipeline/limits.ts'
import { type TestRequest, testExchange } from '../../pipeline/testing.ts'
import { createSharedCounters, SharedCounters } from '../../store/counters-shared.ts'
import { rate } from './index.ts'
import { rateOptions } from './options.ts'

const startMs = 1_800_000_000_000

function open(options: object, counters = new SharedCounters(createSharedCounters(1024, startMs))) {
  const clock = { nowMs: startMs }
  const made = rate.create(rateOptions.parse(options), {
    now: () => clock.nowMs,
    counters,
    limits: defaultLimits,
    configDir: '/',
    stateDir: '/',
  })
  assert.ok(made.ok)
  const { guard } = made
  const send = (request?: TestRequest, isWelcome = false) => {
    const ex = testExchange(request)
    ex.isWelcome = isWelcome
    const verdict = guard.onHeaders?.(ex)
    assert.ok(!(verdict instanceof Promise))
    const headers = new Map(
      ex.extraHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1]] as const] : [])),
    )
    return { verdict, headers }
  }
  return { clock, send, counters }
}

test('the limit passes, one more is refused until there is room', () => {
  const { clock, send } = open({ limit: 3, window: '30s' })
  for (let i = 0; i < 3; i++) assert.equal(send().verdict, undefined)
  const refused = send().verdict
  assert.ok(refused?.kind === 'deny')
  assert.deepEqual([refused.status, refused.reason.code, refused.retryAfterMs], [429, 'rate.limited', 10_000])
  clock.nowMs += 10_000
  assert.equal(send().verdict, undefined)
})

test('clients are told where they stand', () => {
  const { send } = open({ limit: 2, window: '1m' })
  const first = send().headers
  assert.equal(first.get('ratelimit-policy'), '"default";q=2;w=60')
  assert.equal(first.get('ratelimit'), '"default";r=1;t=30')
  assert.equal(send().headers.get('ratelimit'), '"default";r=0;t=60')
  assert.equal(send().headers.get('ratelimit'), '"default";r=0;t=30')
})

test('each client has its own bucket; an IPv6 /64 is one client', () => {
  const { send } = open({ limit: 1 })
  assert.equal(send({ ip: '192.0.2.1' }).verdict, undefined)
  assert.equal(send({ ip: '192.0.2.2' }).verdict, undefined)
  assert.equal(send({ ip: '2001:db8::1' }).verdict, undefined)
  assert.equal(send({ ip: '2001:db8::ffff:2' }).verdict?.kind, 'deny')
  assert.equal(send({ ip: '2001:db8:0:1::1' }).verdict, undefined)
})

test('key all: one bucket for everyone', () => {
  const { send } = open({ limit: 1, key: 'all' })
  assert.equal(send({ ip: '192.0.2.1' }).verdict, undefined)
  assert.equal(send({ ip: '192.0.2.2' }).verdict?.kind, 'deny')
})

test('key client.ja4: one bucket a fingerprint, and one an address where there is none', () => {
  const { send } = open({ limit: 1, key: 'client.ja4' })
  assert.equal(send({ ip: '192.0.2.1', ja4: 'a' }).verdict, undefined)
  assert.equal(send({ ip: '192.0.2.2', ja4: 'a' }).verdict?.kind, 'deny')
  assert.equal(send({ ip: '192.0.2.2', ja4: 'b' }).verdict, undefined)
  assert.equal(send({ ip: '192.0.2.3' }).verdict, undefined)
  assert.equal(send({ ip: '192.0.2.3' }).verdict?.kind, 'deny')
})

test('key client.http: one bucket a way of speaking HTTP', () => {
  const { send } = open({ limit: 1, key: 'client.http' })
  assert.equal(send({ ip: '192.0.2.1', http: 'h1_01_a' }).verdict, undefined)
  assert.equal(send({ ip: '192.0.2.2', http: 'h1_01_a' }).verdict?.kind, 'deny')
  assert.equal(send({ ip: '192.0.2.2', http: 'h1_01_b' }).verdict, undefined)
  assert.equal(send({ ip: '192.0.2.3' }).verdict, undefined)
  assert.equal(send({ ip: '192.0.2.3' }).verdict?.kind, 'deny')
})

test('welcome addresses are not counted', () => {
  const { send } = open({ limit: 1 })
  for (let i = 0; i < 5; i++) assert.deepEqual(send({}, true), { verdict: undefined, headers: new Map() })
})

test('a reload with the same options forgives nobody; other options count anew', () => {
  const { send, counters } = open({ limit: 1 })
  send()
  assert.equal(open({ limit: 1 }, counters).send().verdict?.kind, 'deny')
  assert.equal(open({ limit: 2 }, counters).send().verdict, undefined)
})

const bad: object[] = [
  { limit: 0 },
  { limit: 1.5 },
  { window: '10ms' },
  { window: '2d' },
  { window: 60 },
  { key: 'x' },
  { x: 1 },
]
for (const options of bad) {
  test(`refused: ${JSON.stringify(options)}`, () => assert.equal(rateOptions.safeParse(options).success, false))
}
