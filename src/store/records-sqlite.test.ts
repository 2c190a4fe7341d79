import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testRecords } from './conformance/records.ts'
import { openSqliteRecords } from './records-sqlite.ts'

const dir = mkdtempSync(join(tmpdir(), 'merlon-records-'))
after(() => rmSync(dir, { recursive: true }))
let files = 0
const freshFile = () => join(dir, 'state', `${files++}.db`)

testRecords('SQLite', () => openSqliteRecords(freshFile()))

test('kill -9 loses no acknowledged record', async () => {
  const file = freshFile()
  const script = fileURLToPath(new URL('./testdata/put-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk
    if (said.split('\n').length > 200) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const acknowledged = Number(said.trimEnd().split('\n').at(-1))
  const records = openSqliteRecords(file)
  const stored = await records.find('thing', 'owner', 'o', 1_000_000)
  await records.close()
  assert.ok(acknowledged > 190 && stored.length >= acknowledged, `${stored.length} of ${acknowledged}`)
})

test('two processes’ handles see each other’s writes, and versions hold between them', async () => {
  const file = freshFile()
  const [one, two] = [openSqliteRecords(file), openSqliteRecords(file)]
  const thing = { kind: 'thing', id: 'a', json: '1' }
  assert.equal(await one.put(thing, 0), 1)
  assert.equal(await two.put(thing, 0), undefined)
  assert.equal(await two.put(thing, 1), 2)
  assert.equal((await one.get('thing', 'a'))?.version, 2)
  await Promise.all([one.close(), two.close()])
})

test('others may not read the file; a file of a newer version is refused', () => {
  const file = freshFile()
  void openSqliteRecords(file).close()
  assert.equal(statSync(file).mode & 0o077, 0)
  const newer = join(dir, 'newer.db')
  const db = new DatabaseSync(newer)
  db.exec('pragma user_version = 99')
  db.close()
  assert.throws(() => openSqliteRecords(newer), /newer version/)
})
