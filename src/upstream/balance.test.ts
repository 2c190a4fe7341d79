import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../pipeline/exchange.ts'
import { HeaderList } from '../pipeline/headers.ts'
import { defaultLimits } from '../pipeline/limits.ts'
import { createBalance } from './balance.ts'
import { Breaker } from './breaker.ts'
import { hashedText } from './hash.ts'
import { NameWatch } from './names.ts'
import { RetryBudget } from './retry-budget.ts'
import { UpstreamServer } from './server.ts'

function serversOf(...weights: number[]): UpstreamServer[] {
  return weights.map((weight, i) => new UpstreamServer(`http://127.0.0.1:${i + 1}`, defaultLimits, { weight }))
}

function exchange(key: string, headers: string[] = []): Exchange {
  return {
    client: { key },
    path: `/${key}`,
    host: 'a',
    headers: new HeaderList(headers),
  } as unknown as Exchange
}

test('balance: shares by weight, in turn', () => {
  const servers = serversOf(1, 3)
  const choose = createBalance({ method: 'roundRobin' })
  const chosen = Array.from({ length: 8 }, () => servers.indexOf(choose(servers, exchange('a'), 0) as UpstreamServer))
  assert.deepEqual(chosen.join(''), '10111011')
})

test('balance: the least busy, by its weight', () => {
  const servers = serversOf(1, 3)
  const choose = createBalance({ method: 'leastRequests' })
  const counts = [0, 0]
  for (let i = 0; i < 80; i++) {
    const server = choose(servers, exchange('a'), 0) as UpstreamServer
    server.take()
    counts[servers.indexOf(server)] = (counts[servers.indexOf(server)] ?? 0) + 1
  }
  const [first = 0, second = 0] = counts
  assert.ok(second / first > 1.5 && second / first < 4, counts.join())
})

test('balance: by hash a key keeps its server, and few keys move when one goes', () => {
  const servers = serversOf(1, 1, 1, 2)
  const choose = createBalance({ method: 'hash', by: { kind: 'client' } })
  const keys = Array.from({ length: 1000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  const before = keys.map(key => choose(servers, exchange(key), 0))
  assert.deepEqual(
    keys.map(key => choose(servers, exchange(key), 1e6)),
    before,
  )
  const shares = servers.map(server => before.filter(chosen => chosen === server).length)
  for (const [i, share] of shares.entries()) assert.ok(Math.abs(share - (i === 3 ? 400 : 200)) < 60, shares.join())
  const less = servers.slice(1)
  for (const [i, key] of keys.entries()) {
    if (before[i] !== servers[0]) assert.equal(choose(less, exchange(key), 0), before[i])
  }
})

test('balance: what is hashed', () => {
  const ex = exchange('192.0.2.1', ['X-Tenant', 'blue', 'Cookie', 'a=1; session=s; b=2', 'Cookie', 'session=t'])
  assert.equal(hashedText({ kind: 'client' }, ex), '192.0.2.1')
  assert.equal(hashedText({ kind: 'path' }, ex), '/192.0.2.1')
  assert.equal(hashedText({ kind: 'host' }, ex), 'a')
  assert.equal(hashedText({ kind: 'header', name: 'x-tenant' }, ex), 'blue')
  assert.equal(hashedText({ kind: 'header', name: 'x-none' }, ex), '192.0.2.1')
  assert.equal(hashedText({ kind: 'cookie', name: 'session' }, ex), 's')
  assert.equal(hashedText({ kind: 'cookie', name: 'sess' }, ex), '192.0.2.1')
})

test('balance: a server that comes back starts slowly', () => {
  const server = new UpstreamServer('http://127.0.0.1:1', defaultLimits, { weight: 2, slowStartMs: 1000 })
  assert.equal(server.weightAt(performance.now()), 2)
  server.healthy = false
  server.healthy = true
  const nowMs = performance.now()
  assert.ok(server.weightAt(nowMs) < 0.3)
  assert.ok(Math.abs(server.weightAt(nowMs + 500) - 1) < 0.1)
  assert.equal(server.weightAt(nowMs + 1100), 2)
})

test('ejection: after failures in a row, longer each time, never more than the share', () => {
  const ejection = { failures: 2, pauseMs: 1000, share: 50 }
  const server = new UpstreamServer('http://127.0.0.1:1', defaultLimits, { ejection })
  server.answered(503)
  server.answered(200)
  server.answered(502)
  server.answered(500)
  server.answered(504)
  assert.equal(server.isEjected(performance.now()), false)
  server.broke()
  const nowMs = performance.now()
  assert.equal(server.isEjected(nowMs), true)
  assert.equal(server.isEjected(nowMs + 1001), false)
  assert.equal(server.ejections, 1)
  const kept = new UpstreamServer('http://127.0.0.1:1', defaultLimits, { ejection })
  kept.mayEject = () => false
  kept.answered(503)
  kept.answered(503)
  kept.answered(503)
  assert.equal(kept.isEjected(performance.now()), false)
})

test('breaker: opens by share, tries one request, closes', () => {
  const breaker = new Breaker({ share: 50, requests: 4, windowMs: 1000, openMs: 500 })
  for (const good of [false, false, true]) breaker.record(good, 0)
  assert.equal(breaker.waitMs(1), 0)
  breaker.record(false, 1)
  assert.equal(breaker.opened, 1)
  assert.equal(breaker.waitMs(2), 499)
  breaker.record(true, 3)
  assert.equal(breaker.waitMs(501), 0)
  assert.ok(breaker.waitMs(502) > 0, 'one trial at a time')
  breaker.record(false, 510)
  assert.equal(breaker.waitMs(511), 499)
  assert.equal(breaker.waitMs(1011), 0)
  breaker.record(true, 1012)
  assert.equal(breaker.waitMs(1013), 0)
  assert.equal(breaker.waitMs(1013), 0)
})

test('breaker: failures of an earlier window do not count', () => {
  const breaker = new Breaker({ share: 50, requests: 4, windowMs: 1000, openMs: 500 })
  for (const nowMs of [0, 1, 2, 1500, 1501, 1502]) breaker.record(false, nowMs)
  assert.equal(breaker.opened, 0)
  breaker.record(false, 1503)
  assert.equal(breaker.opened, 1)
})

test('retry budget: ten always, then a share', () => {
  const budget = new RetryBudget(20)
  const take = (times: number) => Array.from({ length: times }, () => budget.take(1000)).filter(Boolean).length
  assert.equal(take(12), 10)
  for (let i = 0; i < 100; i++) budget.request(1000)
  assert.equal(take(20), 10)
  assert.equal(budget.take(21_000), true)
  assert.equal(budget.refused, 12)
})

test('names: told of changes alone; a failure changes nothing', async () => {
  const answers = [['10.0.0.2', '10.0.0.1'], ['10.0.0.1', '10.0.0.2'], undefined, [], ['10.0.0.3']]
  const told: string[] = []
  const done = Promise.withResolvers<void>()
  const watch = new NameWatch({
    name: 'app.test',
    everyMs: 1,
    lookUp: async () => {
      const next = answers.shift()
      if (!next) throw new Error('no answer')
      return next
    },
    onChange: addresses => {
      told.push(addresses.join())
      if (told.length === 2) done.resolve()
    },
  })
  await done.promise
  watch.close()
  assert.deepEqual(told, ['10.0.0.1,10.0.0.2', '10.0.0.3'])
})
