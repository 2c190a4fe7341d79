// What is refused before any guard sees it, at the limit and one past it; and connections: caps, keep-alive, pipelining,
// draining.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Guard } from '../../src/pipeline/guard.ts'
import { eventually, openBackend, openGateway, openRawClient } from './proxy-harness.ts'

const openOk = () => openBackend((req, res) => res.end(`ok ${req.url?.slice(0, 20)}`))

async function statusOf(port: number, head: string): Promise<number> {
  using client = await openRawClient(port)
  client.send(head)
  const text = await client.until('\r\n\r\n')
  if (!text.startsWith('HTTP/1.1 200')) {
    await client.until('"reference"')
    assert.match(text, /content-type: application\/problem\+json\r\n/i)
    assert.match(text, /connection: close\r\n/i)
    await client.closed()
  }
  return Number(text.slice(9, 12))
}

test('limits: length of the target', async () => {
  await using backend = await openOk()
  await using gateway = await openGateway({ servers: [backend.url], limits: { urlBytes: 100 } })
  const get = (bytes: number) => statusOf(gateway.port, `GET /${'a'.repeat(bytes - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`)
  assert.equal(await get(100), 200)
  assert.equal(await get(101), 414)
  assert.equal(await get(100_000), 414)
  await eventually(() => gateway.done.length === 3)
  assert.equal(gateway.done[1]?.verdict?.reason.code, 'http.url-bytes')
})

test('limits: number of headers', async () => {
  await using backend = await openOk()
  await using gateway = await openGateway({ servers: [backend.url], limits: { headerCount: 50 } })
  const get = (count: number) =>
    statusOf(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\n${'x: y\r\n'.repeat(count - 1)}\r\n`)
  assert.equal(await get(50), 200)
  assert.equal(await get(51), 431)
  assert.equal(await get(5000), 431)
})

test('limits: size of the request line and headers', async () => {
  await using backend = await openOk()
  await using gateway = await openGateway({ servers: [backend.url], limits: { headerBytes: 2000 } })
  const get = (bytes: number) => {
    const head = 'GET / HTTP/1.1\r\nHost: a\r\nX: '
    return statusOf(gateway.port, `${head}${'y'.repeat(bytes - head.length - 4)}\r\n\r\n`)
  }
  assert.equal(await get(2000), 200)
  assert.equal(await get(2001), 431)
  assert.equal(await get(100_000), 431)
})

test('limits: slow headers are cut with 408', async () => {
  await using backend = await openOk()
  await using gateway = await openGateway({ servers: [backend.url], limits: { headerTimeout: 1500 } })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n')
  const dripping = setInterval(() => client.send('x: y\r\n'), 50)
  const startMs = performance.now()
  assert.match(await client.closed(), /^HTTP\/1\.1 408 .*problem\+json/s)
  clearInterval(dripping)
  const tookMs = performance.now() - startMs
  assert.ok(tookMs > 1400 && tookMs < 20_000, `${tookMs} ms`)
  // Also on a connection that has served a request before, and one that never says a word.
  using second = await openRawClient(gateway.port)
  second.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await second.until('ok /')
  second.send('GET / HT')
  await second.until('HTTP/1.1 408')
  using silent = await openRawClient(gateway.port)
  assert.equal(await silent.closed(), '')
})

for (const [name, head, status] of [
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  [
    'length and chunked',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na', 400],
  ['equal lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na', 400],
  ['signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na', 400],
  ['other coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n', 400],
  ['space before colon', 'GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n', 400],
  ['folded line', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n', 400],
  ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  ['bare CR', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n', 400],
  ['NUL', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', 400],
  ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 400],
  ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 400],
  ['unknown method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['target of another host', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
] as const) {
  test(`limits: ${name} is refused with ${status}`, async () => {
    let seen = 0
    await using backend = await openBackend((_req, res) => {
      seen++
      res.end()
    })
    await using gateway = await openGateway({ servers: [backend.url] })
    assert.equal(await statusOf(gateway.port, head), status)
    assert.equal(seen, 0)
    await eventually(() => gateway.done.length === 1)
    assert.match(gateway.done[0]?.verdict?.reason.code ?? '', /^http\./)
    assert.equal(gateway.done[0]?.status, status)
  })
}

test('limits: connections of one address, and in all', async () => {
  await using backend = await openOk()
  await using gateway = await openGateway({ servers: [backend.url], limits: { connectionsPerIp: 2 } })
  using one = await openRawClient(gateway.port)
  using two = await openRawClient(gateway.port)
  using three = await openRawClient(gateway.port)
  assert.equal(await three.closed(), '')
  one.socket.destroy()
  await eventually(() => gateway.listener.stats.connections === 1)
  using four = await openRawClient(gateway.port)
  four.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await four.until('ok /')
  two.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await two.until('ok /')

  await using trusting = await openGateway({
    servers: [backend.url],
    trustedProxies: ['127.0.0.1'],
    limits: { connectionsPerIp: 1, connectionsTotal: 2 },
  })
  using a = await openRawClient(trusting.port)
  using b = await openRawClient(trusting.port)
  using c = await openRawClient(trusting.port)
  assert.equal(await c.closed(), '')
  assert.equal(trusting.listener.stats.connectionsRefused, 1)
  a.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  b.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await Promise.all([a.until('ok /'), b.until('ok /')])
})

test('connections: kept alive on both sides, and closed after so many requests', async () => {
  let sockets = 0
  await using backend = await openBackend(
    (_req, res) => res.end('ok'),
    server => server.on('connection', () => sockets++),
  )
  await using gateway = await openGateway({ servers: [backend.url], limits: { requestsPerConnection: 5 } })
  using client = await openRawClient(gateway.port)
  for (let i = 1; i <= 5; i++) {
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.count('HTTP/1.1 200 OK', i)
  }
  const text = await client.closed()
  assert.equal(text.match(/connection: keep-alive/gi)?.length, 4)
  assert.equal(text.match(/connection: close/gi)?.length, 1)
  assert.equal(sockets, 1)
})

test('connections: silence between requests ends them', async () => {
  await using backend = await openOk()
  await using gateway = await openGateway({ servers: [backend.url], limits: { keepAliveTimeout: 200 } })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until('ok /')
  const startMs = performance.now()
  await client.closed()
  assert.ok(performance.now() - startMs < 10_000)
})

test('connections: pipelined requests are answered in order, one after the other', async () => {
  let running = 0
  let most = 0
  await using backend = await openBackend(async (req, res) => {
    most = Math.max(most, ++running)
    await new Promise(resolve => setTimeout(resolve, req.url === '/0' ? 50 : 1))
    running--
    res.end(`[${req.url}]`)
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  const all = Array.from({ length: 200 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`)
  client.send(all.join(''))
  const text = await client.until('[/199]', 10_000)
  assert.deepEqual(
    [...text.matchAll(/\[\/(\d+)\]/g)].map(match => Number(match[1])),
    all.map((_, i) => i),
  )
  assert.equal(most, 1)
})

test('connections: pipelined bodies are not mixed up', async () => {
  await using backend = await openBackend(async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    res.end(`[${body}]`)
  })
  await using gateway = await openGateway({ servers: [backend.url], guards: [{ onBody: () => undefined }] })
  using client = await openRawClient(gateway.port)
  const post = (body: string) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  client.send(post('one') + post('two') + post('x'.repeat(200_000)) + post('four'))
  const text = await client.until('[four]')
  assert.deepEqual(
    [...text.matchAll(/\[(\w+)\]/g)].map(match => match[1]?.slice(0, 4)),
    ['one', 'two', 'xxxx', 'four'],
  )
})

test('connections: garbage after a pipelined request is answered after it', async () => {
  await using backend = await openBackend((_req, res) => setTimeout(() => res.end('fine'), 50))
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n')
  assert.match(await client.closed(), /^HTTP\/1\.1 200 OK.*fine.*HTTP\/1\.1 400 /s)
})

test('connections: a flood of pipelined requests is held back, and served all the same', async () => {
  await using backend = await openBackend((_req, res) => setTimeout(() => res.end('x'), 5))
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  const chunk = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000)
  let taken = 0
  let closed = false
  client.socket.on('close', () => {
    closed = true
  })
  const flood = async () => {
    for (; taken < 1_000_000 && !closed; taken += 1000) {
      if (!client.send(chunk)) await new Promise(resolve => client.socket.once('drain', resolve).once('close', resolve))
    }
  }
  flood()
  await eventually(() => gateway.listener.stats.requests > 60)
  assert.equal(closed, false)
  assert.ok(taken < 500_000, `${taken} were taken off the client`)
})

test('listener: two share a port', async () => {
  await using backend = await openOk()
  await using one = await openGateway({ servers: [backend.url], reusePort: true })
  await using two = await openGateway({ servers: [backend.url], reusePort: true, port: one.port })
  for (let i = 0; i < 40; i++) {
    assert.equal(await statusOf(one.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 200)
  }
  assert.equal(one.listener.stats.requests + two.listener.stats.requests, 40)
  assert.ok(one.listener.stats.requests > 0 && two.listener.stats.requests > 0)
  await assert.rejects(openGateway({ servers: [backend.url], port: one.port }), { code: 'EADDRINUSE' })
})

test('draining: running requests end, idle connections close at once, new ones are refused', async () => {
  let finish: (() => void) | undefined
  await using backend = await openBackend((req, res) => {
    if (req.url === '/slow') finish = () => res.end('slow done')
    else res.end('ok')
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using idle = await openRawClient(gateway.port)
  idle.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await idle.until('ok')
  using busy = await openRawClient(gateway.port)
  busy.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => finish !== undefined)
  const closed = gateway.listener.close({ drainMs: 30_000 })
  await idle.closed()
  await assert.rejects(openRawClient(gateway.port))
  finish?.()
  assert.match(await busy.closed(), /connection: close.*slow done$/is)
  await closed
})

test('draining: what is left after drainMs is cut', async () => {
  await using backend = await openBackend(() => {})
  await using gateway = await openGateway({ servers: [backend.url] })
  using busy = await openRawClient(gateway.port)
  busy.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => gateway.listener.stats.requests === 1)
  const startMs = performance.now()
  await gateway.listener.close({ drainMs: 200 })
  assert.ok(performance.now() - startMs < 10_000)
  assert.equal(await busy.closed(), '')
})

test('connections: a guard that throws, and one that is slow, hold nobody else up', async () => {
  const guard: Guard = {
    onHeaders: ex => {
      if (ex.path === '/throw') throw new Error('bug')
      return ex.path === '/slow' ? new Promise(resolve => setTimeout(() => resolve(undefined), 200)) : undefined
    },
  }
  await using backend = await openOk()
  await using gateway = await openGateway({ servers: [backend.url], guards: [guard] })
  using slow = await openRawClient(gateway.port)
  slow.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal(await statusOf(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 200)
  assert.equal((await fetch(`${gateway.url}/throw`)).status, 503)
  assert.equal(slow.text, '')
  await slow.until('ok /slow')
})
