// HTTP/2 in: the same life of a request as over HTTP/1.1, with streams in place of connections.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:http2'
import { test } from 'node:test'
import type { Guard } from '../../src/pipeline/guard.ts'
import { startTestGateway } from './gateway-harness.ts'
import { openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { eventually, openBackend } from './proxy-harness.ts'

const looksAtBodies: Guard = { onHeaders: () => undefined, onBody: () => undefined }

test('over TLS by ALPN, with HTTP/1.1 beside it; http2: false has HTTP/1.1 alone', async t => {
  const { gateway, events } = await startTestGateway(
    t,
    { listen: [{ https: '127.0.0.1:0' }, { https: '127.0.0.1:0', http2: false }] },
    (req, res) => res.end(`${req.httpVersion} ${req.headers['x-forwarded-proto']} ${req.headers.host}`),
  )
  const [first = 0, second = 0] = gateway.listening.map(({ port }) => port)
  using client = await openHttp2Client(`https://localhost:${first}`, { rejectUnauthorized: false })
  assert.equal(client.session.alpnProtocol, 'h2')
  const answer = await client.get('/', { ':authority': 'shop.example' })
  assert.deepEqual([answer.status, answer.body], [200, '1.1 https shop.example'])
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
  assert.match(String(answer.headers['x-request-id']), /^\w{26}$/)
  const blocked = await client.get('/?q=%27%20OR%201=1--')
  assert.equal(blocked.status, 403)
  assert.equal(blocked.headers['content-type'], 'application/problem+json')
  const [event] = await events(1)
  assert.equal(JSON.parse(event?.json ?? '').http.version, '2.0')
  await assert.rejects(openHttp2Client(`https://localhost:${second}`, { rejectUnauthorized: false }))
})

test('heads, bodies and their ends', async () => {
  await using backend = await openBackend(async (req, res) => {
    const { url = '' } = req
    if (url === '/echo') {
      const hash = createHash('sha1')
      let bytes = 0
      for await (const chunk of req) {
        hash.update(chunk)
        bytes += chunk.length
      }
      return res.end(`${req.method} ${bytes} ${hash.digest('hex')} ${req.headers['content-length']}`)
    }
    if (url === '/204') return res.writeHead(204).end()
    if (url === '/304') return res.writeHead(304, { etag: '"a"' }).end()
    if (url === '/hints') {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' })
      return res.end('late')
    }
    if (url === '/empty') return res.writeHead(200, { 'content-length': '0' }).end()
    if (url === '/trailers') {
      res.writeHead(200, { trailer: 'x-sum' })
      res.write('body')
      res.addTrailers({ 'x-sum': '4' })
      return res.end()
    }
    if (url === '/many')
      return res
        .writeHead(
          200,
          [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
            ['connection', 'close'],
          ].flat(),
        )
        .end('x')
    return res.end(JSON.stringify({ url, headers: req.headers, raw: req.rawHeaders }))
  })
  for (const guards of [[], [looksAtBodies]]) {
    await using gateway = await openHttp2Gateway({ servers: [backend.url], guards })
    using client = await openHttp2Client(gateway.url)
    const seen = await client.get('/a?b=c', { cookie: ['a=1', 'b=2'], te: 'trailers', ':authority': 'A.example:81' })
    const { url, headers } = JSON.parse(seen.body)
    assert.deepEqual([url, headers.host, headers.cookie, headers.te], ['/a?b=c', 'A.example:81', 'a=1; b=2', undefined])
    assert.equal(headers['x-forwarded-host'], 'A.example:81')

    for (const size of [0, 1, 70_000, 900_000, 3_000_000]) {
      const body = randomBytes(size)
      const digest = createHash('sha1').update(body).digest('hex')
      for (const declared of [true, false]) {
        const length = declared ? { 'content-length': size } : {}
        const type = { 'content-type': 'application/octet-stream' }
        const answer = await client.ask({ ':method': 'POST', ':path': '/echo', ...length, ...type }, body)
        assert.equal(answer.status, 200, `${size} ${declared} ${gateway.done.at(-1)?.failure}`)
        const [method, bytes, sum] = answer.body.split(' ')
        assert.deepEqual([method, bytes, sum], ['POST', String(size), digest])
      }
    }
    for (const [path, status] of [
      ['/204', 204],
      ['/304', 304],
      ['/empty', 200],
    ] as const) {
      const answer = await client.get(path)
      assert.deepEqual([answer.status, answer.body, answer.code, answer.endedByHead], [status, '', 0, true], path)
    }
    const head = await client.ask({ ':method': 'HEAD', ':path': '/whatever' })
    assert.deepEqual([head.status, head.body, head.endedByHead], [200, '', true])
    const hints = await client.get('/hints')
    assert.deepEqual([hints.informational.map(h => h[':status']), hints.body], [[103], 'late'])
    const trailers = await client.get('/trailers')
    assert.deepEqual([trailers.body, trailers.trailers['x-sum']], ['body', '4'])
    const many = await client.get('/many')
    assert.deepEqual([many.headers['set-cookie'], many.headers.connection], [['a=1', 'b=2'], undefined])
    const expecting = await client.ask({ ':method': 'POST', ':path': '/echo', expect: '100-continue' }, 'hello')
    assert.match(expecting.body, /^POST 5 /)
    assert.equal((await client.get('/', { expect: 'wonders' })).status, 417)
  }
})

test('a hundred requests at once on one connection, their answers not mixed up', async () => {
  await using backend = await openBackend((req, res) => void setTimeout(() => res.end(req.url), Math.random() * 20))
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  using client = await openHttp2Client(gateway.url)
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => client.get(`/${round}/${i}`)))
    for (const [i, { body }] of answers.entries()) assert.equal(body, `/${round}/${i}`)
  }
  assert.equal(gateway.listener.stats.connections, 1)
})

test('a guard denies by head and by body; the rest of the body is not waited for', async () => {
  let asked = 0
  await using backend = await openBackend((_req, res) => {
    asked++
    res.end()
  })
  const no = { kind: 'deny', status: 403, reason: { code: 'test.no', detail: '' } } as const
  for (const guard of [{ onHeaders: () => no }, { onBody: () => no }]) {
    await using gateway = await openHttp2Gateway({ servers: [backend.url], guards: [guard] })
    using client = await openHttp2Client(gateway.url)
    const small = await client.ask({ ':method': 'POST' }, 'hello')
    assert.deepEqual([small.status, small.code], [403, 0])
    const large = await client.ask({ ':method': 'POST', 'content-type': 'image/png' }, Buffer.alloc(5_000_000))
    assert.deepEqual([large.status, large.code], [403, 0])
    assert.match(large.body, /"reference"/)
    const text = await client.ask({ ':method': 'POST', 'content-type': 'text/plain' }, Buffer.alloc(5_000_000))
    assert.ok([403, 413].includes(text.status))
    assert.equal((await client.get('/')).status, 403)
  }
  assert.equal(asked, 0)
})

test('the upstream breaks off: the stream is reset, others go on', async () => {
  await using backend = await openBackend((req, res) => {
    if (req.url === '/') res.end('fine')
    else {
      res.writeHead(200, { 'content-length': '100' }).write('some')
      setTimeout(() => res.destroy(), 20)
    }
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  using client = await openHttp2Client(gateway.url)
  const [broken, good] = await Promise.all([client.get('/broken'), client.get('/')])
  assert.equal(broken.code, 2)
  assert.deepEqual([good.status, good.body, good.code], [200, 'fine', 0])
})

test('the client goes away: the upstream request ends', async () => {
  let ended = false
  await using backend = await openBackend((_req, res) => {
    res.on('close', () => {
      ended = true
    })
    res.write('begin')
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  using client = await openHttp2Client(gateway.url)
  const stream = client.session.request({ ':path': '/' })
  stream.on('error', () => {})
  await new Promise(resolve => stream.once('data', resolve))
  stream.close(8)
  await eventually(() => ended && gateway.done.length === 1)
  assert.equal(gateway.done[0]?.aborted, true)
})

test('flow control: a client that does not read holds the upstream back, and so does an upstream the client', async () => {
  let sent = 0
  let received = 0
  let open: (() => void) | undefined
  await using backend = await openBackend(async (req, res) => {
    if (req.method === 'POST') {
      await new Promise<void>(resolve => {
        open = resolve
      })
      for await (const chunk of req) received += chunk.length
      res.end(String(received))
      return
    }
    const chunk = Buffer.alloc(64 * 1024)
    for (let i = 0; i < 400 && !res.destroyed; i++) {
      sent += chunk.length
      if (!res.write(chunk)) await new Promise(resolve => res.once('drain', resolve))
    }
    res.end()
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  using client = await openHttp2Client(gateway.url)
  const download = client.session.request({ ':path': '/' })
  await new Promise(resolve => download.once('response', resolve))
  await new Promise(resolve => setTimeout(resolve, 500))
  const before = sent
  assert.ok(before < 12_000_000, `sent ${before} to who reads nothing`)
  assert.equal((await client.ask({ ':method': 'HEAD', ':path': '/' })).status, 200)
  let got = 0
  for await (const chunk of download) got += chunk.length
  assert.equal(got, 400 * 64 * 1024)

  const upload = client.session.request({ ':method': 'POST', ':path': '/', 'content-type': 'image/png' })
  let taken = 0
  const chunk = Buffer.alloc(64 * 1024)
  const write = () => {
    if (taken >= 30_000_000) return void upload.end()
    upload.write(chunk, () => {
      taken += chunk.length
      write()
    })
  }
  write()
  await eventually(() => open !== undefined)
  await new Promise(resolve => setTimeout(resolve, 500))
  assert.ok(taken < 12_000_000, `took ${taken} for who reads nothing`)
  open?.()
  let text = ''
  for await (const part of upload) text += part
  assert.ok(Number(text) >= 30_000_000)
})

test('draining: GOAWAY, what is under way ends well, and the connection with it', async () => {
  let answer: (() => void) | undefined
  await using backend = await openBackend((_req, res) => {
    answer = () => res.end('in the end')
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  using client = await openHttp2Client(gateway.url)
  let goaway: number | undefined
  client.session.on('goaway', code => {
    goaway = code
  })
  const under = client.get('/')
  await eventually(() => answer !== undefined)
  const closed = gateway.listener.close({ drainMs: 5000 })
  await eventually(() => goaway !== undefined)
  answer?.()
  assert.deepEqual([goaway, (await under).body], [0, 'in the end'])
  await closed
  await eventually(() => client.session.destroyed)
})

test('so many requests, and the connection ends after the last', async () => {
  await using backend = await openBackend((_req, res) => res.end('ok'))
  await using gateway = await openHttp2Gateway({ servers: [backend.url], limits: { requestsPerConnection: 3 } })
  using client = await openHttp2Client(gateway.url)
  for (let i = 0; i < 3; i++) assert.equal((await client.get('/')).body, 'ok')
  await eventually(() => client.session.destroyed)
})

test('HTTP/1.1 in the clear works beside HTTP/2 in the clear', async () => {
  await using backend = await openBackend((req, res) => res.end(req.method))
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  for (const method of ['GET', 'PUT', 'POST', 'PROPFIND']) {
    assert.equal(await (await fetch(gateway.url, { method })).text(), method)
  }
  const session = connect(gateway.url)
  await new Promise(resolve => session.once('remoteSettings', resolve))
  session.destroy()
})

test('server-sent events go through as they come', async () => {
  const told: string[] = []
  await using backend = await openBackend(async (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let i = 0; i < 3; i++) {
      res.write(`data: ${i}\n\n`)
      await eventually(() => told.length === i + 1)
    }
    res.end()
  })
  const guard: Guard = { onResponseHeaders: () => undefined, onResponseBody: () => undefined }
  await using gateway = await openHttp2Gateway({ servers: [backend.url], guards: [guard] })
  using client = await openHttp2Client(gateway.url)
  const stream = client.session.request({ ':path': '/' })
  for await (const chunk of stream) told.push(String(chunk))
  assert.deepEqual(told, ['data: 0\n\n', 'data: 1\n\n', 'data: 2\n\n'])

  told.length = 0
  const response = await fetch(gateway.url)
  for await (const chunk of response.body ?? []) told.push(Buffer.from(chunk).toString())
  assert.equal(told.length, 3)
})
