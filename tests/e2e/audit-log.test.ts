// The audit log of a whole gateway: written by the main thread, moved by a log rotator, and moved by a reload.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { delay, startTestGateway } from './gateway-harness.ts'

const attack = '/?q=%3Cscript%3Ealert(1)%3C/script%3E'

async function lines(file: string, count: number): Promise<{ unique_id: string; messages: unknown[] }[]> {
  for (let waitedMs = 0; ; waitedMs += 20) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const found = text.split('\n').filter(line => line !== '')
    if (found.length >= count || waitedMs > 30_000) return found.map(line => JSON.parse(line).transaction)
    await delay(20)
  }
}

test('what rules found is in the log, also after it was rotated and after a reload moved it', async t => {
  const guards = (file: string) => ({ waf: { audit: { file } } })
  const { gateway, url, dir, config } = await startTestGateway(t, { guards: guards('./audit.json') })
  const first = await fetch(url + attack)
  assert.equal(first.status, 403)
  assert.equal((await fetch(url)).status, 200)
  const file = join(dir, 'audit.json')
  const [record, ...others] = await lines(file, 1)
  assert.equal(record?.unique_id, first.headers.get('x-request-id'))
  assert.ok((record?.messages.length ?? 0) > 0)
  assert.deepEqual(others, [])

  renameSync(file, join(dir, 'audit.json.1'))
  gateway.reopenFiles()
  await fetch(url + attack)
  assert.equal((await lines(file, 1)).length, 1)

  assert.deepEqual(await gateway.reload(config({ guards: guards('./other.json') })), { ok: true })
  for (let i = 0; i < 8; i++) await fetch(url + attack, { headers: { connection: 'close' } })
  assert.equal((await lines(join(dir, 'other.json'), 8)).length, 8)
  assert.equal((await lines(file, 1)).length, 1)
  assert.match(await gateway.metrics(), /^merlon_log_lines_dropped_total 0$/m)
})

test('a log that can not be opened is a problem, and the gateway goes on as before', async t => {
  const { gateway, url, dir, config } = await startTestGateway(t)
  mkdirSync(join(dir, 'folder'))
  writeFileSync(join(dir, 'file'), '')
  const result = await gateway.reload(config({ guards: { waf: { audit: { file: './folder' } } } }))
  assert.ok(!result.ok)
  assert.equal(result.problems[0]?.path, 'guards.waf.audit.file')
  assert.equal((await fetch(url)).status, 200)
})
