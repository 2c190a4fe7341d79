import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openSqliteRecords } from '../store/records-sqlite.ts'
import { openKeyring, rotateMasterKey } from './keyring.ts'
import { createPendingMasterKey, masterKeyPath, pendingMasterKeys } from './master-key.ts'

const root = mkdtempSync(join(tmpdir(), 'merlon-keyring-'))
after(() => rmSync(root, { recursive: true }))
let count = 0

async function open() {
  const dir = mkdtempSync(join(root, `${count++}-`))
  const records = openSqliteRecords(join(dir, 'accounts.db'))
  after(() => records.close())
  const place = { stateDir: dir, key: undefined }
  const keyring = await openKeyring(records, place)
  const sealed = keyring.seal('secret', 'here')
  const isSame = async () => {
    const opened = await openKeyring(records, place)
    assert.deepEqual([opened.open(sealed, 'here'), opened.hash('key')], ['secret', keyring.hash('key')])
  }
  return { dir, records, place, keyring, isSame }
}

test('a new master key opens what the old one sealed, and the old one opens nothing', async () => {
  const { dir, records, place, keyring, isSame } = await open()
  const old = readFileSync(masterKeyPath(dir))
  await rotateMasterKey(records, keyring, place, undefined)
  assert.notDeepEqual(readFileSync(masterKeyPath(dir)), old)
  assert.deepEqual(
    readdirSync(dir).filter(name => name.startsWith('master.key')),
    ['master.key'],
  )
  await isSame()
  await rotateMasterKey(records, await openKeyring(records, place), place, undefined)
  await isSame()
  writeFileSync(masterKeyPath(dir), old)
  await assert.rejects(openKeyring(records, place), /not the one/)
})

test('cut off at any point, it can be opened, and goes on', async () => {
  const { dir, records, keyring, isSame } = await open()
  // Before the store knows the new key: the old one goes on.
  createPendingMasterKey(dir)
  writeFileSync(join(dir, 'master.key.next-half'), 'ab')
  await isSame()
  // After that, and before its file has its name.
  const pending = createPendingMasterKey(dir)
  const { version = 0 } = (await records.get('keyring', 'proof')) ?? {}
  const wrapped = JSON.stringify({ wrapped: keyring.wrap(pending.key) })
  await records.put({ kind: 'keyring', id: 'proof', json: wrapped }, version)
  await isSame()
  assert.equal(readFileSync(masterKeyPath(dir), 'utf8').trim(), pending.key.toString('hex'))
  assert.ok(!pendingMasterKeys(dir).some(({ key }) => key.equals(pending.key)))
  await isSame()
})

test('of two rotations at once one wins, and nothing is lost', async () => {
  const { records, place, keyring, isSame } = await open()
  const both = await Promise.allSettled([1, 2].map(() => rotateMasterKey(records, keyring, place, undefined)))
  assert.ok(both.some(({ status }) => status === 'fulfilled'))
  await isSame()
})

test('a key that the operator keeps is replaced by another one of theirs', async () => {
  const { dir, records, keyring } = await open()
  process.env['MERLON_TEST_OLD'] = readFileSync(masterKeyPath(dir), 'utf8').trim()
  process.env['MERLON_TEST_NEW'] = 'cd'.repeat(32)
  const old = { stateDir: dir, key: 'env:MERLON_TEST_OLD' }
  await assert.rejects(rotateMasterKey(records, keyring, old, undefined), /say where the new one is/)
  await assert.rejects(
    rotateMasterKey(records, keyring, { ...old, key: undefined }, 'env:MERLON_TEST_NEW'),
    /is made there/,
  )
  await assert.rejects(rotateMasterKey(records, keyring, old, 'env:MERLON_TEST_ABSENT'), /has no/)
  await rotateMasterKey(records, keyring, old, 'env:MERLON_TEST_NEW')
  const next = await openKeyring(records, { stateDir: dir, key: 'env:MERLON_TEST_NEW' })
  assert.equal(next.hash('key'), keyring.hash('key'))
  await assert.rejects(openKeyring(records, old), /not the one/)
})
