// What the gateway makes of a request and of its response, header by header.

import assert from 'node:assert/strict'
import { get, type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import type { Guard } from '../../src/pipeline/guard.ts'
import { eventually, openBackend, openGateway, openRawBackend, openRawClient } from './proxy-harness.ts'

/** Answers with what it saw. */
function openMirror() {
  return openBackend(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('latin1')
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ method: req.method, url: req.url, raw: req.rawHeaders, body, trailers: req.rawTrailers }))
  })
}

interface Seen {
  readonly method: string
  readonly url: string
  readonly raw: string[]
  readonly body: string
}

function headerOf(seen: Seen, name: string): string[] {
  return seen.raw.filter((_, i) => i % 2 === 1 && seen.raw[i - 1]?.toLowerCase() === name)
}

async function roundTrip(head: string, trustedProxies: readonly string[] = [], guards: readonly Guard[] = []) {
  await using backend = await openMirror()
  await using gateway = await openGateway({ servers: [backend.url], trustedProxies, guards })
  using client = await openRawClient(gateway.port)
  client.send(head.replaceAll('\n', '\r\n'))
  const text = await client.until('"trailers"')
  const json = Buffer.from(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1), 'latin1').toString()
  const seen: Seen = JSON.parse(json)
  return { seen, text, gateway, port: gateway.port, backendPort: backend.port, done: gateway.done }
}

test('proxy: query, order and case of headers reach the upstream as they came, the path in its normal form', async () => {
  const { seen } = await roundTrip(
    'GET /a%2e/../b?x=1&y=%00 HTTP/1.1\nHost: Shop.Example:99\nX-bEtA: \xe9\nx-alpha: 1\nX-ALPHA: 2\n\n',
  )
  assert.equal(seen.url, '/b?x=1&y=%00')
  assert.deepEqual(headerOf(seen, 'host'), ['Shop.Example:99'])
  const names = seen.raw.filter((_, i) => i % 2 === 0)
  assert.deepEqual(
    names.filter(name => /beta|alpha/i.test(name)),
    ['X-bEtA', 'x-alpha', 'X-ALPHA'],
  )
  assert.equal(headerOf(seen, 'x-beta')[0], '\xe9')
})

test('proxy: absolute-form goes on in origin-form', async () => {
  const { seen } = await roundTrip('GET http://shop.example?x=1 HTTP/1.1\nHost: shop.example\n\n')
  assert.equal(seen.url, '/?x=1')
})

test('proxy: hop-by-hop headers stay behind', async () => {
  const { seen, text } = await roundTrip(
    'GET / HTTP/1.1\nHost: a\nConnection: keep-alive, X-Secret, Host, Cookie\nX-Secret: 1\nCookie: c=1\nKeep-Alive: 5\nTE: trailers\nTrailer: x\nProxy-Authorization: p\nProxy: evil\nProxy-Connection: x\nUpgrade: h2c\nHTTP2-Settings: x\nMerlon-Verdict: forged\n\n',
  )
  for (const name of [
    'x-secret',
    'keep-alive',
    'te',
    'trailer',
    'proxy-authorization',
    'proxy',
    'upgrade',
    'merlon-verdict',
    'http2-settings',
  ]) {
    assert.deepEqual(headerOf(seen, name), [], name)
  }
  assert.deepEqual(headerOf(seen, 'host'), ['a'])
  assert.deepEqual(headerOf(seen, 'cookie'), ['c=1'])
  assert.deepEqual(headerOf(seen, 'connection'), ['keep-alive'])
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
})

test('proxy: hop-by-hop headers of the response stay behind too', async () => {
  await using backend = await openRawBackend(socket => {
    socket.once('data', () =>
      socket.write(
        'HTTP/1.1 200 Fine\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: x\r\nUpgrade: y\r\nX-Request-Id: theirs\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9\r\nContent-Length: 2\r\n\r\nok',
        'latin1',
      ),
    )
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const text = await client.until('\r\n\r\nok')
  assert.match(text, /^HTTP\/1\.1 200 Fine\r\n/)
  assert.doesNotMatch(text, /x-hop|timeout=9|proxy-auth|upgrade|theirs/i)
  assert.match(text, /Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9\r\n/)
  assert.equal(text.match(/x-request-id/gi)?.length, 1)
})

test('proxy: what a client says of itself in x-forwarded-* is dropped', async () => {
  const { seen, text, port, done } = await roundTrip(
    'GET / HTTP/1.1\nHost: shop.example\nX-Request-Id: mine\nForwarded: for=1.1.1.1\nX-Forwarded-For: 1.1.1.1\nX-Forwarded-Proto: https\nX-Forwarded-Host: evil\nX-Forwarded-Prefix: /x\nX-Real-IP: 1.1.1.1\n\n',
  )
  const reference = /x-request-id: (\w{26})\r\n/.exec(text)?.[1]
  assert.ok(reference)
  assert.deepEqual(headerOf(seen, 'x-request-id'), [reference])
  assert.deepEqual(headerOf(seen, 'x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual(headerOf(seen, 'x-forwarded-proto'), ['http'])
  assert.deepEqual(headerOf(seen, 'x-forwarded-host'), ['shop.example'])
  assert.deepEqual(headerOf(seen, 'x-forwarded-port'), [String(port)])
  assert.deepEqual(headerOf(seen, 'forwarded'), ['for=127.0.0.1;host=shop.example;proto=http'])
  assert.deepEqual(headerOf(seen, 'x-forwarded-prefix'), [])
  assert.deepEqual(headerOf(seen, 'x-real-ip'), [])
  await eventually(() => done.length === 1)
  assert.equal(done[0]?.reference, reference)
  assert.equal(done[0]?.client.ip, '127.0.0.1')
})

test('proxy: a trusted proxy is believed, and its lists are continued', async () => {
  const { seen, done } = await roundTrip(
    'GET / HTTP/1.1\nHost: shop.example\nForwarded: for=1.1.1.1, for=9.9.9.9\nX-Forwarded-For: 1.1.1.1, 9.9.9.9\nX-Forwarded-Proto: https\nX-Forwarded-Host: public.example\nX-Real-IP: 9.9.9.9\n\n',
    ['127.0.0.0/8'],
  )
  assert.deepEqual(headerOf(seen, 'x-forwarded-for'), ['1.1.1.1, 9.9.9.9, 127.0.0.1'])
  assert.deepEqual(headerOf(seen, 'forwarded'), [
    'for=1.1.1.1, for=9.9.9.9, for=127.0.0.1;host=shop.example;proto=https',
  ])
  assert.deepEqual(headerOf(seen, 'x-forwarded-proto'), ['https'])
  assert.deepEqual(headerOf(seen, 'x-forwarded-host'), ['public.example'])
  assert.deepEqual(headerOf(seen, 'x-real-ip'), ['9.9.9.9'])
  await eventually(() => done.length === 1)
  assert.equal(done[0]?.client.ip, '9.9.9.9')
  assert.equal(done[0]?.client.peerIp, '127.0.0.1')
  assert.equal(done[0]?.client.secure, true)
})

test('proxy: an IPv6 client counts as its /64', async () => {
  await using backend = await openMirror()
  await using gateway = await openGateway({ servers: [backend.url], host: '::1' })
  using client = await openRawClient(gateway.port, '::1')
  client.send('GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n')
  const text = await client.until('"trailers"')
  assert.match(text, /for=\\"\[::1\]\\";host=\\"\[::1\]:80\\"/)
  await eventually(() => gateway.done.length === 1)
  assert.equal(gateway.done[0]?.client.ip, '::1')
  assert.equal(gateway.done[0]?.client.key, '::/64')
  assert.equal(gateway.done[0]?.host, '[::1]')
})

test('proxy: no compression is asked for when guards read response bodies', async () => {
  const reader: Guard = { onResponseBody: () => undefined }
  const { seen } = await roundTrip('GET / HTTP/1.1\nHost: a\nAccept-Encoding: gzip, br\n\n', [], [reader])
  assert.deepEqual(headerOf(seen, 'accept-encoding'), ['identity'])
  const plain = await roundTrip('GET / HTTP/1.1\nHost: a\nAccept-Encoding: gzip, br\n\n')
  assert.deepEqual(headerOf(plain.seen, 'accept-encoding'), ['gzip, br'])
})

test('proxy: bodies reach the upstream whole, with a length where one is known', async () => {
  const reader: Guard = { onBody: () => undefined }
  const sized = 'POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello'
  const chunked =
    'POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTrailer: x-end\n\n3;ext=1\nhel\n2\nlo\n0\nX-End: 1\n\n'
  for (const [head, guards, length, coding] of [
    [sized, [], ['5'], []],
    [sized, [reader], ['5'], []],
    [chunked, [], [], ['chunked']],
    [chunked, [reader], ['5'], []],
  ] as const) {
    const { seen } = await roundTrip(head, [], guards)
    assert.equal(seen.body, 'hello')
    assert.deepEqual(headerOf(seen, 'content-length'), length)
    assert.deepEqual(headerOf(seen, 'transfer-encoding'), coding)
  }
})

test('proxy: an empty POST keeps its Content-Length: 0, a GET gets none', async () => {
  const post = await roundTrip('POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n')
  assert.deepEqual(headerOf(post.seen, 'content-length'), ['0'])
  const chunked = await roundTrip(
    'POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n0\n\n',
    [],
    [{ onBody: () => undefined }],
  )
  assert.deepEqual(headerOf(chunked.seen, 'content-length'), ['0'])
  const get = await roundTrip('GET / HTTP/1.1\nHost: a\n\n')
  assert.deepEqual(headerOf(get.seen, 'content-length'), [])
})

test('proxy: HEAD, 204 and 304 have no body, and say what a body would have been', async () => {
  await using backend = await openBackend((req, res) => {
    if (req.url === '/204') res.writeHead(204).end()
    else if (req.url === '/304') res.writeHead(304, { etag: '"x"', 'content-length': '10' }).end()
    else res.writeHead(200, { 'content-length': '10', 'content-type': 'text/plain' }).end('0123456789')
  })
  await using gateway = await openGateway({ servers: [backend.url], guards: [{ onResponseBody: () => undefined }] })
  using client = await openRawClient(gateway.port)
  client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
  const head = await client.until('\r\n\r\n')
  assert.match(head, /content-length: 10\r\n/i)
  client.send('GET /204 HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until('204 No Content')
  client.send('GET /304 HTTP/1.1\r\nHost: a\r\n\r\n')
  const text = await client.until('etag')
  assert.doesNotMatch(text, /0123|chunked/)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(await client.until('0123456789'), /0123456789$/)
})

test('proxy: chunked responses stream and keep their trailers', async () => {
  const seen = Promise.withResolvers<void>()
  await using backend = await openBackend((_req, res) => {
    res.writeHead(200, { trailer: 'x-sum', 'content-type': 'text/plain' })
    res.write('one')
    void seen.promise.then(() => {
      res.write('two')
      res.addTrailers({ 'x-sum': '6', 'set-cookie': 'no=1' })
      res.end()
    })
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  const response = await new Promise<IncomingMessage>(resolve => get(gateway.url, resolve))
  const body: string[] = []
  for await (const chunk of response) {
    body.push(chunk.toString())
    seen.resolve()
  }
  assert.deepEqual(body, ['one', 'two'])
  assert.equal(response.headers.trailer, 'x-sum')
  assert.deepEqual(response.rawTrailers, ['x-sum', '6'])
})

test('proxy: HTTP/1.0 clients get a body that ends with the connection, and no interim response', async () => {
  await using backend = await openBackend((_req, res) => {
    res.writeEarlyHints({ link: '</a>; rel=preload' })
    res.write('one')
    res.end('two')
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.0\r\n\r\n')
  const text = await client.closed()
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  assert.doesNotMatch(text, /chunked|103/)
  assert.match(text, /connection: close\r\n/i)
  assert.match(text, /\r\n\r\nonetwo$/)
})

test('proxy: HTTP/1.0 with keep-alive', async () => {
  await using backend = await openBackend((_req, res) => res.setHeader('content-length', 2).end('ok'))
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  assert.match(await client.until('\r\n\r\nok'), /connection: keep-alive\r\n/i)
  client.send('GET / HTTP/1.0\r\n\r\n')
  await client.count('\r\n\r\nok', 2)
  await client.closed()
})

test('proxy: interim responses go on before the final one', async () => {
  const seen = Promise.withResolvers<void>()
  await using backend = await openRawBackend(socket => {
    socket.once('data', () => {
      socket.write(
        'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\nX: 1\r\n\r\n',
      )
      void seen.promise.then(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    })
  })
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const early = await client.until('preload\r\n\r\n')
  seen.resolve()
  assert.equal(early, 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
  assert.match(await client.until('\r\n\r\nok'), /preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
})

test('proxy: server-sent events arrive one by one', async () => {
  const [head, first] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await using backend = await openBackend((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.flushHeaders()
    void head.promise.then(() => res.write('data: 1\n\n'))
    void first.promise.then(() => res.end('data: 2\n\n'))
  })
  await using gateway = await openGateway({ servers: [backend.url], guards: [{ onResponseBody: () => undefined }] })
  using client = await openRawClient(gateway.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.doesNotMatch(await client.until('\r\n\r\n'), /data/)
  head.resolve()
  assert.doesNotMatch(await client.until('data: 1'), /data: 2/)
  first.resolve()
  await client.until('data: 2')
})

test('proxy: no route is 404, and done is still called', async () => {
  await using backend = await openMirror()
  await using gateway = await openGateway({ servers: [backend.url], unrouted: path => path === '/nowhere' })
  const response = await fetch(`${gateway.url}/nowhere`)
  const problem = (await response.json()) as Record<string, unknown>
  assert.equal(response.status, 404)
  assert.equal(response.headers.get('content-type'), 'application/problem+json')
  assert.equal(problem['reference'], response.headers.get('x-request-id'))
  await eventually(() => gateway.done.length === 1)
  assert.equal(gateway.done[0]?.route.name, 'none')
  assert.equal(gateway.done[0]?.status, 404)
})

test('proxy: CONNECT and unknown expectations are refused', async () => {
  await using backend = await openMirror()
  await using gateway = await openGateway({ servers: [backend.url] })
  using client = await openRawClient(gateway.port)
  client.send('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n')
  assert.match(await client.closed(), /^HTTP\/1\.1 405 .*application\/problem\+json/s)
  using other = await openRawClient(gateway.port)
  other.send('GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\n\r\n')
  assert.match(await other.closed(), /^HTTP\/1\.1 417 .*application\/problem\+json/s)
})

test('proxy: HEAD that is denied has no body', async () => {
  const denier: Guard = { onHeaders: () => ({ kind: 'deny', status: 403, reason: { code: 'test.no', detail: '' } }) }
  await using gateway = await openGateway({ servers: ['http://127.0.0.1:9'], guards: [denier] })
  const status = await new Promise<number | undefined>(resolve =>
    request(gateway.url, { method: 'HEAD' }, res => resolve(res.resume().statusCode)).end(),
  )
  assert.equal(status, 403)
})
