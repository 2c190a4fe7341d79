// Clients that connect and say nothing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delay, startTestGateway } from './gateway-harness.ts'
import { openFrameClient } from './h2-frames.ts'
import { eventually, openRawClient } from './proxy-harness.ts'

async function limited(metrics: () => Promise<string>, limit: string): Promise<number> {
  const line = new RegExp(`merlon_limited_total\\{limit="${limit}"\\} (\\d+)`)
  for (let waitedMs = 0; ; waitedMs += 50) {
    const count = Number(line.exec(await metrics())?.[1] ?? 0)
    if (count > 0 || waitedMs > 15_000) return count
    await delay(50)
  }
}

test('a connection on which nothing comes is closed, and counted', async t => {
  const { gateway } = await startTestGateway(t, { limits: { headerTimeout: '300ms' }, workers: 1 })
  using silent = await openRawClient(gateway.listening[0]?.port ?? 0)
  await silent.closed(15_000)
  assert.equal(silent.text, '')
  assert.equal(await limited(() => gateway.metrics(), 'headerTimeout'), 1)
})

test('an HTTP/2 connection that rests for too long is closed, and counted', async t => {
  const { gateway } = await startTestGateway(t, {
    listen: [{ http: '127.0.0.1:0', http2: true }],
    limits: { keepAliveTimeout: '300ms' },
    workers: 1,
  })
  using resting = await openFrameClient(gateway.listening[0]?.port ?? 0)
  await eventually(() => resting.closed)
  assert.equal(resting.goaways()[0], 0)
  assert.equal(await limited(() => gateway.metrics(), 'keepAliveTimeout'), 1)
})
