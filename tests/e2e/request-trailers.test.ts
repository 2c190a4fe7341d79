// Trailers of requests: over HTTP/2 they reach the upstream, judged as messages are; over HTTP/1.1 they are taken off.

import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { bytesToUtf8 } from '../../src/lib/bytes.ts'
import type { Guard } from '../../src/pipeline/guard.ts'
import { openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { openBackend, openGateway, openRawClient } from './proxy-harness.ts'

/** Answers with the trailers that it got. */
async function openHttp2Backend() {
  const server = createServer()
  server.on('stream', stream => {
    let trailers: IncomingHttpHeaders = {}
    stream.on('error', () => {})
    stream.on('trailers', received => {
      trailers = { ...received }
    })
    stream.resume().on('end', () => {
      if (stream.destroyed || stream.closed) return // denied on its way
      stream.respond({ ':status': 200 })
      stream.end(JSON.stringify(trailers))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const upstream = { protocol: 'h2' } as const
const head = { ':method': 'POST', ':path': '/', 'content-type': 'application/octet-stream' }

/** Sends a body, then trailers. */
async function send(client: Awaited<ReturnType<typeof openHttp2Client>>, trailers: Record<string, string | string[]>) {
  const stream = client.session.request(head, { waitForTrailers: true })
  stream.on('error', () => {})
  stream.on('wantTrailers', () => {
    if (!stream.destroyed && !stream.closed) stream.sendTrailers(trailers)
  })
  let status = 0
  let text = ''
  stream.on('response', headers => {
    status = Number(headers[':status'])
  })
  stream.on('data', chunk => {
    text += chunk
  })
  stream.end('body')
  await new Promise(resolve => stream.once('close', resolve))
  return { status, text }
}

const wanting: Guard = { onBody: () => undefined }

for (const [name, guards] of [
  ['streamed', []],
  ['held', [wanting]],
] as const) {
  test(`HTTP/2 to HTTP/2, ${name}: trailers arrive; what only we may say does not`, async () => {
    await using backend = await openHttp2Backend()
    await using gateway = await openHttp2Gateway({ servers: [backend.url], guards, upstream })
    using client = await openHttp2Client(gateway.url)
    const trailers = {
      'x-sum': '4',
      'x-many': ['a', 'b'],
      'x-forwarded-for': '6.6.6.6',
      'merlon-verdict': 'x',
      host: 'evil',
    }
    const { status, text } = await send(client, trailers)
    assert.deepEqual([status, JSON.parse(text)], [200, { 'x-sum': '4', 'x-many': 'a, b' }])
    assert.equal((await client.ask(head, 'body')).body, '{}')
  })
}

test('HTTP/1.1 to HTTP/2: trailers arrive', async () => {
  await using backend = await openHttp2Backend()
  await using gateway = await openGateway({ servers: [backend.url], upstream })
  using client = await openRawClient(gateway.port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n')
  await client.until('{"x-sum":"1"}')
})

test('to HTTP/1.1: they are taken off, and so is their announcement', async () => {
  await using backend = await openBackend((req, res) => {
    req.resume().on('end', () => res.end(JSON.stringify([req.headers.trailer ?? null, req.rawTrailers, 'end'])))
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  using client = await openHttp2Client(gateway.url)
  assert.equal((await send(client, { 'x-sum': '4' })).text, '[null,[],"end"]')
  using old = await openRawClient(gateway.port)
  old.send(
    'POST / HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n',
  )
  await old.until('[null,[],"end"]')
})

test('a guard that judges messages judges trailers', async () => {
  await using backend = await openHttp2Backend()
  const guard: Guard = {
    onMessage: ex =>
      bytesToUtf8(Buffer.from(ex.body.bytes).toString('latin1')).includes('evil')
        ? { kind: 'deny', status: 403, reason: { code: 'test.evil', detail: 'evil' } }
        : undefined,
  }
  await using gateway = await openHttp2Gateway({ servers: [backend.url], guards: [guard], upstream })
  using client = await openHttp2Client(gateway.url)
  assert.deepEqual(await send(client, { 'x-sum': 'good' }), { status: 200, text: '{"x-sum":"good"}' })
  assert.equal((await send(client, { 'x-sum': 'evil' })).status, 403)
})

test('where nobody looks at messages, none are passed', async () => {
  await using backend = await openHttp2Backend()
  await using gateway = await openHttp2Gateway({ servers: [backend.url], upstream, websocket: 'pass' })
  using client = await openHttp2Client(gateway.url)
  assert.deepEqual(await send(client, { 'x-sum': '4' }), { status: 200, text: '{}' })
})

test('as many as headers, and not one more', async () => {
  await using backend = await openHttp2Backend()
  await using gateway = await openHttp2Gateway({ servers: [backend.url], upstream, limits: { headerCount: 8 } })
  using client = await openHttp2Client(gateway.url)
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, '1']))
  const { status, text } = await send(client, many(8))
  assert.deepEqual([status, Object.keys(JSON.parse(text)).length], [200, 8])
  assert.equal((await send(client, many(9))).status, 431)
})
