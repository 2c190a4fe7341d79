// WebSockets and other upgrades: guarded like any request, then a tunnel of bytes.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { Guard } from '../../src/pipeline/guard.ts'
import { eventually, openBackend, openGateway, openRawBackend, openRawClient } from './proxy-harness.ts'

const upgradeHead = (path = '/', extra = '') =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: test\r\n${extra}\r\n`

/** Switches to an echo of bytes. */
function openRawEcho() {
  return openRawBackend(socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\nX-Up: 1\r\n\r\n')
      socket.pipe(socket)
    })
  })
}

test('upgrade: WebSocket messages go both ways, text and binary', async () => {
  await using backend = await openBackend(
    (_req, res) => res.end(),
    server => {
      const wss = new WebSocketServer({ server, handleProtocols: protocols => [...protocols][0] ?? false })
      wss.on('connection', (ws, req) => {
        ws.send(JSON.stringify(req.headers))
        ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
      })
    },
  )
  await using gateway = await openGateway({
    servers: [backend.url],
    guards: [{ onHeaders: () => undefined, onBody: () => undefined }],
    limits: { websocketMessageBytes: 3_000_000 },
  })
  const ws = new WebSocket(`ws://127.0.0.1:${gateway.port}/chat?x=1`, ['proto.one'])
  const messages: Buffer[] = []
  ws.on('message', data => messages.push(data as Buffer))
  await new Promise((resolve, reject) => ws.on('open', resolve).on('error', reject))
  assert.equal(ws.protocol, 'proto.one')
  await eventually(() => messages.length === 1)
  const headers = JSON.parse(String(messages[0]))
  assert.equal(headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(headers['x-request-id'].length, 26)
  const binary = randomBytes(3_000_000)
  ws.send('hello')
  ws.send(binary)
  await eventually(() => messages.length === 3)
  assert.equal(String(messages[1]), 'hello')
  assert.ok(binary.equals(messages[2] ?? Buffer.alloc(0)))
  assert.deepEqual(
    gateway.upstream.servers().map(server => server.active),
    [1],
  )
  assert.equal(gateway.done.length, 0)
  const closed = new Promise(resolve => ws.on('close', resolve))
  ws.close(1000)
  assert.equal(await closed, 1000)
  await eventually(() => gateway.done.length === 1)
  assert.equal(gateway.done[0]?.status, 101)
  assert.equal(gateway.done[0]?.aborted, false)
  assert.equal(gateway.upstream.servers()[0]?.active, 0)
})

test('upgrade: a guard denies: an ordinary answer, and the upstream sees nothing', async () => {
  let seen = 0
  await using backend = await openRawBackend(() => seen++)
  for (const phase of ['onHeaders', 'onBody'] as const) {
    const guard: Guard = { [phase]: () => ({ kind: 'deny', status: 403, reason: { code: 'test.no', detail: '' } }) }
    await using gateway = await openGateway({ servers: [backend.url], guards: [guard] })
    using client = await openRawClient(gateway.port)
    client.send(upgradeHead())
    const text = await client.closed()
    assert.match(
      text,
      /^HTTP\/1\.1 403 Forbidden\r\nx-request-id: \w{26}\r\n.*problem\+json.*connection: close.*"reference"/s,
    )
    await eventually(() => gateway.done.length === 1)
  }
  assert.equal(seen, 0)
})

test('upgrade: the upstream refuses: its answer goes to the client', async () => {
  await using backend = await openRawBackend(socket => {
    socket.once('data', () => socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nX-Up: 1\r\n\r\nnope'))
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send(upgradeHead())
  assert.match(await client.closed(), /^HTTP\/1\.1 401 Unauthorized\r\n.*X-Up: 1\r\n.*\r\n\r\nnope$/s)
  await eventually(() => gateway.done.length === 1)
  assert.equal(gateway.done[0]?.status, 401)
})

test('upgrade: a chunked refusal is unchunked', async () => {
  await using backend = await openBackend((_req, res) => {
    res.statusCode = 426
    res.write('no ')
    res.end('way')
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send(upgradeHead())
  const text = await client.closed()
  assert.match(text, /^HTTP\/1\.1 426 .*\r\n\r\nno way$/s)
  assert.doesNotMatch(text, /chunked/i)
})

test('upgrade: nobody listens: 502', async () => {
  await using gateway = await openGateway({ servers: ['http://127.0.0.1:9'] })
  using client = await openRawClient(gateway.port)
  client.send(upgradeHead())
  assert.match(await client.closed(), /^HTTP\/1\.1 502 .*problem\+json/s)
})

test('upgrade: bytes sent with the head are not lost', async () => {
  await using backend = await openRawEcho()
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send(`${upgradeHead()}early`)
  const text = await client.until('early')
  assert.match(
    text,
    /^HTTP\/1\.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: test\r\nx-request-id: \w{26}\r\nX-Up: 1\r\n\r\nearly$/,
  )
})

test('upgrade: half-close goes through, and the other direction goes on', async () => {
  await using backend = await openRawBackend(socket => {
    let got = ''
    socket.on('data', data => {
      if (got === '') socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
      got += data.toString()
    })
    socket.on('end', () => setTimeout(() => socket.end(`after the end: ${got.slice(-4)}`), 50))
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send(upgradeHead())
  await client.until('101')
  client.socket.end('last')
  assert.match(await client.closed(), /after the end: last$/)
  await eventually(() => gateway.done.length === 1)
})

test('upgrade: either side goes away, so does the other', async () => {
  await using backend = await openRawEcho()
  await using gateway = await openGateway({ servers: [backend.url] })
  {
    using client = await openRawClient(gateway.port)
    client.send(upgradeHead())
    await client.until('101')
    client.socket.resetAndDestroy()
  }
  await eventually(() => backend.sockets.size === 0)
  using other = await openRawClient(gateway.port)
  other.send(upgradeHead())
  await other.until('101')
  for (const socket of backend.sockets) socket.resetAndDestroy()
  await other.closed()
  await eventually(() => gateway.done.length === 2)
})

test('upgrade: back-pressure holds in a tunnel', async () => {
  let sent = 0
  await using backend = await openRawBackend(socket => {
    socket.once('data', async () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
      const chunk = Buffer.alloc(64 * 1024)
      for (let i = 0; i < 3200 && !socket.destroyed; i++) {
        sent += chunk.length
        if (!socket.write(chunk)) await new Promise(resolve => socket.once('drain', resolve))
      }
    })
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send(upgradeHead())
  await client.until('101')
  client.socket.pause()
  await new Promise(resolve => setTimeout(resolve, 400))
  assert.ok(sent < 40_000_000, String(sent))
})

test('upgrade: HTTP/2 and TLS are not upgraded to, nor is a request with a body', async () => {
  await using backend = await openBackend((req, res) => res.end(`plain ${req.headers.upgrade ?? 'none'}`))
  await using gateway = await openGateway({ servers: [backend.url] })
  for (const head of [
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi',
  ]) {
    using client = await openRawClient(gateway.port)
    client.send(head)
    assert.match(await client.until('plain'), /^HTTP\/1\.1 200 .*plain none/s)
    assert.match(await client.closed(), /\r\nConnection: close\r\n/i)
  }
})

test('upgrade: behind pipelined requests, and with a malformed head', async () => {
  await using backend = await openRawBackend(socket => {
    socket.on('data', data => {
      if (data.includes('Upgrade: test') || data.includes('upgrade: test')) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nhi')
      } else setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst'), 50)
    })
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${upgradeHead()}`)
  const text = await client.until('hi')
  assert.match(text, /first.*101 Switching/s)
  using bad = await openRawClient(gateway.port)
  bad.send(upgradeHead('/', 'Host: b\r\n'))
  assert.match(await bad.closed(), /^HTTP\/1\.1 400 .*problem\+json/s)
})

test('upgrade: a client that takes nothing of a refusal is cut', async () => {
  for (const bytes of [50_000_000, 8_000_000]) {
    await using backend = await openBackend((_req, res) => res.end(Buffer.alloc(bytes)))
    await using gateway = await openGateway({ servers: [backend.url], limits: { responseIdleTimeout: 300 } })
    using client = await openRawClient(gateway.port)
    client.socket.pause()
    client.send(upgradeHead())
    await eventually(() => gateway.done.length === 1)
    assert.equal(gateway.upstream.servers()[0]?.active, 0)
  }
})

test('upgrade: a client that is slow to take a refusal gets all of it', async () => {
  await using backend = await openBackend((_req, res) => res.end('x'.repeat(8_000_000)))
  await using gateway = await openGateway({ servers: [backend.url], limits: { responseIdleTimeout: 300 } })
  using client = await openRawClient(gateway.port)
  client.socket.on('data', () => {
    client.socket.pause()
    setTimeout(() => client.socket.resume(), 5)
  })
  client.send(upgradeHead())
  assert.ok((await client.closed()).length > 8_000_000)
})

test('upgrade: draining cuts tunnels in the end', async () => {
  await using backend = await openRawEcho()
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send(upgradeHead())
  await client.until('101')
  await gateway.listener.close({ drainMs: 100 })
  await client.closed()
  await eventually(() => backend.sockets.size === 0)
})
