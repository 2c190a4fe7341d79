import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { testMarks } from './conformance/marks.ts'
import { createSharedMarks, SharedMarks } from './marks-shared.ts'

const startMs = 1_800_000_000_000

testMarks('shared memory', () => new SharedMarks(createSharedMarks(1024, startMs)), startMs)

test('of threads that mark the same keys at once, one is first for each', async () => {
  const buffer = createSharedMarks(2 ** 14, startMs)
  const script = new URL('./testdata/mark.ts', import.meta.url)
  const firsts = await Promise.all(
    Array.from({ length: 4 }, () => {
      const worker = new Worker(script, { workerData: { buffer, keys: 2000, nowMs: startMs } })
      return new Promise<number[]>((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
  const counts = new Map<number, number>()
  for (const key of firsts.flat()) counts.set(key, (counts.get(key) ?? 0) + 1)
  assert.equal(counts.size, 2000)
  assert.deepEqual(
    [...counts.values()].filter(count => count !== 1),
    [],
  )
})

test('a full table forgets nothing and takes nothing', () => {
  const marks = new SharedMarks(createSharedMarks(32, startMs))
  const results = Array.from({ length: 40 }, (_, i) => marks.mark(`k${i}`, 60_000, startMs))
  assert.deepEqual(
    [results.filter(result => result === 'first').length, results.slice(32)],
    [32, new Array(8).fill('full')],
  )
  assert.equal(marks.mark('k0', 60_000, startMs + 59_000), 'again')
  assert.equal(marks.mark('k39', 60_000, startMs + 62_000), 'first')
})

test('seconds wrap after half a year: what is marked then is marked', () => {
  const marks = new SharedMarks(createSharedMarks(64, startMs))
  const wrapMs = (2 ** 24 - 1) * 1000
  for (const offset of [-3000, -1000, 0, 1000]) {
    const nowMs = startMs + wrapMs + offset
    assert.equal(marks.mark(`k${offset}`, 10_000, nowMs), 'first')
    assert.equal(marks.mark(`k${offset}`, 10_000, nowMs + 9000), 'again')
    assert.equal(marks.mark(`k${offset}`, 10_000, nowMs + 13_000), 'first')
  }
})
