// The bounds of time, rate, retries and queues that no other test meets, set as in a config: at the limit, and past it.
// Their kin: proxy-limits (headers, connections), proxy-body (body.inspected, body.max, silence), proxy-failure (upstream).

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import type { Guard } from '../../src/pipeline/guard.ts'
import type { Limits } from '../../src/pipeline/limits.ts'
import { delay, startTestGateway } from './gateway-harness.ts'
import { eventually, openBackend, openGateway, openRawBackend, openRawClient } from './proxy-harness.ts'

/** The limits of a config with these under `limits:`. */
function configured(limits: object): Limits {
  const document = {
    listen: [{ http: ':0' }],
    upstreams: { app: { servers: ['http://127.0.0.1:1'] } },
    routes: [{ to: 'app' }],
    limits,
  }
  const parsed = parseConfig(JSON.stringify(document), { file: 'merlon.yaml', dir: '/' })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.config.limits
}

test('fileInspected: the start of a binary body', async () => {
  const seen: [bytes: number, complete: boolean][] = []
  const guard: Guard = {
    onBody: ex => {
      seen.push([ex.body.bytes.length, ex.body.complete])
      return undefined
    },
  }
  await using backend = await openBackend((req, res) => req.resume().on('end', () => res.end('ok')))
  const limits = configured({ fileInspected: 100 })
  await using gateway = await openGateway({ servers: [backend.url], guards: [guard], limits })
  for (const bytes of [100, 101]) {
    const body = new Uint8Array(bytes)
    await fetch(gateway.url, { method: 'POST', headers: { 'content-type': 'image/png' }, body })
  }
  assert.deepEqual(seen, [
    [100, true],
    [100, false],
  ])
  await eventually(() => gateway.done.length === 2)
  assert.deepEqual(
    gateway.done.map(ex => ex.uninspectedBytes),
    [0, 1],
  )
})

test('responseInspected: the start of a text response, and all of it reaches the client', async () => {
  const seen: (number | undefined)[] = []
  const guard: Guard = {
    onResponseBody: ex => {
      seen.push(ex.responseBody?.length)
      return undefined
    },
  }
  await using backend = await openBackend((req, res) => {
    res.setHeader('content-type', 'text/plain').end('x'.repeat(Number(req.url?.slice(1))))
  })
  const limits = configured({ responseInspected: '1KiB' })
  await using gateway = await openGateway({ servers: [backend.url], guards: [guard], limits })
  for (const bytes of [1024, 1025]) {
    assert.equal((await (await fetch(`${gateway.url}/${bytes}`)).text()).length, bytes)
  }
  assert.deepEqual(seen, [1024, 1024])
})

test('bodyMinRate: a body at the rate passes, a slower one is cut when bodyRateGrace is over', async () => {
  await using backend = await openBackend((req, res) => req.resume().on('end', () => res.end('ok')))
  const limits = configured({ bodyMinRate: 40, bodyRateGrace: '300ms' })
  await using gateway = await openGateway({ servers: [backend.url], limits })
  const startMs = performance.now()
  const drip = async (bytesPerPiece: number) => {
    using client = await openRawClient(gateway.port)
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytesPerPiece * 16}\r\n\r\n`)
    for (let i = 0; i < 16 && !client.text.includes('HTTP/1.1'); i++) {
      client.send('x'.repeat(bytesPerPiece))
      await delay(50)
    }
    return (await client.until('\r\n\r\n')).slice(9, 12)
  }
  const slow = drip(1).then(status => [status, performance.now() - startMs] as const)
  // 20 bytes a second, and 640, so that a busy machine may be late.
  assert.equal(await drip(32), '200')
  const [status, afterMs] = await slow
  assert.equal(status, '408')
  assert.ok(afterMs > 250, `${afterMs} ms`)
})

test('upstreamAttempts: so many servers, and not one more', async () => {
  for (const [attempts, status, want] of [
    [1, 502, 1],
    [2, 502, 2],
    [3, 200, 3],
  ] as const) {
    let requests = 0
    await using backend = await openRawBackend(socket => {
      socket.on('data', () => {
        if (++requests < 3) socket.destroy()
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      })
    })
    const limits = configured({ upstreamAttempts: attempts })
    await using gateway = await openGateway({ servers: [backend.url], limits })
    assert.equal((await fetch(gateway.url)).status, status)
    assert.equal(requests, want)
  }
})

test('upstreamConnectTimeout: a server that does not get as far as a connection', async () => {
  // It takes the socket and never answers the TLS handshake.
  await using backend = await openRawBackend(socket => socket.resume())
  const limits = configured({ upstreamConnectTimeout: '300ms' })
  await using gateway = await openGateway({ servers: [backend.url.replace('http:', 'https:')], limits })
  const startMs = performance.now()
  const response = await fetch(gateway.url)
  const tookMs = performance.now() - startMs
  assert.equal(response.status, 504)
  assert.ok(tookMs > 250 && tookMs < 20_000, `${tookMs} ms`)
})

test('upstreamConnections: so many at once, the next one waits', async () => {
  const waiting: (() => void)[] = []
  await using backend = await openBackend((_req, res) => waiting.push(() => res.end('ok')))
  const limits = configured({ upstreamConnections: 2 })
  await using gateway = await openGateway({ servers: [backend.url], limits })
  const all = [1, 2, 3].map(() => fetch(gateway.url))
  await eventually(() => gateway.listener.stats.requests === 3 && waiting.length === 2)
  await delay(50)
  assert.equal(waiting.length, 2)
  waiting[0]?.()
  await eventually(() => waiting.length === 3)
  for (const end of waiting) end()
  for (const response of await Promise.all(all)) assert.equal(response.status, 200)
})

test('eventQueue: what does not fit is dropped and counted, and the rest is stored', async t => {
  const burst = 60
  const sections = (eventQueue: number) => ({
    workers: 1,
    guards: { rate: { mode: 'off' }, lists: { deny: ['127.0.0.1'] }, waf: { mode: 'off' } },
    limits: { eventQueue },
  })
  for (const [queue, drops] of [
    [burst, false],
    [1, true],
  ] as const) {
    const { gateway, url, events } = await startTestGateway(t, sections(queue))
    using client = await openRawClient(Number(new URL(url).port))
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(burst))
    await client.count('HTTP/1.1 403', burst)
    await delay(200)
    const dropped = Number(/^merlon_events_dropped_total (\d+)$/m.exec(await gateway.metrics())?.[1])
    assert.equal(dropped > 0, drops, `${dropped} of ${burst} dropped with a queue of ${queue}`)
    assert.equal((await events(burst - dropped)).length, burst - dropped)
  }
})

test('connections over the cap of an address are counted, and told of in one event', async t => {
  const { url, gateway, events } = await startTestGateway(t, { limits: { connectionsPerIp: 2 }, workers: 1 })
  const { port } = new URL(url)
  const sockets = Array.from({ length: 5 }, () => connect(Number(port), '127.0.0.1'))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const closed = sockets.map(socket => new Promise(resolve => socket.on('error', () => {}).once('close', resolve)))
  await Promise.race(closed)
  const found = await events(1, { action: 'fail' })
  const { code, detail } = JSON.parse(found[0]?.json ?? '{}').merlon
  assert.equal(code, 'connection.refused')
  assert.match(detail, /refused by limits\.connectionsPerIp, the last one of 127\.0\.0\.1/)
  await Promise.all(closed.slice(2))
  assert.match(await gateway.metrics(), /merlon_connections_refused_total 3/)
})
