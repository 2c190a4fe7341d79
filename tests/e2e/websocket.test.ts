// WebSockets through the gateway: every frame as it came, over HTTP/1.1 and HTTP/2; text judged, limits held.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Exchange } from '../../src/pipeline/exchange.ts'
import type { Guard } from '../../src/pipeline/guard.ts'
import type { Limits } from '../../src/pipeline/limits.ts'
import { startTestGateway } from './gateway-harness.ts'
import { openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { eventually, openBackend, openGateway, openRawBackend } from './proxy-harness.ts'
import { strictCases, wsCases, wsFrame } from './websocket-frames.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='

/** A `ws` server that says what it gets and keeps the bytes that came. */
async function openWsBackend(onConnection?: (ws: WebSocket, req: IncomingMessage) => void) {
  const messages: string[] = []
  const received: Buffer[] = []
  const closes: number[] = []
  const backend = await openBackend(
    (_req, res) => res.end(),
    server => {
      const wss = new WebSocketServer({ server })
      wss.on('connection', (ws, req) => {
        req.socket.prependListener('data', chunk => received.push(Buffer.from(chunk))) // ws unmasks in place
        ws.on('message', (data, isBinary) => {
          messages.push(isBinary ? `0x${(data as Buffer).toString('hex')}` : String(data))
        })
        ws.on('error', () => {})
        ws.on('close', code => closes.push(code))
        onConnection?.(ws, req)
      })
    },
  )
  return { ...backend, messages, received, closes, [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose]() }
}

/** A client that has shaken hands and speaks bytes from then on. */
async function openRawWebSocket(port: number, extra = '') {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let bytes = Buffer.alloc(0)
  let closed = false
  socket.on('data', chunk => {
    bytes = Buffer.concat([bytes, chunk])
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  socket.write(
    `GET /chat HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${extra}\r\n`,
  )
  await eventually(() => bytes.includes('\r\n\r\n'))
  const end = bytes.indexOf('\r\n\r\n') + 4
  const head = bytes.subarray(0, end).toString('latin1')
  return {
    head,
    socket,
    get closed() {
      return closed
    },
    /** What came after the head of the answer. */
    get bytes() {
      return bytes.subarray(end)
    },
    /** The code of the Close frame that came. */
    get closeCode(): number | undefined {
      return closeCodeOf(bytes.subarray(end))
    },
    [Symbol.dispose]() {
      socket.destroy()
    },
  }
}

function closeCodeOf(bytes: Buffer): number | undefined {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = (bytes[at + 1] ?? 0) & 127
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    const length =
      short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short
    if ((bytes[at] ?? 0) === 0x88) return length >= 2 ? bytes.readUInt16BE(at + head) : 1005
    at += head + length
  }
  return undefined
}

const judges: Guard = { onMessage: () => undefined }

for (const cut of ['whole', 'byte by byte'] as const) {
  test(`conformance against ws, ${cut}: ${wsCases.length} cases, frames as they came`, async () => {
    await using backend = await openWsBackend()
    await using gateway = await openGateway({ servers: [backend.url], guards: [judges] })
    for (const { name, send, messages, close } of wsCases) {
      backend.messages.length = 0
      backend.received.length = 0
      using client = await openRawWebSocket(gateway.port)
      assert.match(client.head, /^HTTP\/1\.1 101 /)
      const bytes = Buffer.concat(send)
      if (cut === 'whole') for (const part of send) client.socket.write(part)
      else if (bytes.length > 1000) continue
      else for (const byte of bytes) client.socket.write(Buffer.from([byte]))
      if (close === undefined) {
        await eventually(() => backend.messages.length === messages.length)
        await eventually(() => Buffer.concat(backend.received).length >= bytes.length)
        // A control frame may overtake the pieces of a message that waits.
        if (!name.includes('between pieces')) assert.ok(Buffer.concat(backend.received).equals(bytes), name)
        assert.equal(client.closeCode, undefined, name)
      } else {
        await eventually(() => client.closeCode !== undefined)
        assert.equal(client.closeCode, close, name)
        await eventually(() => client.closed)
      }
      assert.deepEqual(backend.messages, messages, name)
    }
  })
}

test('lengths that are not written shortest are refused', async () => {
  await using backend = await openWsBackend()
  await using gateway = await openGateway({ servers: [backend.url], guards: [judges] })
  for (const { name, send, close } of strictCases) {
    using client = await openRawWebSocket(gateway.port)
    for (const part of send) client.socket.write(part)
    await eventually(() => client.closeCode !== undefined)
    assert.equal(client.closeCode, close, name)
  }
  assert.deepEqual(backend.messages, [])
})

test('the back end answers byte for byte, in any size', async () => {
  await using backend = await openWsBackend(ws => ws.on('message', (data, binary) => ws.send(data, { binary })))
  await using gateway = await openGateway({
    servers: [backend.url],
    guards: [judges],
    limits: { websocketMessageBytes: 4_000_000 },
  })
  const ws = new WebSocket(`ws://127.0.0.1:${gateway.port}/`)
  const got: Buffer[] = []
  ws.on('message', (data: RawData) => got.push(data as Buffer))
  await new Promise(resolve => ws.on('open', resolve))
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 1_000_000, 3_000_000]
  const sent = sizes.map(size => randomBytes(size))
  for (const data of sent) ws.send(data)
  await eventually(() => got.length === sizes.length, 10_000)
  for (const [i, data] of sent.entries()) assert.ok(data.equals(got[i] ?? Buffer.alloc(0)))
  ws.close(4000, 'done')
  await eventually(() => backend.closes.includes(4000))
})

test('limits: size, messages, frames, silence', async () => {
  const rows: readonly [Partial<Limits>, readonly Buffer[], readonly Buffer[], number, string | undefined][] = [
    [
      { websocketMessageBytes: 10 },
      [wsFrame(1, 'a'.repeat(10))],
      [wsFrame(1, 'a'.repeat(11))],
      1009,
      'websocket.message-bytes',
    ],
    [
      { websocketMessageBytes: 10 },
      [wsFrame(2, 'a'.repeat(6), { fin: false }), wsFrame(0, 'aaaa')],
      [wsFrame(2, 'a'.repeat(6), { fin: false }), wsFrame(0, 'aaaaa')],
      1009,
      'websocket.message-bytes',
    ],
    [
      { websocketMessages: 5 },
      Array.from({ length: 5 }, () => wsFrame(1, 'x')),
      Array.from({ length: 6 }, () => wsFrame(1, 'x')),
      1008,
      'websocket.messages',
    ],
    [{ websocketMessages: 5 }, [wsFrame(9)], Array.from({ length: 6 }, () => wsFrame(9)), 1008, 'websocket.messages'],
    [
      { websocketFrames: 5 },
      [wsFrame(1, 'x', { fin: false }), ...Array.from({ length: 4 }, () => wsFrame(0, '', { fin: false }))],
      [wsFrame(1, 'x', { fin: false }), ...Array.from({ length: 5 }, () => wsFrame(0, '', { fin: false }))],
      1008,
      'websocket.frames',
    ],
  ]
  await using backend = await openWsBackend()
  for (const [limits, fine, over, code, event] of rows) {
    await using gateway = await openGateway({ servers: [backend.url], guards: [judges], limits })
    using good = await openRawWebSocket(gateway.port)
    good.socket.write(Buffer.concat(fine))
    using bad = await openRawWebSocket(gateway.port)
    bad.socket.write(Buffer.concat(over))
    await eventually(() => bad.closeCode !== undefined)
    assert.deepEqual([good.closeCode, bad.closeCode], [undefined, code])
    await eventually(() => gateway.done.some(({ verdict }) => verdict?.reason.code === event))
  }
  const limits = { tunnelIdleTimeout: 300 }
  await using gateway = await openGateway({ servers: [backend.url], guards: [judges], limits })
  using busy = await openRawWebSocket(gateway.port)
  using silent = await openRawWebSocket(gateway.port)
  const timer = setInterval(() => busy.socket.write(wsFrame(10)), 100)
  await eventually(() => silent.closeCode === 1001 && silent.closed)
  clearInterval(timer)
  assert.equal(busy.closeCode, undefined)
  await using plain = await openGateway({ servers: [backend.url], limits, websocket: 'pass' })
  using passed = await openRawWebSocket(plain.port)
  await eventually(() => passed.closed)
})

test('a refused message: neither it nor what follows goes on, both sides are told, an event says why', async () => {
  const judged: Exchange[] = []
  const guard: Guard = {
    onMessage: ex => {
      judged.push(ex)
      const isBad = Buffer.from(ex.body.bytes).includes('evil')
      return isBad ? { kind: 'deny', status: 403, reason: { code: 'test.evil', detail: 'evil' } } : undefined
    },
  }
  await using backend = await openWsBackend()
  await using gateway = await openGateway({ servers: [backend.url], guards: [guard] })
  using client = await openRawWebSocket(gateway.port, 'Cookie: a=1\r\n')
  const parts = [wsFrame(1, 'good'), wsFrame(1, 'ev', { fin: false }), wsFrame(0, 'il'), wsFrame(1, 'after')]
  client.socket.write(Buffer.concat(parts))
  await eventually(() => client.closeCode !== undefined)
  assert.equal(client.closeCode, 1008)
  await eventually(() => client.closed && backend.closes.length === 1)
  assert.deepEqual([backend.messages, backend.closes], [['good'], [1008]])
  const [first, second] = judged
  assert.equal(String(first?.body.bytes), 'message=good')
  assert.deepEqual([first?.method, first?.path, first?.headers.get('cookie')], ['POST', '/chat', 'a=1'])
  assert.equal(second?.headers.get('content-type'), 'application/x-www-form-urlencoded')
  await eventually(() => gateway.done.length === 3)
  assert.deepEqual(
    gateway.done.map(({ verdict }) => verdict?.reason.code),
    [undefined, 'test.evil', undefined],
  )
  assert.ok(client.bytes.includes(gateway.done[1]?.reference ?? '?'))
})

test('a Close of ours waits for the frame that the upstream is sending', async () => {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const frame = wsFrame(2, 'b'.repeat(1000), { masked: false })
  let send: ((bytes: Buffer) => void) | undefined
  await using backend = await openRawBackend(socket => {
    socket.once('data', () => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      socket.write(frame.subarray(0, 300))
      send = bytes => void socket.write(bytes)
    })
  })
  await using gateway = await openGateway({ servers: [backend.url], guards: [judges] })
  using client = await openRawWebSocket(gateway.port)
  await eventually(() => client.bytes.length === 300)
  client.socket.write(wsFrame(3))
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.equal(client.bytes.length, 300)
  send?.(Buffer.concat([frame.subarray(300), wsFrame(1, 'more', { masked: false })]))
  await eventually(() => client.closed)
  assert.ok(client.bytes.subarray(0, frame.length).equals(frame))
  assert.equal(client.closeCode, 1002)
  assert.equal(client.bytes.length, frame.length + 4)
})

test('an upstream that breaks the rules, and one that compresses unasked', async () => {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  let extension = ''
  await using backend = await openRawBackend(socket => {
    socket.once('data', () => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${extension}Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      socket.write(wsFrame(1, 'masked'))
    })
  })
  await using gateway = await openGateway({ servers: [backend.url], guards: [judges] })
  using client = await openRawWebSocket(gateway.port)
  await eventually(() => client.closed)
  assert.equal(client.closeCode, 1002)
  extension = 'Sec-WebSocket-Extensions: permessage-deflate\r\n'
  using other = await openRawWebSocket(gateway.port, 'Sec-WebSocket-Extensions: permessage-deflate\r\n')
  assert.match(other.head, /^HTTP\/1\.1 502 /)
})

test('compression is not offered to the upstream where messages are looked at, and is where they pass', async () => {
  const offers: (string | undefined)[] = []
  await using backend = await openWsBackend((_ws, req) => offers.push(req.headers['sec-websocket-extensions']))
  for (const websocket of [undefined, 'pass'] as const) {
    await using gateway = await openGateway({
      servers: [backend.url],
      guards: [judges],
      ...(websocket && { websocket }),
    })
    const ws = new WebSocket(`ws://127.0.0.1:${gateway.port}/`)
    await new Promise(resolve => ws.on('open', resolve))
    ws.terminate()
  }
  assert.deepEqual([offers[0], offers[1]?.startsWith('permessage-deflate')], [undefined, true])
})

test('rules judge messages: text and JSON, with evidence in the event', async t => {
  const { gateway, url, events, config } = await startTestGateway(t, {}, (_req, res) => res.end())
  await using backend = await openWsBackend(ws => ws.on('message', data => ws.send(`got ${data}`)))
  const change = config({ upstreams: { app: { servers: [backend.url] } } })
  await gateway.reload?.(change)
  const say = async (...texts: string[]) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/chat`)
    const got: string[] = []
    let code = 0
    ws.on('message', data => got.push(String(data)))
    ws.on('close', closed => {
      code = closed
    })
    ws.on('error', () => {})
    await new Promise(resolve => ws.on('open', resolve).on('close', resolve))
    for (const message of texts) ws.send(message)
    await eventually(() => code !== 0 || got.length === texts.length)
    ws.terminate()
    return { got, code }
  }
  assert.deepEqual((await say('hello', '{"name":"O’Neill","n":1}', 'it costs 5 % + tax; a=b & c')).code, 0)
  assert.equal((await say("x' OR 1=1-- ")).code, 1008)
  assert.equal((await say('{"q":"<script>alert(1)</script>"}')).code, 1008)
  const found = await events(2)
  const places = found.map(({ json }) => JSON.parse(json).merlon.findings[0]?.evidence[0]?.where)
  assert.deepEqual(places, ['ARGS:message', 'ARGS:json.q'])
})

test('over HTTP/2: extended CONNECT, bridged to an upgrade', async () => {
  const heads: IncomingMessage['headers'][] = []
  await using backend = await openWsBackend((ws, req) => {
    heads.push(req.headers)
    ws.on('message', (data, binary) => ws.send(data, { binary }))
  })
  const evil: Guard = {
    onMessage: ex =>
      String(ex.body.bytes).includes('evil')
        ? { kind: 'deny', status: 403, reason: { code: 'test.evil', detail: '' } }
        : undefined,
  }
  await using gateway = await openHttp2Gateway({ servers: [backend.url], guards: [evil] })
  using client = await openHttp2Client(gateway.url)
  await eventually(() => client.session.remoteSettings?.enableConnectProtocol === true)
  const open = async (path: string) => {
    const stream = client.session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': path,
      'sec-websocket-version': '13',
      origin: 'https://a.example',
    })
    stream.on('error', () => {})
    const bytes: Buffer[] = []
    stream.on('data', (chunk: Buffer) => bytes.push(chunk))
    stream.on('end', () => stream.end())
    const head = await new Promise<Record<string, unknown>>(resolve => stream.once('response', resolve))
    return { stream, head, read: () => Buffer.concat(bytes) }
  }
  const { stream, head, read } = await open('/chat?x=1')
  assert.deepEqual([head[':status'], head['sec-websocket-accept'], head['upgrade']], [200, undefined, undefined])
  assert.deepEqual(
    [heads[0]?.origin, heads[0]?.['sec-websocket-version'], heads[0]?.upgrade],
    ['https://a.example', '13', 'websocket'],
  )
  const large = randomBytes(300_000)
  stream.write(Buffer.concat([wsFrame(1, 'hello'), wsFrame(2, large)]))
  const want = Buffer.concat([wsFrame(1, 'hello', { masked: false }), wsFrame(2, large, { masked: false })])
  await eventually(() => read().length === want.length)
  assert.ok(read().equals(want))
  const other = await open('/other')
  other.stream.write(wsFrame(1, 'evil'))
  await eventually(() => other.stream.closed)
  assert.equal(closeCodeOf(other.read()), 1008)
  stream.write(wsFrame(8, Buffer.from([3, 232])))
  await eventually(() => stream.closed)
  assert.equal(stream.rstCode, 0)
  await eventually(() => gateway.done.filter(({ handshake }) => !handshake).length === 2)
  assert.equal(gateway.upstream.servers()[0]?.active, 0)
  assert.equal((await client.get('/')).status, 200)
})

test('over HTTP/2: the upstream says no', async () => {
  await using backend = await openBackend((_req, res) => void res.writeHead(426).end('no way'))
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  using client = await openHttp2Client(gateway.url)
  await eventually(() => client.session.remoteSettings?.enableConnectProtocol === true)
  const answer = await client.ask({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/' }, undefined)
  assert.equal(answer.status, 426)
})
