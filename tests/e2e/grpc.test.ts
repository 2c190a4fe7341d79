// gRPC through the gateway, against a server written by hand on node:http2: trailers, trailers-only answers, both
// directions at the same time; and what becomes of HTTP/2 upstreams that refuse, break off, or go away.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  type ClientHttp2Stream,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Guard } from '../../src/pipeline/guard.ts'
import { defaultLimits } from '../../src/pipeline/limits.ts'
import { createUpstream } from '../../src/upstream/upstream.ts'
import { openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { eventually } from './proxy-harness.ts'
import { noOpenssl, openAuthority } from './tls-harness.ts'

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

async function listen(server: Http2Server, onStream: OnStream) {
  const sessions = new Set<{ destroy(): void; goaway(): void }>()
  let opened = 0
  server.on('session', session => {
    opened++
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    onStream(stream, headers)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    sessions,
    get opened() {
      return opened
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function openGrpc(onStream: OnStream) {
  const listening = await listen(createServer(), onStream)
  return {
    ...listening,
    sessions: listening.sessions,
    url: `http://127.0.0.1:${listening.port}`,
    opened: () => listening.opened,
  }
}

function message(text: string): Buffer {
  const bytes = Buffer.from(text)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** Calls with each whole message. */
function messages(
  stream: { on(event: 'data', listener: (chunk: Buffer) => void): unknown },
  each: (text: string) => void,
) {
  let held = Buffer.alloc(0)
  stream.on('data', chunk => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 5 && held.length >= 5 + held.readUInt32BE(1)) {
      const length = held.readUInt32BE(1)
      each(held.subarray(5, 5 + length).toString())
      held = held.subarray(5 + length)
    }
  })
}

const head = { ':status': 200, 'content-type': 'application/grpc' }
const call = (path: string) => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
})

/** Echoes each message, and tells how it ended in trailers. */
const service: OnStream = (stream, headers) => {
  if (headers[':path'] === '/Unknown') {
    stream.respond({ ...head, 'grpc-status': '12', 'grpc-message': 'no such method' }, { endStream: true })
    return
  }
  stream.respond({ ...head, 'x-te': headers['te'], 'x-authority': headers[':authority'] }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }))
  messages(stream, text => stream.write(message(`echo ${text}`)))
  stream.on('end', () => stream.end())
}

const looks: Guard = {
  onHeaders: () => undefined,
  onBody: () => undefined,
  onResponseHeaders: () => undefined,
  onResponseBody: () => undefined,
}

for (const [name, guards] of [
  ['without guards', []],
  ['with guards that want bodies', [looks]],
] as const) {
  test(`unary, trailers-only and streams both ways, ${name}`, async () => {
    await using backend = await openGrpc(service)
    await using gateway = await openHttp2Gateway({ servers: [backend.url], guards, upstream: { protocol: 'h2' } })
    using client = await openHttp2Client(gateway.url)
    const unary = await client.ask({ ...call('/Echo'), ':authority': 'grpc.example' }, message('hi'))
    assert.deepEqual(
      [unary.status, unary.body.slice(5), unary.trailers['grpc-status'], unary.code],
      [200, 'echo hi', '0', 0],
    )
    assert.deepEqual([unary.headers['x-te'], unary.headers['x-authority']], ['trailers', 'grpc.example'])
    const unknown = await client.ask(call('/Unknown'), message('hi'))
    assert.deepEqual([unknown.headers['grpc-status'], unknown.endedByHead, unknown.body], ['12', true, ''])

    const stream: ClientHttp2Stream = client.session.request(call('/Echo'))
    const heard: string[] = []
    let trailers: IncomingHttpHeaders = {}
    stream.on('trailers', received => {
      trailers = received
    })
    messages(stream, text => heard.push(text))
    for (let i = 0; i < 20; i++) {
      stream.write(message(`m${i}`))
      await eventually(() => heard.length === i + 1)
    }
    stream.end()
    await eventually(() => trailers['grpc-status'] === '0')
    assert.equal(heard[19], 'echo m19')
    assert.equal(backend.opened(), 1)
    await eventually(() => gateway.done.length === 3)
  })
}

test('the server speaks first, and a hundred streams share a connection', async () => {
  await using backend = await openGrpc(stream => {
    stream.respond(head, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.write(message('welcome'))
    stream.on('data', () => {})
    stream.on('end', () => stream.end())
  })
  await using gateway = await openHttp2Gateway({
    servers: [backend.url],
    guards: [looks],
    upstream: { protocol: 'h2' },
  })
  using client = await openHttp2Client(gateway.url)
  const streams = Array.from({ length: 100 }, () => client.session.request(call('/Talk')))
  let heard = 0
  for (const stream of streams) messages(stream, () => heard++)
  await eventually(() => heard === 100)
  for (const stream of streams) stream.end()
  await eventually(() => gateway.done.length === 100)
  assert.ok(backend.opened() <= 2)
})

test('the client goes away: the call ends at the server too', async () => {
  let code: number | undefined
  await using backend = await openGrpc(stream => {
    stream.respond(head)
    stream.on('close', () => {
      code = stream.rstCode
    })
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url], upstream: { protocol: 'h2' } })
  using client = await openHttp2Client(gateway.url)
  const stream = client.session.request(call('/Wait'))
  stream.on('error', () => {})
  await new Promise(resolve => stream.once('response', resolve))
  stream.close(8)
  await eventually(() => code === 8)
})

test('a stream that breaks off is reset, a refused one is tried again, a silent one times out', async () => {
  let refused = 0
  await using backend = await openGrpc((stream, headers) => {
    if (headers[':path'] === '/refused' && refused++ === 0) return stream.close(7)
    if (headers[':path'] === '/silent') return
    stream.respond({ ':status': 200 }, { waitForTrailers: headers[':path'] === '/broken' })
    if (headers[':path'] === '/broken') {
      stream.write('some')
      setTimeout(() => stream.close(2), 50)
    } else stream.end('fine')
  })
  await using gateway = await openHttp2Gateway({
    servers: [backend.url],
    upstream: { protocol: 'h2' },
    limits: { upstreamTimeout: 2000 },
  })
  using client = await openHttp2Client(gateway.url)
  assert.equal((await client.get('/broken')).code, 2)
  assert.deepEqual([(await client.get('/refused')).body, refused], ['fine', 2])
  assert.equal((await client.get('/silent')).status, 504)
  for (const session of backend.sessions) session.goaway()
  assert.equal((await client.get('/')).body, 'fine')
  assert.equal(backend.opened(), 2)
  for (const session of backend.sessions) session.destroy()
  await eventually(() => backend.sessions.size === 0)
  assert.equal((await client.get('/')).body, 'fine')
})

test('flow control through both: nothing is held without bound', async () => {
  let sent = 0
  await using backend = await openGrpc(async stream => {
    stream.respond(head)
    for (let i = 0; i < 400 && !stream.destroyed; i++) {
      sent++
      if (!stream.write(Buffer.alloc(64 * 1024))) await new Promise(resolve => stream.once('drain', resolve))
    }
    stream.end()
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url], upstream: { protocol: 'h2' } })
  using client = await openHttp2Client(gateway.url)
  const stream = client.session.request(call('/Much'))
  await new Promise(resolve => stream.once('response', resolve))
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.ok(sent < 50, `${sent} chunks of 64 KiB`)
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  assert.equal(bytes, 400 * 64 * 1024)
})

test('over TLS: h2 must be agreed on, and the certificate be good', { skip: noOpenssl }, async () => {
  const authority = openAuthority()
  const { cert, key } = authority.issue('grpc', 'DNS:localhost')
  const pair = { cert: readFileSync(cert), key: readFileSync(key) }
  const secure = createSecureServer(pair)
  await using backend = await listen(secure as unknown as Http2Server, service)
  const ask = async (ca: string | undefined) => {
    const upstream = createUpstream(
      't',
      { servers: [`https://localhost:${backend.port}`], health: undefined, protocol: 'h2' },
      defaultLimits,
      ca === undefined ? {} : { ca },
    )
    await using gateway = await openHttp2Gateway({ servers: [], destination: upstream })
    using client = await openHttp2Client(gateway.url)
    const answer = await client.ask(call('/Echo'), message('hi'))
    await upstream.close()
    return answer
  }
  assert.equal((await ask(authority.pem)).trailers['grpc-status'], '0')
  assert.equal((await ask(undefined)).status, 502)
})

const string = (field: number, text: string) =>
  Buffer.concat([Buffer.from([(field << 3) | 2, text.length]), Buffer.from(text)])
const framed = (payload: Buffer, flags = 0) => {
  const prefix = Buffer.alloc(5)
  prefix[0] = flags
  prefix.writeUInt32BE(payload.length, 1)
  return Buffer.concat([prefix, payload])
}

test('guards see the texts of each message, also packed ones, and a refused call ends', async () => {
  const seen: string[] = []
  const guard: Guard = {
    onBody: () => undefined,
    onMessage: ex => {
      seen.push(Buffer.from(ex.body.bytes).toString())
      const isBad = seen.at(-1)?.includes('evil')
      return isBad ? { kind: 'deny', status: 403, reason: { code: 'test.evil', detail: '' } } : undefined
    },
  }
  await using backend = await openGrpc(service)
  await using gateway = await openHttp2Gateway({
    servers: [backend.url],
    guards: [guard],
    upstream: { protocol: 'h2' },
  })
  using client = await openHttp2Client(gateway.url)
  const nested = Buffer.concat([string(1, 'a&b'), Buffer.from([0x10, 0x96, 1]), string(3, 'deep')])
  const outer = Buffer.concat([string(1, 'hello'), Buffer.from([0x12, nested.length]), nested])
  const good = await client.ask(call('/Echo'), framed(outer))
  assert.deepEqual([good.trailers['grpc-status'], seen], ['0', ['message=hello&message=a%26b&message=deep']])
  const packed = { ...call('/Echo'), 'grpc-encoding': 'gzip' }
  await client.ask(packed, framed(gzipSync(string(1, 'packed')), 1))
  assert.equal(seen.at(-1), 'message=packed')
  assert.equal((await client.ask(call('/Echo'), framed(string(1, 'evil')))).status, 403)
  assert.equal((await client.ask(packed, framed(gzipSync(string(1, 'evil')), 1))).status, 403)
  assert.equal((await client.ask({ ...call('/Echo'), 'grpc-encoding': 'odd' }, framed(string(1, 'x'), 1))).status, 415)
  const streaming = client.session.request(call('/Echo'))
  streaming.on('error', () => {})
  const heard: string[] = []
  messages(streaming, text => heard.push(text))
  streaming.write(framed(string(1, 'fine')))
  await eventually(() => heard.length === 1)
  streaming.write(framed(string(1, 'evil')))
  await eventually(() => streaming.closed)
  assert.deepEqual([heard.length, streaming.rstCode], [1, 2])
})

test('a call may be silent for as long as tunnelIdleTimeout', async () => {
  await using backend = await openGrpc(service)
  const limits = { bodyIdleTimeout: 100, bodyRateGrace: 50, upstreamTimeout: 1000, tunnelIdleTimeout: 5000 }
  await using gateway = await openHttp2Gateway({
    servers: [backend.url],
    guards: [looks],
    upstream: { protocol: 'h2' },
    limits,
  })
  using client = await openHttp2Client(gateway.url)
  const stream = client.session.request(call('/Echo'))
  stream.on('error', () => {})
  const heard: string[] = []
  messages(stream, text => heard.push(text))
  stream.write(message('a'))
  await eventually(() => heard.length === 1)
  await new Promise(resolve => setTimeout(resolve, 1500))
  stream.write(message('b'))
  await eventually(() => heard.length === 2)
  await eventually(() => stream.closed)
})
