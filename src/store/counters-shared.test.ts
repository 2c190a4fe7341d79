import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { testCounters } from './conformance/counters.ts'
import { createSharedCounters, SharedCounters } from './counters-shared.ts'

const startMs = 1_800_000_000_000

testCounters('shared memory', () => new SharedCounters(createSharedCounters(1024, startMs)))

async function hammer(threads: number, keys: number, takes: number, limit: number, slots: number): Promise<number[]> {
  const buffer = createSharedCounters(slots, startMs)
  const script = new URL('./testdata/hammer.ts', import.meta.url)
  const results = await Promise.all(
    Array.from({ length: threads }, () => {
      const worker = new Worker(script, { workerData: { buffer, takes, limit, keys, nowMs: startMs + 1 } })
      return new Promise<number[]>((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
  return Array.from({ length: keys }, (_, key) => results.reduce((sum, got) => sum + (got[key] ?? 0), 0))
}

test('threads that hammer one key get exactly the limit between them', async () => {
  assert.deepEqual(await hammer(4, 1, 5000, 1200, 1024), [1200])
})

test('threads that meet the same new keys at once get exactly the limit of each', async () => {
  const got = await hammer(4, 400, 16_000, 25, 4096)
  assert.deepEqual(new Set(got), new Set([25]))
})

test('a full neighbourhood gives up the bucket that fills soonest, and counts it', () => {
  const counters = new SharedCounters(createSharedCounters(8, startMs))
  for (let i = 0; i < 8; i++) counters.take(`k${i}`, i + 1, 100, 60_000, startMs)
  assert.equal(counters.evictions, 0)
  counters.take('new', 1, 100, 60_000, startMs)
  assert.equal(counters.evictions, 1)
  assert.equal(counters.take('k7', 1, 100, 60_000, startMs).remaining, 91)
  assert.equal(counters.take('k0', 1, 100, 60_000, startMs).remaining, 99, 'k0 had used least and was given up')
})

test('a bucket that is full again frees its slot', () => {
  const counters = new SharedCounters(createSharedCounters(8, startMs))
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 8; i++) counters.take(`k${round}-${i}`, 1, 1, 1000, startMs + round * 1001)
  }
  assert.equal(counters.evictions, 0)
})

test('a clock that is set back, or two years of uptime, block nobody', () => {
  const counters = new SharedCounters(createSharedCounters(64, startMs))
  const twoYears = 2 ** 44 / 250
  counters.take('a', 10, 10, 60_000, startMs + twoYears - 1000)
  assert.equal(counters.take('a', 1, 10, 60_000, startMs + twoYears + 60_000).allowed, true)
  counters.take('b', 10, 10, 60_000, startMs + 40 * 86_400_000)
  assert.equal(counters.take('b', 1, 10, 60_000, startMs).allowed, true)
})
