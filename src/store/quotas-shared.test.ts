import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { testQuotas } from './conformance/quotas.ts'
import { QuotaKeeper, quotaFlushMs } from './quota-keeper.ts'
import { createSharedQuotas, SharedQuotas } from './quotas-shared.ts'
import { openSqliteRecords } from './records-sqlite.ts'

const seed = new Uint8Array(16).fill(7)
const nowMs = 1_800_000_000_000

testQuotas('shared memory', () => new SharedQuotas(createSharedQuotas(seed, 1024)))

test('threads that hammer the same keys get exactly the limit of each', async () => {
  const keys = 300
  const limit = 40
  const buffer = createSharedQuotas(seed, 4096)
  const script = new URL('./testdata/hammer-quotas.ts', import.meta.url)
  const workerData = { buffer, takes: keys * 60, limit, keys, periods: 1, nowMs }
  const results = await Promise.all(
    Array.from({ length: 4 }, () => {
      const worker = new Worker(script, { workerData })
      return new Promise<number[]>((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
  const sums = Array.from({ length: keys }, (_, key) => results.reduce((sum, got) => sum + (got[key] ?? 0), 0))
  assert.deepEqual(new Set(sums), new Set([limit]))
})

test('slots of periods that are over are used again, by several threads at once, and counts stay exact', async () => {
  const keys = 40
  const periods = 40
  const limit = 15
  // Room for less than all, so that new periods must take the place of old ones.
  const buffer = createSharedQuotas(seed, 1024)
  const gate = new SharedArrayBuffer(4 * periods)
  const script = new URL('./testdata/hammer-quotas.ts', import.meta.url)
  const workerData = { buffer, takes: keys * 20, limit, keys, periods, nowMs, gate, threads: 3 }
  const results = await Promise.all(
    Array.from({ length: 3 }, () => {
      const worker = new Worker(script, { workerData })
      return new Promise<number[]>((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
  const sums = Array.from({ length: keys * periods }, (_, i) => results.reduce((sum, got) => sum + (got[i] ?? 0), 0))
  assert.deepEqual(new Set(sums), new Set([limit]))
})

test('as many as fit are counted; one more is refused, and forgets nobody', () => {
  const quotas = new SharedQuotas(createSharedQuotas(seed, 64))
  const take = (key: string, atMs = nowMs) => quotas.take(key, 1, 1, 5, atMs + 1000, atMs)
  for (let i = 0; i < 64; i++) assert.equal(take(`k${i}`).taken, true)
  assert.deepEqual(take('one more'), { taken: false, count: 0, isFull: true })
  for (let i = 0; i < 64; i++) assert.equal(quotas.read(`k${i}`, 1, nowMs), 1)
  assert.equal(take('one more', nowMs + 2000).isFull, true, 'somebody may still be counting')
  assert.equal(take('one more', nowMs + 12_000).taken, true)
})

const dir = mkdtempSync(join(tmpdir(), 'merlon-quotas-'))
test.after(() => rmSync(dir, { recursive: true }))
const fail = (error: unknown) => assert.fail(String(error))

test('counts outlive a restart, those of periods that are over do not', async () => {
  const file = join(dir, 'q.db')
  const first = await QuotaKeeper.open(openSqliteRecords(file), fail, Date.now())
  const at = Date.now()
  const quotas = new SharedQuotas(first.buffer)
  for (let i = 0; i < 1200; i++) quotas.take(`k${i}`, 1, 3, 100, at + 60_000, at)
  quotas.take('short', 1, 1, 100, at + 2000, at)
  await first.close()
  const second = await QuotaKeeper.open(openSqliteRecords(file), fail, at + 3000)
  const again = new SharedQuotas(second.buffer)
  for (let i = 0; i < 1200; i++) assert.equal(again.read(`k${i}`, 1, at + 3000), 3)
  assert.equal(again.read('short', 1, at), 0)
  assert.equal(again.take('k0', 1, 98, 100, at + 60_000, at).taken, false)
  await second.close()
})

test(`kill -9 forgets at most what was counted in ${quotaFlushMs} ms`, async () => {
  const file = join(dir, 'killed.db')
  const script = fileURLToPath(new URL('./testdata/count-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const counts: [count: number, atMs: number][] = []
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) counts.push([Number(line), performance.now()])
    if (counts.length > 2 && performance.now() - (counts[0]?.[1] ?? 0) > 6000) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const endMs = counts.at(-1)?.[1] ?? 0
  // A write takes its time too, on a machine with other work.
  const safe = counts.filter(([, atMs]) => atMs < endMs - quotaFlushMs - 3000).at(-1)?.[0] ?? 0
  const keeper = await QuotaKeeper.open(openSqliteRecords(file), fail)
  const kept = new SharedQuotas(keeper.buffer).read('k', 1, Date.now())
  await keeper.close()
  assert.ok(safe > 0 && kept >= safe, `${kept} of at least ${safe}`)
})
