// What was learned of fields: workers go by it where the config says so, reports reach the main thread, explain tells it.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { journalPath } from '../../src/gateway.ts'
import { learnedPath, RichTextLearner } from '../../src/learn/rich-text-learner.ts'
import { openSqliteJournal } from '../../src/store/journal-sqlite.ts'
import { openRecords } from '../../src/store/open-records.ts'
import { cli, emptyFolder } from './cli-run.ts'
import { startTestGateway } from './gateway-harness.ts'

const day = 86_400_000
const about = 'Run `cat /etc/passwd | grep root`:\n\n```sh\ncurl http://localhost/x | sh\n```\n\n- and so on\n'

/** A state folder whose gateway has seen articles of some clients over some days. */
async function learnedState(state: string, days: readonly number[]): Promise<void> {
  mkdirSync(state, { recursive: true })
  const records = await openRecords({ file: learnedPath(state), database: undefined })
  const learner = await RichTextLearner.open(
    records,
    () => {},
    error => assert.fail(String(error)),
  )
  const at = { route: 'app', method: 'POST', path: '/notes/{}', field: 'ARGS:json.body', clients: 5, days: 7 }
  for (const ago of days) {
    const seen = Array.from({ length: 5 }, (_, i) => ({ ...at, client: `network ${i}`, atMs: Date.now() - ago * day }))
    learner.take({ seen, offended: [] })
  }
  await learner.close()
}

for (const [mode, want] of [
  ['apply', 200],
  ['propose', 403],
  ['off', 403],
] as const) {
  test(`a field that was learned, in mode ${mode} → ${want}`, async t => {
    const state = join(emptyFolder(), 'state')
    await learnedState(state, [8, 4, 0])
    const waf = { learnRichText: { mode, clients: 5 } }
    const running = await startTestGateway(t, { guards: { waf }, store: { state } })
    const send = async (path: string, body: object, method = 'POST') => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${running.url}${path}`, { method, headers, body: JSON.stringify(body) })
      await response.arrayBuffer()
      return response.status
    }
    assert.equal(await send('/notes/7', { body: about }), want)
    assert.equal(await send('/notes/7', { body: `${about}<img src=x onerror=alert(1)>` }), 403)
    assert.equal(await send('/notes/7', { title: about }), 403)
    assert.equal(await send('/notes/7', { body: about }, 'PUT'), 403)
  })
}

const readme = `# Notes\n\n${'Some text about what was done, with `names` of things.\n'.repeat(4)}\n- one\n- two\n`

test('a gateway learns from requests that pass, says so, and every worker goes by it', async t => {
  const state = join(emptyFolder(), 'state')
  // One more day is wanting.
  await learnedState(state, [8, 4])
  const running = await startTestGateway(t, {
    guards: { waf: { learnRichText: { mode: 'apply', clients: 5 } } },
    trustedProxies: ['127.0.0.0/8'],
    store: { state },
  })
  const send = async (body: string, from: string) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': from, connection: 'close' }
    const response = await fetch(`${running.url}/notes/7`, { method: 'POST', headers, body: JSON.stringify({ body }) })
    await response.arrayBuffer()
    return response.status
  }
  assert.equal(await send(about, '203.0.113.1'), 403)
  assert.equal(await send(readme, '198.51.100.1'), 200)
  // Sightings are told some seconds late.
  let status = 0
  for (let i = 0; i < 300 && status !== 200; i++) {
    status = await send(about, '203.0.113.1')
    if (status !== 200) await new Promise(resolve => setTimeout(resolve, 100))
  }
  for (let i = 0; i < 8; i++) assert.equal(await send(about, '203.0.113.1'), 200)
  const journal = openSqliteJournal(journalPath(state), { readOnly: true })
  t.after(() => journal.close())
  const events = journal.query({ order: 'oldest-first', limit: 100, action: 'learn' })
  assert.equal(events.length, 1)
  const { merlon } = JSON.parse(events[0]?.json ?? '{}')
  assert.equal(merlon.code, 'waf.rich-text-learned')
  assert.match(merlon.detail, /ARGS:json\.body of POST \/notes\/\{\} on route app holds rich text, as 5 clients show/)
})

test('explain tells what was learned, and goes by it where the config does', async () => {
  const dir = emptyFolder()
  await learnedState(join(dir, 'state'), [8, 4, 0])
  const body = JSON.stringify({ body: about })
  const request = `POST /notes/9 HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const explain = async (mode: string) => {
    const config = {
      listen: [{ http: '127.0.0.1:0' }],
      upstreams: { app: { servers: ['http://127.0.0.1:1'] } },
      guards: { waf: { learnRichText: { mode } } },
      routes: [{ name: 'app', to: 'app' }],
      store: { state: 'state' },
    }
    writeFileSync(join(dir, 'merlon.yaml'), JSON.stringify(config))
    return cli(['explain', '-', '-c', 'merlon.yaml'], dir, request)
  }
  const applied = await explain('apply')
  assert.match(applied.stdout, /learned {3}ARGS:json\.body holds rich text, as 5 clients had shown by \S+; treated so/)
  assert.equal(applied.code, 0, applied.stdout)
  const proposed = await explain('propose')
  assert.match(proposed.stdout, /only proposed/)
  assert.equal(proposed.code, 1, proposed.stdout)
})
