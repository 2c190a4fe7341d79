// HTTP/2 clients that attack with frames: each has a limit, is cut with GOAWAY, and leaves an event, while others are served.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Limits } from '../../src/pipeline/limits.ts'
import { startTestGateway } from './gateway-harness.ts'
import { frame, getHead, hpack, openFrameClient, openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { eventually, openBackend, openGateway } from './proxy-harness.ts'

type Client = Awaited<ReturnType<typeof openFrameClient>>

const enhanceYourCalm = 0xb
const ping = frame(6, 0, 0, '12345678')
const endHeaders = 4
const endStream = 1

interface Attack {
  readonly name: string
  readonly limits: Partial<Limits>
  readonly code: string
  /** Sends what is one too many when `count` is one more than the limit. */
  readonly send: (client: Client, count: number) => void
  readonly max: number
}

const repeat = (count: number, make: (i: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, i) => make(i)))

const attacks: readonly Attack[] = [
  {
    name: 'rapid reset',
    limits: { http2Resets: 20 },
    max: 20,
    code: 'http2.resets',
    send: (client, count) =>
      client.send(
        repeat(count, i =>
          Buffer.concat([
            frame(1, endHeaders | endStream, 2 * i + 1, getHead('/hang')),
            frame(3, 0, 2 * i + 1, Buffer.from([0, 0, 0, 8])),
          ]),
        ),
      ),
  },
  {
    name: 'CONTINUATION flood',
    limits: { http2Continuations: 4 },
    max: 4,
    code: 'http2.continuations',
    send: (client, count) =>
      client.send(
        frame(1, endStream, 1, getHead()),
        repeat(count, i => frame(9, i === 3 ? endHeaders : 0, 1, hpack([`x-${i}`, 'v']))),
      ),
  },
  {
    name: 'PING flood',
    limits: { http2ControlFrames: 30 },
    max: 30,
    code: 'http2.control-frames',
    send: (client, count) => client.send(repeat(count - 2, () => ping)),
  },
  {
    name: 'SETTINGS flood',
    limits: { http2ControlFrames: 30 },
    max: 30,
    code: 'http2.control-frames',
    send: (client, count) => client.send(repeat(count - 2, () => frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100])))),
  },
  {
    name: 'PRIORITY flood',
    limits: { http2ControlFrames: 30 },
    max: 30,
    code: 'http2.control-frames',
    send: (client, count) => client.send(repeat(count - 2, i => frame(2, 0, 2 * i + 1, Buffer.from([0, 0, 0, 0, 9])))),
  },
  {
    name: 'unknown frames',
    limits: { http2ControlFrames: 30 },
    max: 30,
    code: 'http2.control-frames',
    send: (client, count) => client.send(repeat(count - 2, () => frame(0x77, 0, 0, 'what'))),
  },
  {
    name: 'empty DATA frames',
    limits: { http2EmptyFrames: 10 },
    max: 10,
    code: 'http2.empty-frames',
    send: (client, count) =>
      client.send(
        frame(1, endHeaders, 1, postHead()),
        repeat(count, () => frame(0, 0, 1)),
      ),
  },
  {
    name: 'DATA frames of padding',
    limits: { http2EmptyFrames: 10 },
    max: 10,
    code: 'http2.empty-frames',
    send: (client, count) =>
      client.send(
        frame(1, endHeaders, 1, postHead()),
        repeat(count, () => frame(0, 8, 1, Buffer.from([3, 0, 0, 0]))),
      ),
  },
  {
    name: 'WINDOW_UPDATE flood',
    limits: { http2WindowUpdates: 50 },
    max: 50,
    code: 'http2.window-updates',
    send: (client, count) => client.send(repeat(count, () => frame(8, 0, 0, Buffer.from([0, 0, 0, 1])))),
  },
]

function postHead(): Buffer {
  return hpack(
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/post'],
    [':authority', 'a.example'],
    ['content-type', 'image/png'],
  )
}

for (const { name, limits, code, send, max } of attacks) {
  test(`${name}: the limit passes, one more ends the connection`, async () => {
    await using backend = await openBackend((req, res) => {
      if (req.url !== '/hang') res.end('ok')
    })
    await using gateway = await openHttp2Gateway({ servers: [backend.url], limits })
    using good = await openHttp2Client(gateway.url)
    using fine = await openFrameClient(gateway.port)
    await eventually(() => fine.frames.some(({ type, flags }) => type === 4 && flags === 1))
    fine.send(frame(4, 1, 0))
    send(fine, max)
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.deepEqual([fine.goaways(), fine.closed], [[], false])
    using bad = await openFrameClient(gateway.port)
    await eventually(() => bad.frames.some(({ type, flags }) => type === 4 && flags === 1))
    bad.send(frame(4, 1, 0))
    send(bad, max + 1)
    await eventually(() => bad.closed)
    assert.deepEqual(bad.goaways(), [enhanceYourCalm])
    await eventually(() => gateway.done.some(({ verdict }) => verdict?.reason.code === code))
    assert.deepEqual([...gateway.listener.stats.http2Cut.values()], [1])
    assert.equal((await good.get('/')).body, 'ok')
  })
}

test('an attack has an event and a metric', async t => {
  const { gateway, events } = await startTestGateway(t, {
    listen: [{ http: '127.0.0.1:0', http2: true }],
    limits: { http2ControlFrames: 10 },
  })
  using bad = await openFrameClient(gateway.listening[0]?.port ?? 0)
  bad.send(repeat(20, () => ping))
  await eventually(() => bad.closed)
  const [event] = await events(1)
  const { merlon, client } = JSON.parse(event?.json ?? '{}')
  assert.deepEqual([merlon.code, merlon.guard, client.ip], ['http2.control-frames', 'http', '127.0.0.1'])
  assert.match(await gateway.metrics(), /merlon_http2_cut_total\{limit="http2ControlFrames"\} 1/)
})

test('requests that the client’s own faults end count as reset', async () => {
  await using backend = await openBackend(() => {})
  await using gateway = await openHttp2Gateway({ servers: [backend.url], limits: { http2Resets: 5 } })
  using bad = await openFrameClient(gateway.port)
  for (let i = 0; i < 8 && !bad.closed; i++) {
    bad.send(frame(1, endHeaders | endStream, 2 * i + 1, getHead('/hang')))
    await eventually(() => bad.closed || gateway.listener.stats.requests > i)
    bad.send(frame(8, 0, 2 * i + 1, Buffer.from([0, 0, 0, 0])))
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  await eventually(() => bad.closed)
})

test('no window: a response that nobody takes is given up, and the upstream is let go', async () => {
  let closed = 0
  await using backend = await openBackend((_req, res) => {
    res.on('close', () => closed++)
    res.write(Buffer.alloc(2_000_000))
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url], limits: { responseIdleTimeout: 300 } })
  const noWindow = frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))
  using bad = await openFrameClient(gateway.port, { settings: noWindow })
  bad.send(frame(1, endHeaders | endStream, 1, getHead()), frame(1, endHeaders | endStream, 3, getHead()))
  await eventually(() => bad.resetOf(1) === 8 && bad.resetOf(3) === 8 && closed === 2, 6000)
  assert.equal(gateway.done.length, 2)
})

test('a window that opens by a byte now and then keeps a response alive, but no more than its limit of updates', async () => {
  await using backend = await openBackend((_req, res) => void res.end(Buffer.alloc(100_000)))
  await using gateway = await openHttp2Gateway({ servers: [backend.url], limits: { http2WindowUpdates: 20 } })
  using bad = await openFrameClient(gateway.port, { settings: frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])) })
  bad.send(frame(1, endHeaders | endStream, 1, getHead()))
  for (let i = 0; i < 60 && !bad.closed; i++) {
    bad.send(frame(8, 0, 1, Buffer.from([0, 0, 0, 1])))
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await eventually(() => bad.closed)
})

test('heads: many lines, large ones, and a table entry that is named again and again', async () => {
  let asked = 0
  await using backend = await openBackend((_req, res) => {
    asked++
    res.end()
  })
  await using gateway = await openHttp2Gateway({
    servers: [backend.url],
    limits: { headerCount: 20, headerBytes: 4096 },
  })
  using client = await openHttp2Client(gateway.url)
  const lines = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'v']))
  assert.equal((await client.get('/', lines(19))).status, 200) // and host
  assert.equal((await client.get('/', lines(20))).status, 431)
  assert.equal((await client.get('/', { 'x-large': 'v'.repeat(5000) })).status, 431)
  assert.equal((await client.get(`/${'p'.repeat(9000)}`)).status, 414)
  const cookies = Array.from({ length: 30 }, (_, i) => `c${i}=1`)
  assert.equal((await client.get('/', { cookie: cookies })).status, 200)
  assert.equal(asked, 2)
  const before = process.memoryUsage().rss
  using bad = await openFrameClient(gateway.port)
  const entry = Buffer.concat([Buffer.from([0x40]), hpack(['x-bomb', 'b'.repeat(3900)]).subarray(1)])
  const bomb = Buffer.alloc(12_000, 0x80 | 62) // the entry just made, one byte for 4 KB
  bad.send(frame(1, endHeaders | endStream, 1, Buffer.concat([getHead(), entry, bomb])))
  await eventually(() => bad.closed || bad.resetOf(1) !== undefined || bad.goaways().length > 0)
  assert.ok(process.memoryUsage().rss - before < 30_000_000)
  assert.equal(asked, 2)
})

test('too many requests at once are refused, and end the connection when it goes on', async () => {
  await using backend = await openBackend(() => {})
  await using gateway = await openHttp2Gateway({ servers: [backend.url], limits: { http2Streams: 5 } })
  using bad = await openFrameClient(gateway.port)
  await eventually(() => bad.frames.some(({ type }) => type === 4))
  const settings = bad.frames.find(({ type, flags }) => type === 4 && flags === 0)?.payload
  assert.ok(settings?.includes(Buffer.from([0, 3, 0, 0, 0, 5])))
  bad.send(frame(4, 1, 0))
  bad.send(repeat(5, i => frame(1, endHeaders | endStream, 2 * i + 1, getHead())))
  await eventually(() => gateway.listener.stats.requests === 5)
  bad.send(frame(1, endHeaders | endStream, 11, getHead()))
  await eventually(() => bad.closed || bad.resetOf(11) !== undefined)
  assert.equal(gateway.listener.stats.requests, 5)
})

test('a head that never ends, and a client that never begins, are cut', async () => {
  await using backend = await openBackend((_req, res) => void res.end())
  await using gateway = await openHttp2Gateway({ servers: [backend.url], limits: { headerTimeout: 300 } })
  using slow = await openFrameClient(gateway.port)
  slow.send(frame(1, endStream, 1, getHead()))
  await eventually(() => slow.closed)
  assert.deepEqual(slow.goaways(), [enhanceYourCalm])
  await eventually(() => gateway.done.some(({ verdict }) => verdict?.reason.code === 'http.header-timeout'))
  using silent = await openFrameClient(gateway.port, { settings: Buffer.alloc(0) })
  await eventually(() => silent.closed)
})

test('a silent connection ends after keepAliveTimeout, PINGs or not', async () => {
  await using backend = await openBackend((_req, res) => void res.end())
  await using gateway = await openHttp2Gateway({ servers: [backend.url], limits: { keepAliveTimeout: 300 } })
  using client = await openFrameClient(gateway.port)
  const timer = setInterval(() => client.send(ping), 50)
  await eventually(() => client.closed)
  clearInterval(timer)
  assert.equal(client.goaways()[0], 0)
})

test('large bodies of one connection wait for each other; small ones do not', async () => {
  await using backend = await openBackend((req, res) => {
    let bytes = 0
    req.on('data', chunk => {
      bytes += chunk.length
    })
    req.on('end', () => res.end(String(bytes)))
  })
  const guards = [{ onBody: () => undefined }]
  await using gateway = await openHttp2Gateway({ servers: [backend.url], guards, limits: { http2LargeBodies: 2 } })
  using client = await openHttp2Client(gateway.url)
  const post = { ':method': 'POST', 'content-type': 'text/plain' }
  const taken: number[] = []
  const begun = [0, 1, 2].map(i => {
    const stream = client.session.request(post)
    stream.on('error', () => {})
    stream.write(Buffer.alloc(600_000), () => taken.push(i))
    return stream
  })
  await eventually(() => taken.length === 2)
  await new Promise(resolve => setTimeout(resolve, 200))
  assert.deepEqual(taken.toSorted(), [0, 1])
  assert.equal((await client.ask(post, Buffer.alloc(1000))).body, '1000')
  begun[0]?.close(8)
  await eventually(() => taken.length === 3)
  begun[2]?.end()
  let text = ''
  for await (const chunk of begun[2] ?? []) text += chunk
  assert.equal(text, '600000')
})

test('the announced window of a body is the limit', async () => {
  await using gateway = await openHttp2Gateway({ servers: ['http://127.0.0.1:9'], limits: { http2Window: 70_000 } })
  using client = await openFrameClient(gateway.port)
  await eventually(() => client.frames.some(({ type }) => type === 4))
  const settings = client.frames.find(({ type }) => type === 4)?.payload
  assert.ok(settings?.includes(Buffer.from([0, 4, 0, 1, 0x11, 0x70])))
})

const malformed: readonly (readonly [string, readonly (readonly [string, string])[], number])[] = [
  // 0: the stream is reset; else the status of our answer.
  ['Connection', [['connection', 'close']], 0],
  ['Transfer-Encoding', [['transfer-encoding', 'chunked']], 0],
  ['Upgrade', [['upgrade', 'h2c']], 0],
  ['Keep-Alive', [['keep-alive', 'timeout=5']], 0],
  ['TE other than trailers', [['te', 'gzip']], 0],
  ['a name in capitals', [['X-Upper', '1']], 0],
  [
    'a late pseudo-header',
    [
      ['x', '1'],
      [':path', '/b'],
    ],
    0,
  ],
  ['an unknown pseudo-header', [[':unknown', '1']], 0],
  ['a Host that differs', [['host', 'b.example']], 400],
  [
    'two lengths',
    [
      ['content-length', '0'],
      ['content-length', '1'],
    ],
    0,
  ],
  ['a length that is none', [['content-length', '+1']], 0],
  [
    'two content types',
    [
      ['content-type', 'a/b'],
      ['content-type', 'c/d'],
    ],
    400,
  ],
]

for (const [name, lines, want] of malformed) {
  test(`malformed: ${name}`, async () => {
    let asked = 0
    await using backend = await openBackend((_req, res) => {
      asked++
      res.end()
    })
    await using gateway = await openHttp2Gateway({ servers: [backend.url] })
    using client = await openFrameClient(gateway.port)
    client.send(frame(1, endHeaders | endStream, 1, Buffer.concat([getHead(), hpack(...lines)])))
    await eventually(() => client.closed || client.frames.some(({ stream }) => stream === 1))
    const answered = client.frames.some(({ type, stream }) => type === 1 && stream === 1)
    assert.equal(answered, want !== 0)
    if (want !== 0) assert.equal(gateway.done[0]?.status ?? want, want)
    assert.equal(asked, 0)
  })
}

test('malformed requests without end end the connection', async () => {
  await using gateway = await openHttp2Gateway({ servers: ['http://127.0.0.1:9'] })
  using client = await openFrameClient(gateway.port)
  const head = Buffer.concat([getHead(), hpack(['connection', 'close'])])
  for (let i = 0; i < 200; i++) client.send(frame(1, endHeaders | endStream, 2 * i + 1, head))
  await eventually(() => client.closed)
  await eventually(() => gateway.done.some(({ verdict }) => verdict?.reason.code === 'http.malformed'))
  assert.equal(gateway.listener.stats.requests, 0)
})

test('a header with a byte that no value may have is left out before anybody sees it', async () => {
  const seen: string[] = []
  await using backend = await openBackend((req, res) => {
    seen.push(...req.rawHeaders)
    res.end()
  })
  await using gateway = await openHttp2Gateway({ servers: [backend.url] })
  using client = await openFrameClient(gateway.port)
  const lines = hpack(['x-nul', 'a\0b'], ['x-line', 'a\nb: c'], ['x good', '1'], ['x-good', '1'])
  client.send(frame(1, endHeaders | endStream, 1, Buffer.concat([getHead(), lines])))
  await eventually(() => gateway.done.length === 1)
  assert.deepEqual(
    seen.filter(text => text.startsWith('x')).filter(text => !/^x-(?:forwarded|request)/.test(text)),
    ['x-good'],
  )
  assert.deepEqual(gateway.done[0]?.headers.raw, ['host', 'a.example', 'x-good', '1'])
})

const heads: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    'no authority',
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
    ],
  ],
  [
    'a scheme of its own',
    [
      [':method', 'GET'],
      [':scheme', 'gopher'],
      [':path', '/'],
      [':authority', 'a'],
    ],
  ],
  [
    'a user in the authority',
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'u@a'],
    ],
  ],
  [
    'a space in the path',
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/a b'],
      [':authority', 'a'],
    ],
  ],
  [
    'a fragment',
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/a#b'],
      [':authority', 'a'],
    ],
  ],
  [
    'a path that is none',
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', 'a'],
      [':authority', 'a'],
    ],
  ],
  [
    'OPTIONS *',
    [
      [':method', 'OPTIONS'],
      [':scheme', 'http'],
      [':path', '*'],
      [':authority', 'a'],
    ],
  ],
  [
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'a:443'],
    ],
  ],
  [
    'CONNECT for something',
    [
      [':method', 'CONNECT'],
      [':protocol', 'masque'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'a'],
    ],
  ],
  [
    'a method that is no token',
    [
      [':method', 'GE T'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'a'],
    ],
  ],
]

for (const [name, lines] of heads) {
  test(`refused: ${name}`, async () => {
    let asked = 0
    await using backend = await openBackend(() => asked++)
    await using gateway = await openHttp2Gateway({ servers: [backend.url] })
    using client = await openFrameClient(gateway.port)
    client.send(frame(1, endHeaders | endStream, 1, hpack(...lines)))
    await eventually(() => client.closed || client.frames.some(({ stream }) => stream === 1))
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.ok((gateway.done[0]?.status ?? 400) >= 400)
    assert.equal(asked, 0)
  })
}

test('HTTP/2 where it is not configured is no request', async () => {
  await using gateway = await openGateway({ servers: ['http://127.0.0.1:9'] })
  using client = await openFrameClient(gateway.port)
  await eventually(() => client.closed)
  assert.ok(gateway.done.every(({ status }) => status === 400))
})
