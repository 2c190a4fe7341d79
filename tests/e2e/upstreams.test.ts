// How requests are shared among servers, and what becomes of servers that fail, over real sockets.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually, openBackend, openGateway } from './proxy-harness.ts'

const named = (name: string) => openBackend((_req, res) => res.end(name))

const failing = (status: number) =>
  openBackend((_req, res) => {
    res.statusCode = status
    res.end('bad')
  })

async function texts(url: string, count: number, headers: Record<string, string> = {}): Promise<string[]> {
  const got: string[] = []
  for (let i = 0; i < count; i++) got.push(await (await fetch(url, { headers })).text())
  return got
}

test('upstreams: weights', async () => {
  await using a = await named('a')
  await using b = await named('b')
  await using gateway = await openGateway({
    servers: [a.url, b.url],
    upstream: { balance: { method: 'roundRobin' }, weights: [1, 3] },
  })
  const got = await texts(gateway.url, 8)
  assert.equal(got.filter(text => text === 'b').length, 6)
})

test('upstreams: by hash, a tenant stays at its server, and moves when that is gone', async () => {
  await using a = await named('a')
  await using b = await named('b')
  await using gateway = await openGateway({
    servers: [a.url, b.url],
    upstream: { balance: { method: 'hash', by: { kind: 'header', name: 'x-tenant' } } },
  })
  const homes = new Set<string>()
  for (const tenant of ['t1', 't2', 't3', 't4', 't5', 't6', 't7', 't8']) {
    const got = new Set(await texts(gateway.url, 3, { 'x-tenant': tenant }))
    assert.equal(got.size, 1)
    for (const home of got) homes.add(home)
  }
  assert.equal(homes.size, 2)
  a.server.closeAllConnections()
  await new Promise(resolve => a.server.close(resolve))
  for (const tenant of ['t1', 't2', 't3', 't4']) {
    assert.deepEqual(await texts(gateway.url, 1, { 'x-tenant': tenant }), ['b'])
  }
})

test('upstreams: a server that answers with failures is taken out, and comes back', async () => {
  let isSick = true
  await using sick = await openBackend((_req, res) => {
    res.statusCode = isSick ? 503 : 200
    res.end('sick')
  })
  await using good = await named('good')
  await using gateway = await openGateway({
    servers: [sick.url, good.url],
    upstream: { ejection: { failures: 3, pauseMs: 3000, share: 50 } },
  })
  await texts(gateway.url, 6)
  assert.deepEqual(new Set(await texts(gateway.url, 10)), new Set(['good']))
  assert.equal(gateway.upstream.stats().ejections, 1)
  assert.equal(gateway.upstream.servers()[0]?.healthy, false)
  isSick = false
  await eventually(() => gateway.upstream.servers()[0]?.healthy === true)
  assert.ok((await texts(gateway.url, 4)).includes('sick'))
})

test('upstreams: the only server is never ejected', async () => {
  await using sick = await failing(503)
  await using gateway = await openGateway({
    servers: [sick.url],
    upstream: { ejection: { failures: 1, pauseMs: 60_000, share: 50 } },
  })
  await texts(gateway.url, 3)
  assert.equal(gateway.upstream.stats().ejections, 0)
})

test('upstreams: the circuit opens, says when to come back, and closes after a trial', async () => {
  let isSick = true
  let asked = 0
  await using backend = await openBackend((_req, res) => {
    asked++
    res.statusCode = isSick ? 502 : 200
    res.end()
  })
  await using gateway = await openGateway({
    servers: [backend.url],
    upstream: { breaker: { share: 50, requests: 4, windowMs: 60_000, openMs: 3000 } },
  })
  await texts(gateway.url, 4)
  const refused = await fetch(gateway.url)
  assert.equal(refused.status, 503)
  assert.ok(['1', '2', '3'].includes(String(refused.headers.get('retry-after'))))
  assert.equal(asked, 4)
  assert.equal(gateway.upstream.stats().circuitOpened, 1)
  isSick = false
  for (let i = 0; i < 200 && (await fetch(gateway.url)).status !== 200; i++) await delay(100)
  assert.equal((await fetch(gateway.url)).status, 200)
})

test('upstreams: retries are bounded by their budget', async () => {
  let asked = 0
  await using backend = await openBackend(req => {
    asked++
    req.socket.destroy()
  })
  await using gateway = await openGateway({ servers: [backend.url], upstream: { retryBudget: 0 } })
  for (let i = 0; i < 20; i++) assert.equal((await fetch(gateway.url)).status, 502)
  assert.equal(asked, 30) // 20 and the ten that are always there
  assert.ok(gateway.upstream.stats().retriesRefused > 0)
})

test('upstreams: over a Unix socket', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-unix-'))
  const server = createServer((req, res) => res.end(`${req.headers.host} ${req.url}`))
  await new Promise<void>(resolve => server.listen(join(dir, 'app.sock'), resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(dir, { recursive: true, force: true })
  })
  await using gateway = await openGateway({
    servers: [`unix:${join(dir, 'app.sock')}`],
    health: { path: '/', intervalMs: 100, timeoutMs: 1000, unhealthyAfter: 1, healthyAfter: 1 },
  })
  await delay(250)
  assert.deepEqual(await texts(`${gateway.url}/x?y`, 1), [`127.0.0.1:${gateway.port} /x?y`])
})

test('upstreams: servers follow DNS', async () => {
  await using backend = await openBackend((req, res) => res.end(req.socket.localAddress))
  let addresses = ['127.0.0.1']
  const server = createServer((req, res) => res.end(req.socket.localAddress))
  await new Promise<void>(resolve => server.listen(backend.port, '127.0.0.2', resolve))
  try {
    await using gateway = await openGateway({
      servers: [`http://app.test:${backend.port}`],
      upstream: { dnsMs: 30 },
      lookUp: async () => addresses,
    })
    await eventually(() => gateway.upstream.servers()[0]?.url.endsWith(' at 127.0.0.1') === true)
    assert.deepEqual(new Set(await texts(gateway.url, 3)), new Set(['127.0.0.1']))
    addresses = ['127.0.0.1', '127.0.0.2']
    await eventually(() => gateway.upstream.servers().length === 2)
    assert.equal(new Set(await texts(gateway.url, 4)).size, 2)
    addresses = ['127.0.0.2']
    await eventually(() => gateway.upstream.servers().length === 1)
    assert.deepEqual(new Set(await texts(gateway.url, 3)), new Set(['127.0.0.2']))
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('upstreams: as many wait for a connection as may, and one more is told no', async () => {
  const held: (() => void)[] = []
  await using backend = await openBackend((_req, res) => {
    held.push(() => res.end('ok'))
  })
  await using gateway = await openGateway({
    servers: [backend.url],
    upstream: { connections: 1 },
    limits: { upstreamWaiting: 2 },
  })
  const first = fetch(gateway.url)
  await eventually(() => held.length === 1)
  const waiting = [fetch(gateway.url), fetch(gateway.url)]
  await eventually(() => gateway.listener.stats.requests === 3)
  await delay(20)
  assert.equal((await fetch(gateway.url)).status, 503)
  const answered = Promise.all([first, ...waiting])
  for (let i = 0; i < 3; i++) {
    await eventually(() => held.length > i)
    held[i]?.()
  }
  assert.deepEqual(
    (await answered).map(({ status }) => status),
    [200, 200, 200],
  )
})

test('upstreams: rules for headers, both ways', async () => {
  await using backend = await openBackend((req, res) => {
    res.setHeader('server', 'secret/1.2')
    res.setHeader('x-internal', '1')
    res.end(JSON.stringify(req.headers))
  })
  await using gateway = await openGateway({
    servers: [backend.url],
    headers: {
      request: { set: { host: 'inside.example', 'x-edge': 'yes' }, remove: ['cookie'], underscores: 'drop' },
      response: { set: {}, add: { 'x-edge': 'yes' }, remove: ['x-internal'], security: 'api' },
    },
  })
  const response = await fetch(gateway.url, { headers: { cookie: 'a=1', 'x-edge': 'forged', x_y: '1' } })
  const seen = (await response.json()) as Record<string, string>
  assert.deepEqual(
    [seen['host'], seen['x-edge'], seen['cookie'], seen['x_y']],
    ['inside.example', 'yes', undefined, undefined],
  )
  const { headers } = response
  assert.deepEqual(
    ['server', 'x-internal', 'x-edge', 'x-content-type-options', 'referrer-policy'].map(name => headers.get(name)),
    [null, null, 'yes', 'nosniff', 'no-referrer'],
  )
})

test('upstreams: header names with an underscore are refused where a route wants that', async () => {
  await using backend = await named('a')
  const rules = {
    request: { set: {}, remove: [], underscores: 'refuse' },
    response: { set: {}, add: {}, remove: [], security: 'off' },
  } as const
  await using gateway = await openGateway({ servers: [backend.url], headers: rules })
  assert.equal((await fetch(gateway.url, { headers: { x_y: '1' } })).status, 400)
  assert.equal((await fetch(gateway.url, { headers: { 'x-y': '1' } })).status, 200)
})
