// What can go wrong: upstreams that are down, slow, broken or talk nonsense, and clients that go away.

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { freePort } from '../../src/lib/free-port.test-helper.ts'
import type { Guard } from '../../src/pipeline/guard.ts'
import { eventually, openBackend, openGateway, openRawBackend, openRawClient } from './proxy-harness.ts'

/** Listens on a chosen port and passes everything on. */
async function openRelay(port: number, to: number, host = '127.0.0.1') {
  const server = createServer(socket => {
    const back = connect(to, '127.0.0.1')
    socket.on('error', () => back.destroy()).pipe(back)
    back.on('error', () => socket.destroy()).pipe(socket)
  })
  await new Promise<void>(resolve => server.listen(port, host, resolve))
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

async function problemOf(url: string, init?: RequestInit) {
  const response = await fetch(url, init)
  const text = await response.text()
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text,
    problem: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
    reference: response.headers.get('x-request-id'),
  }
}

test('failure: nobody listens: 502 problem+json with the reference', async () => {
  await using gateway = await openGateway({ servers: [`http://127.0.0.1:${await freePort()}`] })
  for (let i = 0; i < 3; i++) {
    const { status, type, problem, reference } = await problemOf(gateway.url)
    assert.equal(status, 502)
    assert.equal(type, 'application/problem+json')
    assert.equal(problem['reference'], reference)
    assert.doesNotMatch(JSON.stringify(problem), /127\.0\.0\.1|ECONN/)
  }
  assert.match(gateway.done[0]?.failure?.message ?? '', /ECONNREFUSED/)
})

test('failure: silence of the upstream: 504', async () => {
  let ended = 0
  await using backend = await openRawBackend(socket => socket.resume().on('end', () => ended++))
  await using gateway = await openGateway({ servers: [backend.url], limits: { upstreamTimeout: 300 } })
  const startMs = performance.now()
  const { status } = await problemOf(gateway.url)
  assert.equal(status, 504)
  assert.ok(performance.now() - startMs < 10_000)
  await eventually(() => ended === 1)
})

test('failure: silence within the response cuts the client', async () => {
  await using backend = await openRawBackend(socket => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'))
  })
  await using gateway = await openGateway({ servers: [backend.url], limits: { upstreamTimeout: 300 } })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(await client.closed(), /^HTTP\/1\.1 200 OK.*hello$/s)
})

for (const [name, bytes, status] of [
  ['closes at once', '', 502],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 502],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 502],
  [
    'length and chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    502,
  ],
  ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 502],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n', 502],
  ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', 502],
  ['interim responses for ever', 'HTTP/1.1 103 Early\r\n\r\n'.repeat(40), 502],
  ['headers too large', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`, 502],
] as const) {
  test(`failure: upstream: ${name}`, async () => {
    await using backend = await openRawBackend(socket => {
      socket.once('data', () => socket.end(bytes, 'latin1'))
    })
    await using gateway = await openGateway({ servers: [backend.url] })
    const got = await problemOf(gateway.url, { method: 'POST' })
    assert.equal(got.status, status)
    assert.equal(got.type, 'application/problem+json')
  })
}

test('failure: a status that is none is 502, and an interim response has no length', async () => {
  const rows: [answer: string, want: RegExp][] = [
    ['HTTP/1.1 042 X\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 502 /],
    [
      'HTTP/1.1 103 X\r\nLink: a\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 Y\r\n\r\n',
      /^HTTP\/1\.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP\/1\.1 204 Y\r\n/,
    ],
  ]
  for (const [answer, want] of rows) {
    await using backend = await openRawBackend(socket => socket.once('data', () => socket.write(answer)))
    await using gateway = await openGateway({ servers: [backend.url] })
    using client = await openRawClient(gateway.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.match(await client.closed(), want)
  }
})

test('failure: a response that breaks off is cut, never completed', async () => {
  for (const head of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
    await using backend = await openRawBackend(socket => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${head.includes('chunked') ? '5\r\nhello\r\n' : 'hello'}`)
        setTimeout(() => socket.destroy(), 50)
      })
    })
    await using gateway = await openGateway({ servers: [backend.url] })
    using client = await openRawClient(gateway.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const text = await client.closed()
    assert.match(text, /hello(\r\n)?$/)
    assert.doesNotMatch(text, /\r\n0\r\n/)
    // To a client that reads up to the end of the connection, a cut must not look like the end.
    using old = await openRawClient(gateway.port)
    let error: Error | undefined
    old.socket.on('error', e => {
      error = e
    })
    if (head.includes('chunked')) {
      old.send('GET / HTTP/1.0\r\n\r\n')
      await old.closed()
      await eventually(() => error !== undefined)
    }
  }
})

test('failure: a response that breaks off while a guard holds it is 502', async () => {
  await using backend = await openRawBackend(socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhello')
      setTimeout(() => socket.destroy(), 50)
    })
  })
  await using gateway = await openGateway({ servers: [backend.url], guards: [{ onResponseBody: () => undefined }] })
  assert.equal((await problemOf(gateway.url)).status, 502)
})

test('failure: a guard denies the response: the upstream is let go', async () => {
  let closed = 0
  await using backend = await openBackend((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/plain' })
    res.on('close', () => closed++)
    const more = setInterval(() => res.write('secret '.repeat(1000)), 5)
    res.on('close', () => clearInterval(more))
  })
  const guard: Guard = {
    onResponseBody: () => ({ kind: 'deny', status: 403, reason: { code: 'test.leak', detail: '' } }),
  }
  await using gateway = await openGateway({
    servers: [backend.url],
    guards: [guard],
    limits: { responseInspected: 1000 },
  })
  const { status, text } = await problemOf(gateway.url)
  assert.equal(status, 403)
  assert.doesNotMatch(text, /secret/)
  await eventually(() => closed === 1)
})

test('failure: the client goes away: the upstream request is cancelled', async () => {
  for (const path of ['/never', '/forever']) {
    let closed = false
    let came = false
    await using backend = await openBackend((req, res) => {
      came = true
      res.on('close', () => {
        closed = true
      })
      if (req.url !== '/forever') return
      const more = setInterval(() => res.write('x'.repeat(1000)), 5)
      res.on('close', () => clearInterval(more))
    })
    await using gateway = await openGateway({ servers: [backend.url] })
    {
      using client = await openRawClient(gateway.port)
      client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      if (path === '/forever') await client.until('xxx')
      await eventually(() => came)
    }
    await eventually(() => closed)
    await eventually(() => gateway.done.length === 1)
    assert.equal(gateway.done[0]?.aborted, true)
    assert.equal(gateway.upstream.servers()[0]?.active, 0)
  }
})

test('failure: the client goes away within its body: so does the upstream request', async () => {
  let outcome = ''
  let came = false
  await using backend = await openBackend(async req => {
    came = true
    try {
      for await (const _ of req);
      outcome = 'whole'
    } catch {
      outcome = 'cut'
    }
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  {
    using client = await openRawClient(gateway.port)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
    await eventually(() => came)
  }
  await eventually(() => outcome !== '')
  assert.equal(outcome, 'cut')
  await eventually(() => gateway.done.length === 1)
})

test('failure: the next server is tried when one refuses, whatever the method', async () => {
  await using backend = await openBackend(async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    res.end(`ok ${body}`)
  })
  const dead = `http://127.0.0.1:${await freePort()}`
  await using gateway = await openGateway({ servers: [dead, backend.url] })
  for (let i = 0; i < 4; i++) {
    assert.equal(await (await fetch(gateway.url)).text(), 'ok ')
    // Even a stream: the server that refused has not read of it.
    const stream = new Blob(['body']).stream()
    const response = await fetch(gateway.url, { method: 'POST', body: stream, duplex: 'half' } as RequestInit)
    assert.equal(await response.text(), 'ok body')
  }
})

/** Answers one request a connection, then waits; the second request on a connection finds it closed. */
function openFlaky(onRequest: (n: number, head: string, socket: Socket) => void) {
  let requests = 0
  return openRawBackend(socket => socket.on('data', data => onRequest(++requests, data.toString(), socket)))
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

test('failure: an idempotent request on a connection that the upstream closed is sent again', async () => {
  const heads: string[] = []
  await using backend = await openFlaky((n, head, socket) => {
    heads.push(head.slice(0, head.indexOf(' ')))
    if (n === 2) socket.destroy()
    else socket.write(ok)
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  assert.equal((await fetch(gateway.url)).status, 200)
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal((await fetch(gateway.url)).status, 200)
  assert.deepEqual(heads, ['GET', 'GET', 'GET'])
})

test('failure: a POST is never sent twice', async () => {
  let requests = 0
  await using backend = await openFlaky((_n, _head, socket) => {
    requests++
    socket.destroy()
  })
  await using gateway = await openGateway({ servers: [backend.url], guards: [{ onBody: () => undefined }] })
  assert.equal((await problemOf(gateway.url, { method: 'POST', body: 'x' })).status, 502)
  assert.equal(requests, 1)
  assert.equal((await problemOf(gateway.url, { method: 'PUT', body: 'x' })).status, 502)
  assert.equal(requests, 4)
})

test('failure: no second try after the first byte of a response', async () => {
  let requests = 0
  await using backend = await openFlaky((_n, _head, socket) => {
    requests++
    socket.end('HTTP/1.1 2')
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  assert.equal((await problemOf(gateway.url)).status, 502)
  assert.equal(requests, 1)
})

test('failure: servers are used in turn, and the one with less work first', async () => {
  const counts = [0, 0]
  const backends = await Promise.all([0, 1].map(i => openBackend((_req, res) => res.end(String(++counts[i]!)))))
  await using gateway = await openGateway({ servers: backends.map(backend => backend.url) })
  for (let i = 0; i < 10; i++) await (await fetch(gateway.url)).text()
  assert.deepEqual(counts, [5, 5])
  for (const backend of backends) await backend[Symbol.asyncDispose]()
})

test('failure: health checks take a server out and bring it back', async () => {
  let sick = false
  await using one = await openBackend((req, res) => {
    if (req.url === '/healthz') res.writeHead(sick ? 500 : 204).end()
    else res.end('one')
  })
  const health = { path: '/healthz', intervalMs: 50, timeoutMs: 500, unhealthyAfter: 2, healthyAfter: 2 }
  await using gateway = await openGateway({ servers: [one.url], health })
  assert.equal(await (await fetch(gateway.url)).text(), 'one')
  sick = true
  await eventually(() => gateway.upstream.servers()[0]?.healthy === false)
  const { status, problem } = await problemOf(gateway.url)
  assert.equal(status, 503)
  assert.ok(problem['reference'])
  sick = false
  await eventually(() => gateway.upstream.servers()[0]?.healthy === true)
  assert.equal(await (await fetch(gateway.url)).text(), 'one')
})

test('failure: when every connection is in use, requests wait, and give up in time', async () => {
  const waiting: (() => void)[] = []
  await using backend = await openBackend((_req, res) => waiting.push(() => res.end('ok')))
  await using gateway = await openGateway({
    servers: [backend.url],
    limits: { upstreamConnections: 1, upstreamConnectTimeout: 3000 },
  })
  const first = fetch(gateway.url)
  await eventually(() => waiting.length === 1)
  const second = fetch(gateway.url)
  await new Promise(resolve => setTimeout(resolve, 50))
  waiting[0]?.()
  assert.equal((await first).status, 200)
  await eventually(() => waiting.length === 2)
  const third = problemOf(gateway.url)
  assert.equal((await third).status, 503)
  waiting[1]?.()
  assert.equal((await second).status, 200)
})

test('failure: a client that leaves the line leaves it at once', async () => {
  const waiting: (() => void)[] = []
  await using backend = await openBackend((_req, res) => waiting.push(() => res.end('ok')))
  await using gateway = await openGateway({ servers: [backend.url], limits: { upstreamConnections: 1 } })
  const first = fetch(gateway.url)
  await eventually(() => waiting.length === 1)
  const req = request(gateway.url).on('error', () => {})
  req.end()
  await eventually(() => gateway.listener.stats.requests === 2)
  req.destroy()
  await eventually(() => gateway.done.length === 1)
  waiting[0]?.()
  assert.equal((await first).status, 200)
  assert.equal(waiting.length, 1)
})

test('failure: what can not be written is cut, and done is still called', async () => {
  await using backend = await openBackend((_req, res) => res.setHeader('content-type', 'text/plain').end('hello'))
  const add = (ex: Parameters<NonNullable<Guard['onHeaders']>>[0]) => {
    ex.extraHeaders.push('x-bad', 'a\r\nb')
    return undefined
  }
  const guards: Guard[] = [
    { onHeaders: add },
    { onResponseHeaders: add },
    { onResponseHeaders: async ex => add(ex) },
    { onResponseBody: async ex => add(ex) },
    {
      onHeaders: () => ({
        kind: 'answer',
        status: 200,
        headers: ['x', '\n'],
        body: new Uint8Array(),
        reason: { code: 'a.b', detail: '' },
      }),
    },
    { onHeaders: () => ({ kind: 'deny', status: 4711, reason: { code: 'a.b', detail: '' } }) },
  ]
  for (const guard of guards) {
    await using gateway = await openGateway({ servers: [backend.url], guards: [guard] })
    using client = await openRawClient(gateway.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.doesNotMatch(await client.closed(), /200 OK/)
    await eventually(() => gateway.done.length === 1)
    assert.ok(gateway.done[0]?.failure)
    assert.equal(gateway.upstream.servers()[0]?.active, 0)
  }
})

test('failure: a server that comes back is used again soon', async () => {
  const port = await freePort()
  await using gateway = await openGateway({ servers: [`http://127.0.0.1:${port}`] })
  for (let i = 0; i < 8; i++) assert.equal((await problemOf(gateway.url)).status, 502)
  await using backend = await openBackend((_req, res) => res.end('back'))
  await using relay = await openRelay(port, backend.port)
  assert.ok(relay)
  assert.equal((await problemOf(gateway.url)).status, 200)
})

test('failure: among others, it is used again when its pause is over', async () => {
  const port = await freePort()
  await using steady = await openBackend((_req, res) => res.end('steady'))
  await using gateway = await openGateway({ servers: [`http://127.0.0.1:${port}`, steady.url] })
  for (let i = 0; i < 4; i++) assert.equal((await problemOf(gateway.url)).text, 'steady')
  await using backend = await openBackend((_req, res) => res.end('back'))
  await using relay = await openRelay(port, backend.port)
  assert.ok(relay)
  const startMs = performance.now()
  while ((await problemOf(gateway.url)).text !== 'back') {
    assert.ok(performance.now() - startMs < 20_000)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
})

test('failure: an IPv6 upstream', async () => {
  await using backend = await openBackend((_req, res) => res.end('six'))
  await using relay = await openRelay(0, backend.port, '::1')
  await using gateway = await openGateway({ servers: [`http://[::1]:${relay.port}`] })
  assert.equal((await problemOf(gateway.url)).text, 'six')
})
