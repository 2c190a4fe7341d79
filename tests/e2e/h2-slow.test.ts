// HTTP/2 clients that hold on to something: responses they do not take, heads that never end, connections that rest, and
// large bodies side by side.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/lib/errors.ts'
import type { Limits } from '../../src/pipeline/limits.ts'
import { frame, getHead, openFrameClient } from './h2-frames.ts'
import { openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { eventually, openBackend } from './proxy-harness.ts'

type FrameClient = Awaited<ReturnType<typeof openFrameClient>>

const enhanceYourCalm = 0xb
const ping = frame(6, 0, 0, '12345678')
const endHeaders = 4
const endStream = 1

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
  assert.deepEqual(
    gateway.done.map(({ failure }) => failure instanceof GatewayError && [failure.code, failure.limit]),
    [
      ['CLIENT_STALLED', 'responseIdleTimeout'],
      ['CLIENT_STALLED', 'responseIdleTimeout'],
    ],
  )
})

/** Opens the window of the stream every 20 ms. */
async function takeSlowly(limits: Partial<Limits>, windowBytes: number, until: (client: FrameClient) => boolean) {
  await using backend = await openBackend((_req, res) => void res.end(Buffer.alloc(2_000_000)))
  await using gateway = await openHttp2Gateway({ servers: [backend.url], limits })
  using client = await openFrameClient(gateway.port, { settings: frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])) })
  client.send(frame(1, endHeaders | endStream, 1, getHead()))
  const update = Buffer.alloc(4)
  update.writeUInt32BE(windowBytes)
  const timer = setInterval(() => client.send(frame(8, 0, 0, update), frame(8, 0, 1, update)), 20)
  await eventually(() => until(client)).finally(() => clearInterval(timer))
  const [ex] = gateway.done
  return ex?.failure instanceof GatewayError ? ex.failure.limit : ex?.failure
}

test('slow read: a stream that is taken below the rate is given up, and one above it goes on', async () => {
  const limits = { responseMinRate: 100_000, responseRateGrace: 300 }
  assert.equal(await takeSlowly(limits, 16, client => client.resetOf(1) === 8), 'responseMinRate')
  const isWhole = ({ frames }: FrameClient) => frames.some(({ type, flags }) => type === 0 && (flags & endStream) !== 0)
  assert.equal(await takeSlowly({ ...limits, responseMinRate: 100 }, 100_000, isWhole), undefined)
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
