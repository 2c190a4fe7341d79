import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openSqliteJournal } from '../store/journal-sqlite.ts'
import type { Journal, StoredEvent } from '../store/store.ts'
import { openLines } from './lines.ts'
import { Outbox } from './outbox.ts'
import { Recorder } from './recorder.ts'

const dir = mkdtempSync(join(tmpdir(), 'merlon-events-'))
after(() => rmSync(dir, { recursive: true }))

function event(i: number): StoredEvent {
  return { reference: `r${i}`, timeMs: i, action: 'deny', guard: 'waf', clientIp: '::1', path: '/', json: `{"i":${i}}` }
}

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 3000 && !holds(); i++) await new Promise(resolve => setTimeout(resolve, 10))
}

test('the outbox sends in batches, and drops and counts what is over its bound', async () => {
  const batches: number[] = []
  const outbox = new Outbox(events => batches.push(events.length))
  outbox.max = 300
  for (let i = 0; i < 310; i++) outbox.push(event(i))
  assert.deepEqual([batches, outbox.dropped], [[200], 10])
  await until(() => batches.length === 2)
  assert.deepEqual(batches, [200, 100])
  outbox.push(event(400))
  assert.equal(outbox.dropped, 11, 'what is sent and not stored still counts')
  outbox.stored(200)
  outbox.push(event(401))
  outbox.flush()
  assert.deepEqual([batches, outbox.dropped], [[200, 100, 1], 11])
})

function openRecorder(journal: Journal, file: string) {
  const errors: unknown[] = []
  const lines = openLines(file)
  const options = { journal, lines: [lines], retentionMs: 1000, now: () => 0, onError: (e: unknown) => errors.push(e) }
  return { recorder: new Recorder(options), lines, errors }
}

test('the recorder commits what all workers sent, prints it, then says so', async () => {
  const file = join(dir, 'a.ndjson')
  const journal = openSqliteJournal(join(dir, 'a.db'))
  const { recorder, lines } = openRecorder(journal, file)
  const stored: number[] = []
  const count = (n: number) => {
    assert.equal(journal.query({ order: 'oldest-first', limit: 10 }).length, 3, 'committed before it is acknowledged')
    stored.push(n)
  }
  recorder.add([event(1), event(2)], count)
  recorder.add([event(3)], count)
  await until(() => stored.length === 2)
  assert.deepEqual([stored, recorder.stored], [[2, 1], 3])
  recorder.close()
  journal.close()
  await lines.close()
  assert.equal(readFileSync(file, 'utf8'), '{"i":1}\n{"i":2}\n{"i":3}\n')
})

test('events that can’t be stored are printed, counted and let go', async () => {
  const file = join(dir, 'b.ndjson')
  const journal = openSqliteJournal(join(dir, 'b.db'))
  journal.close()
  const { recorder, lines, errors } = openRecorder(journal, file)
  let released = 0
  recorder.add([event(1)], n => {
    released += n
  })
  recorder.flush()
  assert.deepEqual([released, recorder.stored, recorder.dropped, errors.length], [1, 0, 1, 1])
  recorder.close()
  await lines.close()
  assert.equal(readFileSync(file, 'utf8'), '{"i":1}\n')
})

test('a file that was moved away is written anew after reopen', async () => {
  const file = join(dir, 'c.ndjson')
  const lines = openLines(file)
  lines.write('1')
  await until(() => existsSync(file) && readFileSync(file, 'utf8') === '1\n')
  renameSync(file, `${file}.1`)
  lines.reopen()
  await until(() => existsSync(file))
  lines.write('2')
  await lines.close()
  assert.deepEqual([readFileSync(`${file}.1`, 'utf8'), readFileSync(file, 'utf8')], ['1\n', '2\n'])
  // Only we may read it, as the one before.
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('a full disk does not keep the process from ending', { skip: !existsSync('/dev/full') }, () => {
  const script = `import { openLines } from ${JSON.stringify(new URL('./lines.ts', import.meta.url).href)}
    const lines = openLines('/dev/full')
    lines.write('1')
    setTimeout(() => lines.close(), 100)`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 })
  assert.equal(child.status, 0, String(child.stderr))
})
