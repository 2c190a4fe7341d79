// HTTP/2 clients that send anything at all.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frame, getHead, openFrameClient } from './h2-frames.ts'
import { openHttp2Client, openHttp2Gateway } from './h2-harness.ts'
import { eventually, openBackend } from './proxy-harness.ts'

const endHeaders = 4
const endStream = 1

test('random frames on 300 connections: nothing breaks, nothing is left behind, others are served', async () => {
  await using backend = await openBackend((req, res) => {
    req.resume().on('end', () => res.end(req.url === '/big' ? Buffer.alloc(300_000) : 'ok'))
  })
  const limits = { connectionsPerIp: 1000 }
  await using gateway = await openHttp2Gateway({
    servers: [backend.url],
    guards: [{ onBody: () => undefined }],
    limits,
  })
  using good = await openHttp2Client(gateway.url)
  let state = 6
  const below = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  const noise = (n: number) => Buffer.from(Array.from({ length: below(n) }, () => below(256)))
  for (let round = 0; round < 300; round++) {
    using bad = await openFrameClient(gateway.port)
    for (let i = 0; i < 30 && !bad.closed; i++) {
      const stream = 2 * i + 1
      const kind = below(4)
      if (kind === 0) bad.send(frame(below(11), below(256), below(3) * stream, noise(40)))
      else if (kind === 1)
        bad.send(frame(1, endHeaders | below(2), stream, getHead('/big')), frame(0, below(2), stream, noise(200)))
      else if (kind === 2)
        bad.send(
          frame(1, endHeaders | endStream, stream, getHead()),
          frame(8, 0, stream, Buffer.from([0, 0, 0, below(2)])),
        )
      else if (below(10) === 0) bad.send(noise(100))
    }
    if (below(2) === 0) bad.socket.resetAndDestroy()
    if (round % 50 === 0) assert.equal((await good.get('/')).body, 'ok')
  }
  await eventually(() => gateway.listener.stats.connections === 1)
  assert.equal((await good.get('/')).body, 'ok')
  await eventually(() => gateway.upstream.servers()[0]?.active === 0)
})
