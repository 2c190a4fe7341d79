// HTTP/2 clients that send frames or requests without measure: each has a limit, is cut with GOAWAY, and leaves an event,
// while others are served.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Limits } from '../../src/pipeline/limits.ts'
import { startTestGateway } from './gateway-harness.ts'
import { frame, getHead, hpack, openFrameClient } from './h2-frames.ts'
import { openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { eventually, openBackend } from './proxy-harness.ts'

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

test('an address that is cut again and again is not let in, others are', async t => {
  const { gateway, events } = await startTestGateway(t, {
    listen: [{ http: '127.0.0.1:0', http2: true }],
    limits: { http2ControlFrames: 10, cutsPerIp: 2 },
    workers: 1,
  })
  const port = gateway.listening[0]?.port ?? 0
  for (let i = 0; i < 2; i++) {
    using bad = await openFrameClient(port)
    bad.send(repeat(20, () => ping))
    await eventually(() => bad.closed)
    assert.deepEqual(bad.goaways(), [enhanceYourCalm])
  }
  using out = await openFrameClient(port)
  await eventually(() => out.closed)
  assert.deepEqual(out.frames, [])
  using other = await openFrameClient(port, { localAddress: '127.0.0.2' })
  await eventually(() => other.frames.length > 0)
  const { length } = await events(3)
  assert.equal(length, 3)
  const [refusal] = (await events(3)).filter(({ json }) => json.includes('connection.refused'))
  assert.match(refusal?.json ?? '', /limits\.cutsPerIp/)
  const metrics = await gateway.metrics()
  assert.match(metrics, /merlon_limited_total\{limit="cutsPerIp"\} 1/)
  assert.match(metrics, /merlon_limited_total\{limit="http2ControlFrames"\} 2/)
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

test('more requests at once than agreed end the connection', async () => {
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
  await eventually(() => bad.closed)
  assert.equal(gateway.listener.stats.requests, 5)
  await eventually(() => gateway.done.some(({ verdict }) => verdict?.reason.code === 'http2.streams'))
  assert.deepEqual([...gateway.listener.stats.http2Cut], [['http2Streams', 1]])
})

test('a client that has agreed to nothing is refused what is too many, up to a limit', async () => {
  await using backend = await openBackend(() => {})
  await using gateway = await openHttp2Gateway({
    servers: [backend.url],
    limits: { http2Streams: 5, http2Refused: 10 },
  })
  using bad = await openFrameClient(gateway.port)
  await eventually(() => bad.frames.some(({ type }) => type === 4))
  bad.send(repeat(15, i => frame(1, endHeaders | endStream, 2 * i + 1, getHead())))
  await eventually(() => bad.frames.filter(({ type }) => type === 3).length === 10)
  assert.deepEqual([bad.closed, gateway.listener.stats.requests, bad.goaways()], [false, 5, []])
  bad.send(frame(1, endHeaders | endStream, 31, getHead()))
  await eventually(() => bad.closed)
  assert.deepEqual(bad.goaways(), [enhanceYourCalm])
  await eventually(() => gateway.done.some(({ verdict }) => verdict?.reason.code === 'http2.refused'))
  assert.deepEqual([...gateway.listener.stats.http2Cut], [['http2Refused', 1]])
})

test('heads that are too large, again and again, end the connection', async () => {
  await using gateway = await openHttp2Gateway({
    servers: ['http://127.0.0.1:9'],
    limits: { headerBytes: 1000, http2BadHeads: 5 },
  })
  using bad = await openFrameClient(gateway.port)
  const large = getHead('/', ['x-large', 'v'.repeat(1000)])
  const send = (i: number) => bad.send(frame(1, endHeaders | endStream, 2 * i + 1, large))
  for (let i = 0; i < 5; i++) send(i)
  await eventually(() => bad.frames.filter(({ type }) => type === 1).length === 5)
  await eventually(() => gateway.done.length === 5)
  assert.deepEqual([bad.closed, bad.goaways()], [false, []])
  assert.ok(gateway.done.every(({ verdict }) => verdict?.reason.limit === 'headerBytes'))
  send(5)
  await eventually(() => bad.closed)
  assert.deepEqual(bad.goaways(), [enhanceYourCalm])
  await eventually(() => gateway.done.some(({ verdict }) => verdict?.reason.code === 'http2.bad-heads'))
})

test('malformed requests without end end the connection', async () => {
  await using gateway = await openHttp2Gateway({ servers: ['http://127.0.0.1:9'] })
  using client = await openFrameClient(gateway.port)
  const head = Buffer.concat([getHead(), hpack(['connection', 'close'])])
  for (let i = 0; i < 200; i++) client.send(frame(1, endHeaders | endStream, 2 * i + 1, head))
  await eventually(() => client.closed)
  await eventually(() => gateway.done.some(({ verdict }) => verdict?.reason.code === 'http.malformed'))
  assert.equal(gateway.listener.stats.requests, 0)
})
