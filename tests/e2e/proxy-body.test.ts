// Bodies: how much is read before the decision, how the rest streams, and what becomes of a body that nobody wants.

import assert from 'node:assert/strict'
import { request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Guard } from '../../src/pipeline/guard.ts'
import { eventually, openBackend, openGateway, openRawBackend, openRawClient } from './proxy-harness.ts'

const MiB = 1024 * 1024
const reader: Guard = { onBody: () => undefined }
const deny = (status = 403) => ({ kind: 'deny', status, reason: { code: 'test.no', detail: '' } }) as const

/** Until there is room again, or nobody to make any. */
function once(res: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const go = () => {
      res.off('drain', go).off('close', go)
      resolve()
    }
    res.on('drain', go).on('close', go)
  })
}

/** Counts the bytes of each request and answers with the number. */
function openCounter() {
  return openBackend(async (req, res) => {
    let bytes = 0
    for await (const chunk of req) bytes += chunk.length
    res.end(`got ${bytes}`)
  })
}

test('body: guards see it up to body.inspected, at the limit and one past', async () => {
  const seen: [number, boolean][] = []
  const guard: Guard = {
    onBody: ex => {
      seen.push([ex.body.bytes.length, ex.body.complete])
      return undefined
    },
  }
  await using backend = await openCounter()
  await using gateway = await openGateway({ servers: [backend.url], guards: [guard], limits: { bodyInspected: 1000 } })
  const post = async (bytes: number, type: string, chunked: boolean) => {
    const body = new Uint8Array(bytes)
    const init = chunked ? { body: new Blob([body]).stream(), duplex: 'half' as const } : { body }
    const response = await fetch(gateway.url, { method: 'POST', headers: { 'content-type': type }, ...init })
    return `${response.status} ${response.status === 200 ? await response.text() : ''}`
  }
  for (const chunked of [false, true]) {
    assert.equal(await post(1000, 'text/plain', chunked), '200 got 1000')
    assert.equal(await post(1001, 'text/plain', chunked), '413 ')
    assert.equal(await post(1001, 'application/octet-stream', chunked), '200 got 1001')
  }
  assert.deepEqual(seen, [
    [1000, true],
    [1000, false],
    [1000, true],
    [1000, false],
  ])
})

test('body: body.max, declared and not, at the limit and one past', async () => {
  await using backend = await openCounter()
  for (const guards of [[], [reader]]) {
    await using gateway = await openGateway({
      servers: [backend.url],
      guards,
      limits: { bodyMax: 300_000, bodyInspected: 100_000 },
    })
    const send = (bytes: number, chunked: boolean) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { 'content-type': 'video/mp4', ...(chunked ? {} : { 'content-length': bytes }) }
        const req = request(gateway.url, { method: 'POST', headers }, res => resolve(res.resume().statusCode))
        req.on('error', reject)
        req.end(Buffer.alloc(bytes))
      })
    assert.equal(await send(300_000, false), 200)
    assert.equal(await send(300_001, false), 413)
    assert.equal(await send(300_000, true), 200)
    assert.equal(await send(300_001, true), 413)
  }
})

test('body: 100 Continue comes when the body is wanted, and not when it is not', async () => {
  await using backend = await openCounter()
  for (const [guards, want] of [
    [[], 'HTTP/1.1 100 Continue\r\n\r\n'],
    [[reader], 'HTTP/1.1 100 Continue\r\n\r\n'],
    [[{ onHeaders: () => deny() }], 'HTTP/1.1 403 Forbidden\r\n'],
  ] as const) {
    await using gateway = await openGateway({ servers: [backend.url], guards })
    using client = await openRawClient(gateway.port)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
    const first = await client.until('\r\n')
    assert.ok(first.startsWith(want.slice(0, 12)), first)
    if (want.includes('100')) {
      client.send('hello')
      assert.match(await client.until('got 5'), /200 OK/)
    } else assert.match(await client.closed(), /connection: close/i)
  }
})

test('body: declared too large is refused before 100 Continue', async () => {
  await using backend = await openCounter()
  await using gateway = await openGateway({ servers: [backend.url], limits: { bodyMax: 10 } })
  using client = await openRawClient(gateway.port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n')
  assert.match(await client.closed(), /^HTTP\/1\.1 413 /)
})

test('body: an early 403 with a large unread body gets its answer', async () => {
  await using backend = await openCounter()
  await using gateway = await openGateway({ servers: [backend.url], guards: [{ onHeaders: () => deny() }] })
  // A client that sends all before it reads.
  using client = await openRawClient(gateway.port)
  client.socket.pause()
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${50 * MiB}\r\n\r\n`)
  const chunk = Buffer.alloc(MiB)
  for (let i = 0; i < 50; i++) {
    if (client.socket.destroyed) break
    if (!client.socket.write(chunk)) await new Promise(resolve => client.socket.once('drain', resolve))
  }
  client.socket.resume()
  const text = await client.closed()
  assert.match(text, /^HTTP\/1\.1 403 Forbidden\r\n/)
  assert.match(text, /connection: close\r\n/i)
})

test('body: the lingering ends in time', async () => {
  await using backend = await openCounter()
  await using gateway = await openGateway({
    servers: [backend.url],
    guards: [{ onHeaders: () => deny() }],
    limits: { lingerTimeout: 300 },
  })
  using client = await openRawClient(gateway.port)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${50 * MiB}\r\n\r\n`)
  const dripping = setInterval(() => client.send('x'), 20)
  await client.until('403')
  const startMs = performance.now()
  await eventually(() => gateway.listener.stats.connections === 0)
  clearInterval(dripping)
  assert.ok(performance.now() - startMs < 1500)
})

test('body: a small unread body does not cost the connection', async () => {
  await using backend = await openCounter()
  const guard: Guard = { onHeaders: ex => (ex.path === '/no' ? deny() : undefined) }
  await using gateway = await openGateway({ servers: [backend.url], guards: [guard] })
  using client = await openRawClient(gateway.port)
  client.send('POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel')
  assert.match(await client.until('"reference"'), /connection: keep-alive/i)
  client.send('loPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello')
  assert.match(await client.until('got 5'), /200 OK/)
})

test('body: silence is cut with 408', async () => {
  await using backend = await openCounter()
  for (const guards of [[], [reader]]) {
    await using gateway = await openGateway({ servers: [backend.url], guards, limits: { bodyIdleTimeout: 300 } })
    using client = await openRawClient(gateway.port)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
    const startMs = performance.now()
    assert.match(await client.closed(), /^HTTP\/1\.1 408 .*problem\+json/s)
    assert.ok(performance.now() - startMs > 250)
  }
})

test('body: a slow but lively client is fine', async () => {
  await using backend = await openCounter()
  await using gateway = await openGateway({
    servers: [backend.url],
    guards: [reader],
    limits: { bodyIdleTimeout: 1500 },
  })
  using client = await openRawClient(gateway.port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n')
  for (const byte of 'hello') {
    await new Promise(resolve => setTimeout(resolve, 400))
    client.send(byte)
  }
  await client.until('got 5')
})

test('body: broken chunks are answered with 400', async () => {
  await using backend = await openCounter()
  for (const guards of [[], [reader]]) {
    await using gateway = await openGateway({ servers: [backend.url], guards, limits: { lingerTimeout: 200 } })
    using client = await openRawClient(gateway.port)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n')
    assert.match(await client.closed(), /^HTTP\/1\.1 400 .*problem\+json/s)
    await eventually(() => gateway.done.length === 1)
    assert.equal(gateway.done[0]?.verdict?.reason.code, 'http.malformed')
    assert.match(client.text, new RegExp(gateway.done[0]?.reference ?? '-'))
  }
})

/** Growth of memory while `work` runs, sampled. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  globalThis.gc?.()
  const before = process.memoryUsage()
  const base = before.rss
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss - base)
  }, 20)
  await work()
  clearInterval(timer)
  return peak
}

test('body: 200 MiB up with a slow upstream takes no memory', async () => {
  const total = 200 * MiB
  await using backend = await openRawBackend(socket => {
    let bytes = 0
    socket.on('data', chunk => {
      bytes += chunk.length
      // Reads in gulps with pauses.
      if (bytes % (8 * MiB) < chunk.length) {
        socket.pause()
        setTimeout(() => socket.resume(), 30)
      }
      if (bytes >= total) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  for (const guards of [[], [reader]]) {
    await using gateway = await openGateway({ servers: [backend.url], guards, limits: { bodyMax: total } })
    const growth = await growthOf(async () => {
      using client = await openRawClient(gateway.port)
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Type: video/mp4\r\nContent-Length: ${total}\r\n\r\n`)
      const chunk = Buffer.alloc(MiB)
      for (let i = 0; i < total / MiB; i++) {
        if (!client.socket.write(chunk)) await new Promise(resolve => client.socket.once('drain', resolve))
      }
      await client.until('\r\n\r\nok', 30_000)
    })
    assert.ok(growth < 100 * MiB, `grew by ${Math.round(growth / MiB)} MiB`)
  }
})

test('body: 200 MiB down to a slow client takes no memory', async () => {
  const total = 200 * MiB
  let sent = 0
  await using backend = await openBackend(async (_req, res) => {
    res.writeHead(200, { 'content-length': total })
    const chunk = Buffer.alloc(256 * 1024)
    for (sent = 0; sent < total; sent += chunk.length) {
      if (!res.write(chunk)) await new Promise(resolve => res.once('drain', resolve))
    }
    res.end()
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  let received = 0
  const growth = await growthOf(async () => {
    await new Promise<void>((resolve, reject) => {
      const req = request(gateway.url, res => {
        res.on('data', chunk => {
          const before = received
          received += chunk.length
          if (Math.floor(before / (16 * MiB)) !== Math.floor(received / (16 * MiB))) {
            res.pause()
            setTimeout(() => res.resume(), 50)
          }
        })
        res.on('end', resolve).on('error', reject)
      })
      req.on('error', reject).end()
    })
  })
  assert.ok(received === total)
  assert.ok(growth < 100 * MiB, `grew by ${Math.round(growth / MiB)} MiB`)
})

test('body: a reader that stops reading stops the upstream', async () => {
  let sent = 0
  await using backend = await openBackend(async (_req, res) => {
    const chunk = Buffer.alloc(64 * 1024)
    for (let i = 0; i < 3200 && !res.destroyed; i++) {
      sent += chunk.length
      if (!res.write(chunk)) await once(res)
    }
    res.end()
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.socket.pause()
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await new Promise(resolve => setTimeout(resolve, 500))
  const held = sent
  assert.ok(held < 30 * MiB, `${held} bytes left the upstream`)
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal(sent, held)
})

test('body: both directions at once', async () => {
  await using backend = await openBackend((req, res) => {
    res.writeHead(200, { 'content-type': 'application/octet-stream' })
    req.pipe(res)
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  const echoed = await new Promise<string>((resolve, reject) => {
    const req = request(gateway.url, { method: 'POST' }, res => {
      let text = ''
      res.on('data', chunk => {
        text += chunk
        if (text === 'ping1') req.write('ping2')
        if (text === 'ping1ping2') req.end('end')
      })
      res.on('end', () => resolve(text))
    })
    req.on('error', reject)
    req.write('ping1')
  })
  assert.equal(echoed, 'ping1ping2end')
})

test('body: an upstream that answers before the body is in', async () => {
  await using backend = await openRawBackend(socket => {
    socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'))
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MiB}\r\n\r\nhello`)
  assert.match(await client.until('big'), /^HTTP\/1\.1 413 /)
  await eventually(() => gateway.done.length === 1)
})

test('body: a multipart body that is denied when the response has begun cuts the connection', async () => {
  await using backend = await openBackend(async (req, res) => {
    res.write('early')
    for await (const _ of req);
    res.end('late')
  })
  const guard: Guard = { onBody: ex => (Buffer.from(ex.body.bytes).includes('attack') ? deny() : undefined) }
  await using gateway = await openGateway({
    servers: [backend.url],
    guards: [guard],
    limits: { bodyInspected: 1024, fileInspected: 64 },
  })
  using client = await openRawClient(gateway.port)
  const part = (value: string) => `--XX\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n${value}\r\n`
  const body = [part('x'.repeat(2000)), `${part('attack')}--XX--\r\n`]
  client.send(
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${body.join('').length}\r\n\r\n`,
  )
  client.send(body[0] ?? '')
  await client.until('early')
  client.send(body[1] ?? '')
  assert.doesNotMatch(await client.closed(), /late/)
  await eventually(() => gateway.done.length === 1)
  assert.equal(gateway.done[0]?.verdict?.kind, 'deny')
})

test('body: a client that takes nothing of its response is cut', async () => {
  for (const bytes of [50 * MiB, 8 * MiB]) {
    let closed = 0
    await using backend = await openBackend((_req, res) => {
      res.writeHead(200, { 'content-length': bytes })
      res.on('close', () => closed++)
      res.end(Buffer.alloc(bytes))
    })
    await using gateway = await openGateway({ servers: [backend.url], limits: { responseIdleTimeout: 300 } })
    using client = await openRawClient(gateway.port)
    client.socket.pause()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await eventually(() => gateway.listener.stats.requests === 1)
    await eventually(() => gateway.done.length === 1)
    assert.equal(gateway.done[0]?.aborted, true)
    await eventually(() => closed === 1)
  }
})

test('body: a client that is slow but reads is fine', async () => {
  const bytes = 8 * MiB
  await using backend = await openBackend((_req, res) => res.end(Buffer.alloc(bytes)))
  await using gateway = await openGateway({ servers: [backend.url], limits: { responseIdleTimeout: 1000 } })
  const received = await new Promise<number>((resolve, reject) => {
    let count = 0
    const req = request(gateway.url, res => {
      res.on('data', chunk => {
        count += chunk.length
        res.pause()
        setTimeout(() => res.resume(), 20)
      })
      res.on('end', () => resolve(count)).on('error', reject)
    })
    req.on('error', reject).end()
  })
  assert.equal(received, bytes)
})

test('body: a byte a chunk costs no chunk a byte', async () => {
  let chunks = 0
  await using backend = await openBackend(async (req, res) => {
    let bytes = 0
    for await (const chunk of req) {
      bytes += chunk.length
      chunks++
    }
    res.end(`got ${bytes}`)
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  client.send(`${'1\r\nx\r\n'.repeat(50_000)}0\r\n\r\n`)
  await client.until('got 50000')
  assert.ok(chunks < 500, `${chunks} chunks`)
})

test('body: a client that takes a few bytes now and then is cut, one that is slow is not', async () => {
  const limits = { responseMinRate: 1_000_000, responseRateGrace: 500, responseIdleTimeout: 60_000 }
  await using backend = await openBackend((_req, res) => res.end(Buffer.alloc(30_000_000)))
  await using gateway = await openGateway({ servers: [backend.url], limits })
  for (const [everyMs, isCut] of [
    [400, true],
    [2, false],
  ] as const) {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' })
    const before = gateway.done.length
    socket
      .on('error', () => {})
      .on('data', () => {
        socket.pause()
        setTimeout(() => socket.resume(), everyMs)
      })
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await eventually(() => gateway.done.length > before, 20_000)
    assert.equal(gateway.done.at(-1)?.aborted, isCut)
    assert.equal(gateway.done.at(-1)?.failure?.message, isCut ? 'the response is taken too slowly' : undefined)
    socket.destroy()
  }
})

test('body: who does not take a response gives way to who waits for the upstream', async () => {
  await using backend = await openBackend((req, res) => res.end(req.url === '/large' ? Buffer.alloc(30_000_000) : 'ok'))
  await using gateway = await openGateway({
    servers: [backend.url],
    upstream: { connections: 1 },
    limits: { responseStall: 200 },
  })
  using slow = await openRawClient(gateway.port)
  slow.socket.pause()
  slow.send('GET /large HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => gateway.upstream.servers()[0]?.active === 1)
  await new Promise(resolve => setTimeout(resolve, 600))
  assert.equal((await fetch(gateway.url)).status, 200)
  await eventually(() => gateway.done.length === 2)
  assert.match(String(gateway.done.find(ex => ex.path === '/large')?.failure), /not taken while others waited/)
})
