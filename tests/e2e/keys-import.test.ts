// `merlon keys import` into a gateway that runs: keys of another system are good at once, as far as their line says,
// until they are revoked.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cli, emptyFolder } from './cli-run.ts'
import { call, start } from './identity-harness.ts'

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex')
const line = (key: string, rest: object = {}) => JSON.stringify({ sha256: sha256(key), name: key.slice(0, 4), ...rest })

test('imported keys: used, limited, refused twice, revoked for good', async t => {
  const guards = { authn: { require: ['apiKey'], scopes: ['read'] }, quota: {} }
  const running = await start(t, {}, { routes: [{ name: 'app', to: 'app', guards }] })
  const folder = emptyFolder()
  const state = join(running.dir, 'state')
  const take = (text: string, ...args: string[]) => {
    writeFileSync(join(folder, 'keys'), text)
    return cli(['keys', 'import', 'keys', '--state', state, '--json', ...args], folder)
  }
  const status = async (key: string) => (await call(running, { 'x-api-key': key })).status
  const scopes = ['read']
  const long = 'L'.repeat(512)
  const file = [
    line('good-9d2f6c', { scopes }),
    line('weak-9d2f6c'),
    line('past-9d2f6c', { scopes, expires: '2020-01-01' }),
    line('away-9d2f6c', { scopes, ranges: ['198.51.100.0/24'] }),
    line('once-9d2f6c', { scopes, quota: '1/day' }),
    line(long, { scopes }),
  ].join('\n')

  assert.equal(await status('good-9d2f6c'), 401)
  assert.deepEqual(JSON.parse((await take(file, '--dry-run')).stdout), { imported: [], wouldImport: 6 })
  assert.equal(await status('good-9d2f6c'), 401)
  const made = await take(file)
  assert.equal(made.code, 0, made.stderr)
  const { imported } = JSON.parse(made.stdout) as { imported: { keyId: string; name: string }[] }
  assert.equal(imported.length, 6)
  const wanted = { good: 200, weak: 403, past: 401, away: 401, none: 401 }
  for (const [name, want] of Object.entries(wanted)) assert.equal(await status(`${name}-9d2f6c`), want, name)
  assert.deepEqual([await status(long), await status(`${long}L`)], [200, 401])
  const bearer = await call(running, { authorization: 'Bearer good-9d2f6c' })
  assert.equal(bearer.status, 401)

  assert.deepEqual([await status('once-9d2f6c'), await status('once-9d2f6c')], [200, 429], 'its quota')
  const ids = Object.fromEntries(imported.map(({ keyId, name }) => [name, keyId]))
  const lastUsed = async (name: string) => {
    const { stdout } = await cli(['keys', 'show', String(ids[name]), '--state', state, '--json'], folder)
    return (JSON.parse(stdout) as { lastUsedAtMs?: number }).lastUsedAtMs
  }
  const deadline = Date.now() + 60_000
  while ((await lastUsed('good')) === undefined) assert.ok(Date.now() < deadline, 'when it was used is written')
  assert.equal(await lastUsed('past'), undefined)

  const again = await take(`${line('next-9d2f6c', { scopes })}\n${line('good-9d2f6c')}`)
  assert.equal(again.code, 1)
  assert.match(again.stderr, /^keys:2:2 sha256: is known already, as key_[0-9a-f]{24}$/m)
  assert.equal(await status('next-9d2f6c'), 401, 'nothing of it was imported')

  const keyId = imported[0]?.keyId ?? ''
  assert.equal((await cli(['keys', 'rotate', keyId, '--state', state], folder)).code, 1)
  assert.match((await cli(['keys', 'show', keyId, '--state', state], folder)).stdout, /^key +\(imported\)$/m)
  assert.equal((await cli(['keys', 'revoke', keyId, '--state', state], folder)).code, 0)
  assert.equal(await status('good-9d2f6c'), 401)
  assert.equal((await take(line('good-9d2f6c'))).code, 1, 'for good')
  const stored = ['accounts.db', 'accounts.db-wal'].map(name => readFileSync(join(state, name), 'latin1')).join('')
  assert.ok(stored.includes(keyId))
  assert.ok(!stored.includes(sha256('weak-9d2f6c')))
})

test('a file is as large as it may be, and not one byte more', async t => {
  const running = await start(t, { require: ['apiKey'] })
  const folder = emptyFolder()
  const bytes = 768 * 1024
  const key = `${line('key')}\n`
  for (const [more, code] of [
    [0, 0],
    [1, 2],
  ] as const) {
    writeFileSync(join(folder, 'keys'), key + ' '.repeat(bytes - key.length + more))
    const result = await cli(['keys', 'import', 'keys', '--state', join(running.dir, 'state'), '--dry-run'], folder)
    assert.equal(result.code, code, result.stderr)
    if (more === 1) assert.match(result.stderr, /larger than 768 KiB: split it/)
  }
})

test('a file with something wrong in it is refused as a whole, with line and column', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'keys.csv'), `name,sha256\nx,${sha256('x')}\ny,123\n`)
  const { code, stderr } = await cli(['keys', 'import', 'keys.csv'], folder)
  assert.equal(code, 2)
  assert.match(stderr, /^keys\.csv:3:3 sha256: is no SHA-256/m)
  assert.equal((await cli(['keys', 'list'], folder)).code, 1, 'there are no accounts')
  assert.equal((await cli(['keys', 'import', 'absent'], folder)).code, 2)
})
