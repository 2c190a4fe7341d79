import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqliteRecords } from './records-sqlite.ts'
import { readUses, UseKeeper, usesMax } from './use-keeper.ts'

test('each use once, over a restart; as many as fit, and no more', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-uses-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const open = () => openSqliteRecords(join(dir, 'u.db'))
  const atMs = Date.now()
  const first = await UseKeeper.open(open(), 3)
  await first.add([
    { key: 'a', atMs },
    { key: 'b', atMs },
  ])
  await first.add([{ key: 'a', atMs: atMs + 5 }])
  await first.close()
  const second = await UseKeeper.open(open(), 3)
  await second.add([{ key: 'c', atMs }])
  assert.equal(second.isFull, false)
  await second.add([
    { key: 'd', atMs },
    { key: 'b', atMs: atMs + 9 },
  ])
  assert.equal(second.isFull, true)
  await second.close()
  const records = open()
  const uses = [...(await readUses(records))].sort((x, y) => x.key.localeCompare(y.key))
  await records.close()
  assert.deepEqual(uses, [
    { key: 'a', atMs: atMs + 5 },
    { key: 'b', atMs: atMs + 9 },
    { key: 'c', atMs },
  ])
  assert.ok(usesMax >= 100_000)
})
