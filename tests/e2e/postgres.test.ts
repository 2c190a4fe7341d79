// Two gateways that share a PostgreSQL: a key or client revoked at one is refused at the other within 2 s, under load; when
// the database goes away nothing is acknowledged and after a while nobody is let in; when it is back, so are they.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { askGateway } from '../../src/admin/client.ts'
import { startGateway } from '../../src/gateway.ts'
import { postgresMissing, startPostgres, type TestPostgres } from '../../src/store/postgres.test-helper.ts'
import { cli, emptyFolder } from './cli-run.ts'
import { delay, type RunningGateway, sendUntil, startTestGateway } from './gateway-harness.ts'

const skip = postgresMissing()
const dir = mkdtempSync(join(tmpdir(), 'merlon-shared-'))
const masterKey = join(dir, 'master.key')
writeFileSync(masterKey, `${'5a'.repeat(32)}\n`)
let server: TestPostgres
before(async () => {
  if (!skip) server = await startPostgres()
})
after(() => {
  server?.close()
  rmSync(dir, { recursive: true })
})

const start = (t: TestContext, url: string, store: object = {}) =>
  startTestGateway(t, {
    guards: { authn: { require: ['apiKey', 'oauth2'] }, rate: { limit: 1_000_000 }, waf: { mode: 'off' } },
    accounts: { oauth: { issuer: 'http://127.0.0.1:8080' } },
    store: { state: './state', key: `file:${masterKey}`, database: url, ...store },
    workers: 1,
  })

const ask = (running: RunningGateway, operation: string, input: object) =>
  askGateway(join(running.dir, 'state'), 'POST', `/api/v1/${operation}`, input)

async function createKey(running: RunningGateway): Promise<{ keyId: string; key: string }> {
  const reply = await ask(running, 'keys/create', { name: 'k' })
  assert.equal(reply?.status, 200)
  return reply?.body as { keyId: string; key: string }
}

async function call({ url }: RunningGateway, headers: Record<string, string>): Promise<number> {
  const response = await fetch(url, { headers })
  await response.text()
  return response.status
}

/** It is 2 s that is promised, and milliseconds that it takes; a machine that is busy with other tests is given more. */
const patienceMs = 8000

async function until(status: number, send: () => Promise<number>, timeoutMs = 15_000): Promise<number> {
  const startMs = performance.now()
  while ((await send()) !== status) {
    if (performance.now() - startMs > timeoutMs) assert.fail(`no ${status} in time`)
    await delay(10)
  }
  return performance.now() - startMs
}

test('made at one it works at the other; revoked at one it is refused at the other', { skip }, async t => {
  const url = server.database()
  const [one, two] = [await start(t, url), await start(t, url)]
  const { keyId, key } = await createKey(one)
  assert.ok((await until(200, () => call(two, { 'x-api-key': key }))) < patienceMs)

  const client = (await ask(one, 'clients/create', { name: 'c', grants: ['client_credentials'] }))?.body as {
    clientId: string
    clientSecret: string
  }
  const response = await fetch(`${two.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret,
    }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  assert.equal(await call(one, { authorization: `Bearer ${token}` }), 200, 'both sign with the same keys')

  let revokedAtMs = Number.POSITIVE_INFINITY
  let lastAcceptedMs = 0
  let done = false
  const load = sendUntil(
    () => done,
    4,
    async () => {
      const status = await call(two, { 'x-api-key': key })
      if (status === 200) lastAcceptedMs = performance.now()
      return status
    },
  )
  await delay(200)
  assert.equal((await ask(one, 'keys/revoke', { keyId }))?.status, 200)
  revokedAtMs = performance.now()
  await delay(2500)
  await until(401, () => call(two, { 'x-api-key': key }))
  done = true
  const { statuses, errors } = await load
  assert.deepEqual(errors, [])
  assert.ok(statuses.has(200) && statuses.has(401))
  assert.ok(lastAcceptedMs - revokedAtMs < patienceMs, `accepted ${Math.round(lastAcceptedMs - revokedAtMs)} ms later`)

  await ask(two, 'clients/revoke', { clientId: client.clientId })
  const tookMs = await until(401, () => call(one, { authorization: `Bearer ${token}` }))
  assert.ok(tookMs < patienceMs, `${tookMs} ms`)
})

test('the database goes away and comes back', { skip }, async t => {
  const running = await start(t, server.database(), { staleAfter: '1s' })
  const { key } = await createKey(running)
  assert.equal(await call(running, { 'x-api-key': key }), 200)
  server.stop()
  const refusedMs = await until(503, () => call(running, { 'x-api-key': key }))
  assert.ok(refusedMs > 500, 'known keys still work for a moment')
  const failed = await ask(running, 'keys/create', { name: 'lost' }).catch(() => undefined)
  assert.notEqual(failed?.status, 200, 'nothing is acknowledged')
  const tokens = await fetch(`${running.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' }),
  })
  assert.ok(tokens.status >= 500, `the token endpoint says ${tokens.status}`)
  const [event] = await running.events(1, { guard: 'authn' })
  assert.equal(JSON.parse(event?.json ?? '{}').merlon.code, 'authn.stale')
  server.start()
  await until(200, () => call(running, { 'x-api-key': key }))
  assert.equal((await ask(running, 'keys/create', { name: 'again' }))?.status, 200)
})

test('no such database: a start error that says which key is wrong', { skip }, async t => {
  const running = await start(t, server.database())
  const config = running.config({ store: { state: './other', database: 'postgres://127.0.0.1:1/none' } })
  const started = await startGateway(config)
  assert.ok(!started.ok)
  assert.deepEqual(
    [started.problems[0]?.path, /can't be used/.test(started.problems[0]?.message ?? '')],
    ['store.database', true],
  )
})

test('the command line writes to the database when no gateway runs', { skip }, async () => {
  const folder = emptyFolder()
  const config = {
    listen: [{ http: '127.0.0.1:0' }],
    upstreams: { app: { servers: ['http://127.0.0.1:1'] } },
    routes: [{ to: 'app' }],
    store: { key: `file:${masterKey}`, database: server.database() },
  }
  writeFileSync(join(folder, 'merlon.yaml'), JSON.stringify(config))
  const made = await cli(['keys', 'create', '--name', 'k', '--json'], folder)
  assert.equal(made.code, 0, made.stderr)
  const { keyId } = JSON.parse(made.stdout)
  const shown = await cli(['keys', 'show', keyId, '--json'], folder)
  assert.equal(JSON.parse(shown.stdout).name, 'k')
})
