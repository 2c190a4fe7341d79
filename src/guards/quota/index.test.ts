import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Principal } from '../../pipeline/identity.ts'
import { defaultLimits } from '../../pipeline/limits.ts'
import { parseQuota, quotaLimitMax } from '../../pipeline/quota.ts'
import { testExchange } from '../../pipeline/testing.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { createSharedQuotas, SharedQuotas } from '../../store/quotas-shared.ts'
import { quota } from './index.ts'
import { quotaOptions } from './options.ts'
import { calendarPeriod, takeFrom } from './period.ts'

const startMs = Date.parse('2026-01-31T23:00:00Z')
const seed = new Uint8Array(16)

function open(limits: readonly object[], slots = 4096) {
  const clock = { nowMs: startMs }
  const quotas = new SharedQuotas(createSharedQuotas(seed, slots))
  const made = quota.create(quotaOptions.parse({ limits }), {
    now: () => clock.nowMs,
    counters: { take: () => ({ allowed: true, remaining: 0, resetMs: 0, retryAfterMs: 0 }) },
    limits: defaultLimits,
    configDir: '/',
    stateDir: '/',
    quotas,
  })
  assert.ok(made.ok)
  const send = (principal?: Principal, ip = '192.0.2.1') => {
    const ex = testExchange({ ip })
    ex.principal = principal
    const outcome = made.guard.onHeaders?.(ex)
    assert.ok(!(outcome instanceof Promise) && (outcome === undefined || outcome.kind === 'deny'))
    const verdict = outcome as Extract<Verdict, { kind: 'deny' }> | undefined
    return { verdict, status: verdict?.status ?? 200, headers: ex.extraHeaders }
  }
  return { send, clock }
}

const principal = (kind: Principal['kind'], id: string, change: Partial<Principal> = {}): Principal => {
  return { kind, id, scopes: [], roles: [], groups: [], clientId: 'web', acr: '', issuer: 'https://a', ...change }
}

test('the limit passes, one more waits for the end of the month', () => {
  const { send, clock } = open([{ limit: 2, per: 'month' }])
  const alice = principal('user', 'alice')
  const first = send(alice)
  assert.deepEqual(first.headers, [
    'ratelimit-policy',
    '"quota-month";q=2;w=2592000',
    'ratelimit',
    '"quota-month";r=1;t=3600',
  ])
  assert.equal(send(alice).status, 200)
  const { verdict, status } = send(alice)
  assert.deepEqual(
    [status, verdict?.reason.code, verdict?.retryAfterMs, verdict?.problemType],
    [429, 'quota.exceeded', 3_600_000, 'urn:merlon:problem:quota-exceeded'],
  )
  assert.equal(send(principal('user', 'bob')).status, 200)
  assert.equal(send(principal('user', 'alice', { issuer: 'https://b' })).status, 200, 'another one’s alice')
  clock.nowMs += 3_600_000
  assert.equal(send(alice).status, 200)
})

test('per client with all its users, per key, per address where nobody is known', () => {
  const client = open([{ limit: 1, per: 'hour', key: 'client' }]).send
  assert.deepEqual([client(principal('user', 'a')).status, client(principal('user', 'b')).status], [200, 429])
  assert.equal(client(principal('user', 'b', { clientId: 'app' })).status, 200)
  assert.equal(client().status, 200)
  const key = open([{ limit: 1, per: 'day', key: 'apiKey' }]).send
  const k = principal('apiKey', 'k', { clientId: '' })
  assert.deepEqual([key(k).status, key(k).status, key(principal('user', 'k')).status], [200, 429, 200])
  const anyone = open([{ limit: 1, per: 'day' }]).send
  assert.deepEqual([anyone().status, anyone().status, anyone(undefined, '192.0.2.2').status], [200, 429, 200])
})

test('a key’s own quota holds besides; what one quota refuses costs the others nothing', () => {
  const { send, clock } = open([{ limit: 3, per: 'day', key: 'apiKey' }])
  const k = principal('apiKey', 'k', { clientId: '', quota: { limit: 1, per: 'hour' } })
  assert.deepEqual([send(k).status, send(k).status, send(k).status], [200, 429, 429])
  clock.nowMs = Date.parse('2026-01-31T22:00:00Z')
  assert.equal(send(k).status, 200)
  clock.nowMs = Date.parse('2026-01-31T21:00:00Z')
  assert.equal(send(k).status, 200)
  clock.nowMs = Date.parse('2026-01-31T20:00:00Z')
  const { status, verdict } = send(k)
  assert.equal(status, 429, 'three a day are used up')
  assert.match(verdict?.reason.detail ?? '', /3 requests in a day/)
  assert.deepEqual(open([]).send(principal('user', 'a')).headers, [])
})

test('no room: refused, and nobody forgotten', () => {
  const { send } = open([{ limit: 5, per: 'day' }], 64)
  for (let i = 0; i < 64; i++) assert.equal(send(principal('user', `u${i}`)).status, 200)
  const { status, verdict } = send(principal('user', 'more'))
  assert.deepEqual([status, verdict?.reason.code], [503, 'quota.full'])
  assert.equal(send(principal('user', 'u0')).status, 200)
})

test('a rolling quota never lets more than its limit into any stretch of its length', () => {
  const hour = 3_600_000
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: hour / 4 }), { minLength: 5, maxLength: 80 }),
      fc.integer({ min: 1, max: 8 }),
      (gaps, limit) => {
        const quotas = new SharedQuotas(createSharedQuotas(seed, 4096))
        let nowMs = startMs
        const taken: number[] = []
        for (const gap of gaps) {
          nowMs += gap
          const result = takeFrom(quotas, 'k', { limit, per: 'hour', window: 'rolling' }, nowMs)
          if (result.taken) taken.push(nowMs)
          else {
            assert.ok(result.resetMs > 0 && result.resetMs <= hour + hour / 12)
            const later = nowMs + Math.ceil(result.resetMs)
            assert.ok(
              takeFrom(quotas, 'k', { limit, per: 'hour', window: 'rolling' }, later).taken,
              'there is room when it says',
            )
            quotas.giveBack('k', Math.floor(later / (hour / 12)), 1)
          }
          assert.ok(taken.filter(at => at > nowMs - hour).length <= limit)
        }
      },
    ),
  )
})

test('periods of the calendar', () => {
  const end = (per: 'hour' | 'day' | 'month', at: string) =>
    new Date(calendarPeriod(per, Date.parse(at)).endMs).toISOString()
  assert.equal(end('hour', '2026-01-31T23:59:59.999Z'), '2026-02-01T00:00:00.000Z')
  assert.equal(end('day', '2026-02-28T00:00:00Z'), '2026-03-01T00:00:00.000Z')
  assert.equal(end('month', '2026-12-31T23:00:00Z'), '2027-01-01T00:00:00.000Z')
  assert.equal(end('month', '2028-02-29T23:00:00Z'), '2028-03-01T00:00:00.000Z')
})

test('quotas as they are written', () => {
  assert.deepEqual(parseQuota('1000/day'), { limit: 1000, per: 'day' })
  assert.deepEqual(parseQuota(`${quotaLimitMax}/month`), { limit: quotaLimitMax, per: 'month' })
  for (const text of ['', '0/day', '5', '5/week', '-1/day', `${quotaLimitMax + 1}/day`, '5/day ']) {
    assert.equal(parseQuota(text), undefined, text)
  }
  for (const bad of [
    { limit: 0, per: 'day' },
    { limit: 1.5, per: 'day' },
    { limit: 1 },
    { limit: 1, per: 'day', key: 'x' },
  ]) {
    assert.equal(quotaOptions.safeParse({ limits: [bad] }).success, false)
  }
})
