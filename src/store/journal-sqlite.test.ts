import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testJournal } from './conformance/journal.ts'
import { openSqliteJournal } from './journal-sqlite.ts'

const dir = mkdtempSync(join(tmpdir(), 'merlon-journal-'))
after(() => rmSync(dir, { recursive: true }))
let files = 0
const freshFile = () => join(dir, 'state', `${files++}.db`)

testJournal('SQLite', () => openSqliteJournal(freshFile()))

const one = { reference: 'r', timeMs: 1, action: 'deny', guard: 'waf', clientIp: '::1', path: '/', json: '{}' }

test('kill -9 loses no acknowledged event', async () => {
  const file = freshFile()
  const script = fileURLToPath(new URL('./testdata/append-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk
    if (said.split('\n').length > 30) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const acknowledged = Number(said.trimEnd().split('\n').at(-1))
  assert.ok(acknowledged > 30)
  const journal = openSqliteJournal(file)
  const stored = journal.query({ order: 'oldest-first', limit: 1_000_000 })
  journal.close()
  assert.ok(stored.length >= acknowledged, `${stored.length} of ${acknowledged}`)
  assert.deepEqual(
    stored.map(event => event.reference),
    stored.map((_, i) => String(i)),
  )
})

test('a reader beside the writer sees what is committed, and can’t write', () => {
  const file = freshFile()
  const writer = openSqliteJournal(file)
  const reader = openSqliteJournal(file, { readOnly: true })
  writer.append([one])
  assert.equal(reader.query({ order: 'oldest-first', limit: 10 }).length, 1)
  assert.throws(() => reader.append([one]), /readonly/)
  reader.close()
  writer.close()
})

test('only its owner may read it, whoever may read the folder', { skip: process.platform === 'win32' }, () => {
  const folder = mkdtempSync(join(dir, 'open-'))
  chmodSync(folder, 0o755)
  const journal = openSqliteJournal(join(folder, 'events.db'))
  journal.append([one])
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  journal.close()
})

test('an old journal is opened again; more events than its bound push the oldest out', () => {
  const file = freshFile()
  const first = openSqliteJournal(file)
  first.append([{ ...one, reference: 'first' }, one, one])
  first.close()
  const second = openSqliteJournal(file, { eventsMax: 2 })
  assert.equal(second.prune(0), 1)
  assert.deepEqual(second.query({ reference: 'first', order: 'oldest-first', limit: 10 }), [])
  second.close()
})

test('a file that is no journal, or of a newer version, is refused and left alone', () => {
  const text = join(dir, 'text.db')
  writeFileSync(text, 'this is not a database, and it is long enough to be looked at as one'.repeat(20))
  assert.throws(() => openSqliteJournal(text), /not a database/)
  const newer = join(dir, 'newer.db')
  const db = new DatabaseSync(newer)
  db.exec('pragma user_version = 99')
  db.close()
  assert.throws(() => openSqliteJournal(newer), /newer version/)
  assert.throws(() => openSqliteJournal(join(dir, 'absent.db'), { readOnly: true }), /unable to open/)
})
