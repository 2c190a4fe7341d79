// Pressure on the accept queue: what waits for a worker that is busy is bounded, and drops of the kernel are seen.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { AcceptQueue } from '../../src/listen/accept-queue.ts'
import { startTestGateway } from './gateway-harness.ts'
import { eventually, openGateway } from './proxy-harness.ts'

const skip = existsSync('/proc/net/netstat') ? false : 'the kernel counts no drops'

/** Opens 12 connections while this thread is blocked; `seen[0]` says how many the kernel took, `seen[1]` that they were tried. */
const clients = `
const { workerData: { port, seen } } = require('node:worker_threads')
const net = require('node:net')
for (let i = 0; i < 12; i++) net.connect(port, '127.0.0.1').on('connect', () => Atomics.add(seen, 0, 1)).on('error', () => {})
setTimeout(() => { Atomics.store(seen, 1, 1); Atomics.notify(seen, 1) }, 600)
`

test('acceptQueue: as many as that wait, and one (so Linux counts); the others come when there is room', {
  skip,
}, async () => {
  await using gateway = await openGateway({ servers: ['http://127.0.0.1:9'], limits: { acceptQueue: 4 } })
  const queue = new AcceptQueue()
  const seen = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(clients, { eval: true, workerData: { port: gateway.port, seen } })
  try {
    Atomics.wait(seen, 1, 0, 30_000) // nothing is accepted
    const waiting = Atomics.load(seen, 0)
    assert.ok(waiting > 0 && waiting <= 5, String(waiting))
    assert.ok(queue.look() > 0)
    await eventually(() => Atomics.load(seen, 0) === 12, 60_000)
  } finally {
    await worker.terminate()
  }
})

test('drops have an event and a metric', { skip }, async t => {
  const { gateway, events } = await startTestGateway(t)
  {
    await using busy = await openGateway({ servers: ['http://127.0.0.1:9'], limits: { acceptQueue: 4 } })
    const seen = new Int32Array(new SharedArrayBuffer(8))
    const worker = new Worker(clients, { eval: true, workerData: { port: busy.port, seen } })
    Atomics.wait(seen, 1, 0, 30_000)
    await worker.terminate()
  }
  assert.match(await gateway.metrics(), /merlon_accept_queue_overflows_total [1-9]/)
  const [event] = await events(1)
  assert.equal(JSON.parse(event?.json ?? '{}').merlon.code, 'connection.accept-queue')
})
