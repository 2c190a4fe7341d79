// 200 clients for 20 seconds, a reload every second, and a worker ended in the middle. What may fail is told exactly:
// the request that was under way on a connection of the ended worker, once, at that moment. Nothing else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Agent, request } from 'undici'
import { Fleet } from '../../src/fleet.ts'
import { plainSettings } from '../../src/listen/settings.ts'
import { createSharedCounters } from '../../src/store/counters-shared.ts'
import { createSharedMarks } from '../../src/store/marks-shared.ts'
import { createSharedQuotas } from '../../src/store/quotas-shared.ts'
import { delay, startTestGateway } from './gateway-harness.ts'

const clients = 200
const seconds = 20

interface Failure {
  readonly client: number
  readonly atMs: number
  readonly message: string
}

test('200 clients, a reload a second, one worker ended', { timeout: 90_000 }, async t => {
  const limits = { connectionsPerIp: 10_000, requestsPerConnection: 1_000_000 }
  const { config } = await startTestGateway(t, { guards: { rate: { limit: 1_000_000, window: '1s' } }, limits })
  const fleet = new Fleet({
    counters: createSharedCounters(),
    marks: createSharedMarks(64),
    quotas: () => createSharedQuotas(new Uint8Array(16), 64),
    onEvents: (worker, list) => worker.stored(list.length),
    log: () => {},
  })
  t.after(() => fleet.drain(1000))
  assert.deepEqual(await fleet.apply(config(), [plainSettings]), [])
  const url = `http://127.0.0.1:${fleet.listening[0]?.address.port}/products?q=boots`

  const failures: Failure[] = []
  const answered = new Array<number>(clients).fill(0)
  const endMs = performance.now() + seconds * 1000
  const client = async (i: number) => {
    const agent = new Agent({ connections: 1, pipelining: 1 })
    while (performance.now() < endMs) {
      try {
        const { statusCode, body } = await request(url, { dispatcher: agent })
        assert.equal(await body.text(), 'ok')
        assert.equal(statusCode, 200)
        answered[i] = (answered[i] ?? 0) + 1
      } catch (error) {
        failures.push({
          client: i,
          atMs: performance.now(),
          message: error instanceof Error ? error.message : String(error),
        })
      }
    }
    await agent.close()
  }
  const running = Promise.all(Array.from({ length: clients }, (_, i) => client(i)))

  let reloads = 0
  let endedAtMs = 0
  let servedAgainMs = 0
  for (let dueMs = performance.now() + 1000; dueMs < endMs - 1000; dueMs += 1000) {
    await delay(Math.max(0, dueMs - performance.now()))
    if (endedAtMs === 0 && performance.now() > endMs - (seconds * 1000) / 2) {
      endedAtMs = performance.now()
      await fleet.workers[0]?.terminate()
      const { statusCode, body } = await request(url, { dispatcher: new Agent({ connections: 1 }) })
      await body.text()
      assert.equal(statusCode, 200)
      servedAgainMs = performance.now() - endedAtMs
    }
    const guards = { rate: { limit: 1_000_000 - reloads, window: '1s' }, waf: { threshold: 5 + (reloads % 3) } }
    assert.deepEqual(await fleet.apply(config({ guards }), [plainSettings]), [])
    reloads++
  }
  await running

  const total = answered.reduce((sum, n) => sum + n, 0)
  const stray = failures.filter(({ atMs }) => atMs < endedAtMs || atMs > endedAtMs + 2000)
  t.diagnostic(`${total} answered, ${reloads} reloads, ${failures.length} connections of the ended worker cut`)
  t.diagnostic(`a new connection was served ${servedAgainMs.toFixed(0)} ms after the worker ended`)
  assert.deepEqual(stray, [], 'a request failed that had nothing to do with the ended worker')
  assert.equal(new Set(failures.map(failure => failure.client)).size, failures.length, 'a client failed twice')
  assert.ok(failures.length < clients, 'clients of the other worker failed')
  assert.ok(
    answered.every(n => n > 0),
    'a client was never answered',
  )
  assert.ok(failures.length > 0, 'the ended worker had no connection: nothing was shown')
  assert.ok(reloads >= 5, `${reloads} reloads`)
  assert.equal(fleet.restarts, 1)
})
