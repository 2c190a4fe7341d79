// `merlon clients` and `merlon keys`, on a gateway that runs and on one that doesn't; what they acknowledge is there
// after kill -9.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { askGateway } from '../../src/admin/client.ts'
import { cli, emptyFolder, lineOf, spawnCli } from './cli-run.ts'

const backend = createServer((_req, res) => res.end('ok'))
await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
test.after(() => backend.close())
const upstream = `http://127.0.0.1:${(backend.address() as { port: number }).port}`

function folderWithConfig(change: object = {}): string {
  const folder = emptyFolder()
  const config = {
    listen: [{ http: '127.0.0.1:0' }],
    upstreams: { app: { servers: [upstream] } },
    routes: [{ name: 'app', to: 'app', guards: { authn: { require: ['oauth2', 'apiKey'] } } }],
    guards: { waf: { mode: 'off' } },
    accounts: { oauth: { issuer: 'http://127.0.0.1:8080' } },
    workers: 1,
    ...change,
  }
  writeFileSync(join(folder, 'merlon.yaml'), JSON.stringify(config))
  return folder
}

async function run(folder: string) {
  const child = spawnCli(['run', '--json'], folder)
  const { listening } = JSON.parse(await lineOf(child, line => line.startsWith('{'))) as { listening: string[] }
  return { child, url: String(listening[0]) }
}

async function end(child: ReturnType<typeof spawnCli>, signal: NodeJS.Signals): Promise<void> {
  const closed = once(child, 'close')
  child.kill(signal)
  await closed
}

const askToken = (url: string, client: { clientId: string; clientSecret: string }) =>
  fetch(`${url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret,
    }),
  })

test('made while no gateway runs, it is known to the one that starts; made while it runs, at once', async () => {
  const folder = folderWithConfig()
  const args = ['--name', 'N', '--grant', 'client_credentials', '--json', '-c', 'merlon.yaml']
  const made = await cli(['clients', 'create', ...args], folder)
  assert.equal(made.code, 0, made.stderr)
  const client = JSON.parse(made.stdout) as { clientId: string; clientSecret: string }
  assert.deepEqual(Object.keys(client), ['clientId', 'clientSecret'])
  const early = JSON.parse((await cli(['keys', 'create', '--name', 'early', '--json'], folder)).stdout)

  const { child, url } = await run(folder)
  const answered = await askToken(url, client)
  assert.equal(answered.status, 200)
  const { access_token: token } = (await answered.json()) as { access_token: string }
  const status = async (headers: Record<string, string>) => (await fetch(url, { headers })).status
  assert.equal(await status({ authorization: `Bearer ${token}` }), 200)
  assert.equal(await status({ 'x-api-key': early.key }), 200)
  assert.equal(await status({}), 401)

  const late = JSON.parse((await cli(['keys', 'create', '--name', 'late', '--scope', 'read', '--json'], folder)).stdout)
  assert.equal(await status({ 'x-api-key': late.key }), 200)
  const rotated = JSON.parse((await cli(['keys', 'rotate', late.keyId, '--json'], folder)).stdout)
  assert.deepEqual([await status({ 'x-api-key': late.key }), await status({ 'x-api-key': rotated.key })], [401, 200])
  const shown = await cli(['keys', 'show', late.keyId], folder)
  assert.match(shown.stdout, /^name +late$/m)
  assert.ok(!shown.stdout.includes(rotated.key))
  assert.equal((await cli(['keys', 'revoke', late.keyId], folder)).code, 0)
  assert.equal(await status({ 'x-api-key': rotated.key }), 401)

  assert.equal((await cli(['clients', 'revoke', client.clientId], folder)).code, 0)
  assert.equal(await status({ authorization: `Bearer ${token}` }), 401)
  assert.equal((await askToken(url, client)).status, 401)
  const listed = JSON.parse((await cli(['clients', 'list', '--json'], folder)).stdout)
  assert.deepEqual([listed.length, typeof listed[0].revokedAtMs], [1, 'number'])
  await end(child, 'SIGTERM')
  assert.match((await cli(['keys', 'list'], folder)).stdout, /early/)
})

test('what is wrong is said, with the exit code that fits', async () => {
  const folder = folderWithConfig()
  const cases: [string[], number, RegExp][] = [
    [['clients', 'list'], 1, /no accounts/],
    [['clients', 'create', '--name', 'x'], 2, /--grant/],
    [['clients', 'create', '--name', 'x', '--grant', 'password'], 2, /grants/],
    [['keys', 'create', '--name', 'x', '--expires', 'soon'], 2, /expiresIn.*duration/],
    [['keys', 'create', '--name', 'x', '--ip', 'home'], 2, /networks/],
    [['keys', 'revoke', 'absent'], 1, /no api-key absent/],
    [['keys', 'delete'], 2, /unknown command/],
  ]
  for (const [args, code, message] of cases) {
    const result = await cli(args, folder)
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`)
    assert.match(result.stderr, message)
  }
})

test('a gateway without its master key does not start, and says why', async () => {
  const folder = folderWithConfig()
  assert.equal((await cli(['keys', 'create', '--name', 'x'], folder)).code, 0)
  rmSync(join(folder, '.merlon/master.key'))
  const { code, stderr } = await cli(['run'], folder)
  assert.equal(code, 1)
  assert.match(stderr, /store\.key: the master key is gone/)
  assert.equal((await cli(['keys', 'list'], folder)).code, 1)
})

test('kill -9 while clients and keys are made: each that was acknowledged is there', async () => {
  const folder = folderWithConfig()
  const first = await run(folder)
  const state = join(folder, '.merlon')
  const clients: { clientId: string; clientSecret: string }[] = []
  const keys: { keyId: string; key: string }[] = []
  const make = async () => {
    for (;;) {
      const input = { name: 'n', grants: ['client_credentials'] }
      const client = await askGateway(state, 'POST', '/api/v1/clients/create', input)
      if (client?.status !== 200) return
      clients.push(client.body as (typeof clients)[number])
      const key = await askGateway(state, 'POST', '/api/v1/keys/create', { name: 'n' })
      if (key?.status !== 200) return
      keys.push(key.body as (typeof keys)[number])
      if (clients.length >= 500) first.child.kill('SIGKILL')
    }
  }
  const closed = once(first.child, 'close')
  await Promise.allSettled(Array.from({ length: 4 }, make))
  await closed
  assert.ok(clients.length >= 500 && keys.length >= 490, `${clients.length} clients, ${keys.length} keys`)

  const second = await run(folder)
  const list = async (what: string) => (await askGateway(state, 'POST', `/api/v1/${what}/list`, {}))?.body
  const { clients: storedClients } = (await list('clients')) as { clients: { clientId: string }[] }
  const { keys: storedKeys } = (await list('keys')) as { keys: { keyId: string }[] }
  const clientIds = new Set(storedClients.map(({ clientId }) => clientId))
  const keyIds = new Set(storedKeys.map(({ keyId }) => keyId))
  assert.deepEqual(
    clients.filter(({ clientId }) => !clientIds.has(clientId)),
    [],
  )
  assert.deepEqual(
    keys.filter(({ keyId }) => !keyIds.has(keyId)),
    [],
  )
  for (const { key } of keys.slice(-20)) {
    assert.equal((await fetch(second.url, { headers: { 'x-api-key': key } })).status, 200)
  }
  for (const client of clients.slice(-20)) assert.equal((await askToken(second.url, client)).status, 200)
  await end(second.child, 'SIGTERM')
})

test('merlon explain knows keys and tokens of the state folder, and changes nothing', async () => {
  const folder = folderWithConfig()
  const made = await cli(['keys', 'create', '--name', 'k', '--json', '-c', 'merlon.yaml'], folder)
  const { key } = JSON.parse(made.stdout) as { key: string }
  const explain = async (header: string) => {
    writeFileSync(join(folder, 'request.txt'), `GET / HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`)
    const { code, stdout } = await cli(['explain', 'request.txt', '--json', '-c', 'merlon.yaml'], folder)
    const { guards } = JSON.parse(stdout) as { guards: { guard: string; code?: string; verdict?: unknown }[] }
    return { code, authn: JSON.stringify(guards.find(({ guard }) => guard === 'authn')) }
  }
  assert.equal((await explain(`X-Api-Key: ${key}`)).code, 0)
  const unknown = await explain('X-Api-Key: mk_live_x')
  assert.equal(unknown.code, 1)
  assert.match(unknown.authn, /malformed/)
  const running = await run(folder)
  const client = await cli(['clients', 'create', '--name', 'c', '--grant', 'client_credentials', '--json'], folder)
  const reply = await askToken(running.url, JSON.parse(client.stdout))
  const { access_token: token } = (await reply.json()) as { access_token: string }
  assert.equal((await explain(`Authorization: Bearer ${token}`)).code, 0, 'while the gateway runs')
  await end(running.child, 'SIGTERM')
  assert.equal((await explain(`Authorization: Bearer ${token}`)).code, 0, 'and when it does not')
  assert.equal((await cli(['keyring', 'rotate'], folder)).code, 0)
  assert.equal((await explain(`X-Api-Key: ${key}`)).code, 0, 'under another master key')
  assert.equal((await explain(`Authorization: Bearer ${token}`)).code, 0)
  const again = await run(folder)
  const response = await fetch(again.url, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(response.status, 200)
  assert.equal((await cli(['keyring', 'rotate'], folder)).code, 0, 'also while it runs')
  await end(again.child, 'SIGKILL')
  assert.equal((await explain(`X-Api-Key: ${key}`)).code, 0)
})
