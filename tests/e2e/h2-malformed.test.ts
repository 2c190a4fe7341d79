// HTTP/2 requests that are none: what nghttp2 resets, what we refuse, and what is too large.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frame, getHead, hpack, openFrameClient } from './h2-frames.ts'
import { openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { eventually, openBackend, openGateway } from './proxy-harness.ts'

const endHeaders = 4
const endStream = 1

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
