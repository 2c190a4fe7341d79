import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readJwt, verifyJwt } from '../lib/jwt.ts'
import { createSharedMarks, SharedMarks } from '../store/marks-shared.ts'
import { openSqliteRecords } from '../store/records-sqlite.ts'
import { Accounts, accountsPath, accountsSocketPath } from './accounts.ts'
import { DenyList } from './deny-list.ts'
import { masterKeyPath } from './master-key.ts'
import { IdentityMirror } from './mirror.ts'
import { runAccountOperation } from './operations.ts'
import type { IdentityUpdate } from './update.ts'

const root = mkdtempSync(join(tmpdir(), 'merlon-accounts-'))
after(() => rmSync(root, { recursive: true }))
let count = 0
const freshDir = () => join(root, String(count++))
const issuer = 'http://127.0.0.1:8080'
const signIn = {
  title: 'Test',
  theme: undefined,
  passwordLength: 10,
  breachedPasswords: undefined,
  requireSecondFactor: [],
  providers: [],
}
const tokens = { signing: 'ES256', rotateMs: 30 * 86_400_000, tokenTtlMs: 3_600_000 } as const
const oauth = { issuer, ...tokens, resources: [], signIn } as const

async function open(dir = freshDir(), key?: string, now: () => number = Date.now) {
  const updates: IdentityUpdate[] = []
  const accounts = await Accounts.openForGateway({
    records: openSqliteRecords(accountsPath(dir)),
    stateDir: dir,
    key,
    now,
    onUpdate: update => updates.push(update),
  })
  return { accounts, dir, updates }
}

interface Reply {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Record<string, unknown>
}

function post(dir: string, path: string, form: Record<string, string>, headers: object = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: accountsSocketPath(dir),
        path,
        method: Object.keys(form).length > 0 ? 'POST' : 'GET',
        headers: { host: 'evil.test', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      },
      incoming => {
        let text = ''
        incoming.on('data', chunk => (text += chunk))
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(text || '{}'), headers: incoming.headers }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(Object.keys(form).length > 0 ? new URLSearchParams(form).toString() : undefined)
  })
}

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})

test('a client gets a JWT for an hour with its secret in body or header, introspects and revokes it', async t => {
  const { accounts, dir, updates } = await open()
  t.after(() => accounts.close())
  await accounts.use(oauth, [], accountsSocketPath(dir))
  const input = { name: 'a', grants: ['client_credentials'], scopes: ['read', 'write'] }
  const { clientId, clientSecret } = (await runAccountOperation(accounts, 'clients/create', input)) as {
    clientId: string
    clientSecret: string
  }
  const body = { client_id: clientId, client_secret: clientSecret }
  const grant = { grant_type: 'client_credentials' }
  const reply = await post(dir, '/oauth/token', { ...grant, ...body })
  assert.equal(reply.status, 200, JSON.stringify(reply.body))
  const { access_token: token, ...rest } = reply.body
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, scope: 'read write' })
  const read = readJwt(String(token))
  assert.deepEqual([read?.header['alg'], read?.header['typ']], ['ES256', 'at+jwt'])
  const { iat, exp, jti, ...claims } = read?.claims ?? {}
  assert.deepEqual(claims, { iss: issuer, sub: clientId, client_id: clientId, aud: issuer, scope: 'read write' })
  assert.equal(Number(exp) - Number(iat), 3600)
  const [own] = accounts.state().issuers
  assert.ok(own && (await verifyJwt(String(token), own, { nowMs: Date.now(), skewMs: 0 })).ok)

  const narrow = await post(dir, '/oauth/token', { ...grant, scope: 'read' }, basic(clientId, clientSecret))
  assert.equal(narrow.body['scope'], 'read')
  const wide = await post(dir, '/oauth/token', { ...grant, ...body, scope: 'admin' })
  assert.deepEqual([wide.status, wide.body['error']], [400, 'invalid_scope'])
  const typo = await post(dir, '/oauth/token', { ...grant, ...body, client_secret: `${clientSecret}x` })
  assert.deepEqual([typo.status, typo.body['error']], [401, 'invalid_client'])
  const elsewhere = await post(dir, '/oauth/token', { ...grant, ...body, resource: 'https://other.test' })
  assert.deepEqual([elsewhere.status, elsewhere.body['error']], [400, 'invalid_target'])

  const introspect = async (who: Record<string, string>) =>
    post(dir, '/oauth/introspect', { token: String(token), ...who })
  const active = await introspect(body)
  assert.deepEqual([active.status, active.body['active'], active.body['client_id']], [200, true, clientId])
  const other = await accounts.clients.create({ name: 'b', grants: [], scopes: [], canIntrospect: false })
  const resource = await accounts.clients.create({ name: 'c', grants: [], scopes: [], canIntrospect: true })
  const as = (who: typeof other) => ({ client_id: who.clientId, client_secret: who.clientSecret ?? '' })
  assert.deepEqual((await introspect(as(other))).body, { active: false })
  assert.equal((await introspect(as(resource))).body['active'], true)
  assert.equal((await introspect({ client_id: clientId, client_secret: 'wrong' })).status, 401)
  assert.equal((await introspect({})).status, 400)

  const foreign = await post(dir, '/oauth/revoke', { token: String(token), ...as(other) })
  assert.deepEqual([foreign.status, foreign.body['error']], [400, 'invalid_request'])
  updates.length = 0
  assert.equal((await post(dir, '/oauth/revoke', { token: String(token) }, basic(clientId, clientSecret))).status, 200)
  assert.deepEqual(updates, [{ denied: [{ what: `token:${jti}`, untilMs: Number(exp) * 1000 }] }])
  assert.deepEqual((await introspect(body)).body, { active: false })
  assert.equal((await post(dir, '/oauth/revoke', { token: 'not.a.token', ...body })).status, 200)
})

test('metadata names our own endpoints, whatever host was asked', async t => {
  const { accounts, dir } = await open()
  t.after(() => accounts.close())
  await accounts.use({ ...oauth, signing: 'EdDSA' }, [], accountsSocketPath(dir))
  for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']) {
    const { body } = await post(dir, path, {})
    assert.equal(body['issuer'], issuer)
    assert.equal(body['token_endpoint'], `${issuer}/oauth/token`)
    assert.equal(body['introspection_endpoint'], `${issuer}/oauth/introspect`)
    assert.equal(body['revocation_endpoint'], `${issuer}/oauth/revoke`)
    assert.equal(body['jwks_uri'], `${issuer}/.well-known/jwks.json`)
  }
  const { body } = await post(dir, '/.well-known/jwks.json', {})
  const [key] = body['keys'] as Record<string, unknown>[]
  assert.deepEqual([key?.['crv'], key?.['d']], ['Ed25519', undefined])
})

test('a revoked client gets no token, and the workers know it', async t => {
  const { accounts, dir, updates } = await open()
  t.after(() => accounts.close())
  await accounts.use(oauth, [], accountsSocketPath(dir))
  const made = await accounts.clients.create({
    name: 'a',
    grants: ['client_credentials'],
    scopes: [],
    canIntrospect: false,
  })
  await accounts.revokeClient(made.clientId)
  assert.equal(updates.at(-1)?.denied?.[0]?.what, `client:${made.clientId}`)
  const form = { grant_type: 'client_credentials', client_id: made.clientId, client_secret: made.clientSecret ?? '' }
  assert.equal((await post(dir, '/oauth/token', form)).body['error'], 'invalid_client')
  await assert.rejects(accounts.clients.rotate(made.clientId, 0), /revoked/)
})

test('rotation leaves the old secret valid for the overlap and no longer', async t => {
  const clock = { ms: 1_800_000_000_000 }
  const { accounts } = await open(undefined, undefined, () => clock.ms)
  t.after(() => accounts.close())
  const made = await accounts.clients.create({ name: 'a', grants: [], scopes: [], canIntrospect: false })
  const next = await accounts.clients.rotate(made.clientId, 60_000)
  const check = (secret: string) => accounts.clients.checkSecret(made.clientId, secret)
  assert.deepEqual([await check(made.clientSecret ?? ''), await check(next.clientSecret)], [true, true])
  clock.ms += 60_000
  assert.deepEqual([await check(made.clientSecret ?? ''), await check(next.clientSecret)], [false, true])
})

test('signing keys are published before they sign and after', async t => {
  const clock = { ms: 1_800_000_000_000 }
  const dayMs = 86_400_000
  const { accounts, dir } = await open(undefined, undefined, () => clock.ms)
  t.after(() => accounts.close())
  const kids = async () => {
    await accounts.use({ ...oauth, rotateMs: 10 * dayMs, tokenTtlMs: 3_600_000 }, [], accountsSocketPath(dir))
    return accounts.state().issuers[0]?.keys.map(({ kid }) => kid) ?? []
  }
  const [first] = await kids()
  clock.ms += 9 * dayMs
  const before = await kids()
  assert.deepEqual([before.length, before[0]], [2, first])
  clock.ms += 1.5 * dayMs
  const during = await kids()
  assert.deepEqual(during, [before[1], first])
  clock.ms += dayMs
  assert.deepEqual(await kids(), [before[1]])
})

test('keys: a worker’s copy knows them by their secret until they are revoked', async t => {
  const { accounts, updates } = await open()
  t.after(() => accounts.close())
  const mirror = new IdentityMirror(accounts.state(), new SharedMarks(createSharedMarks(64)), {
    onUsed: () => {},
    onWantKeys: () => {},
  })
  const sync = () => {
    for (const update of updates.splice(0)) mirror.update(update)
  }
  const input = { name: 'k', scopes: ['read'], owner: 'team', networks: ['10.0.0.0/8'], expiresIn: '1d' }
  const { keyId, key } = (await runAccountOperation(accounts, 'keys/create', input)) as { keyId: string; key: string }
  assert.match(key, /^mk_live_[0-9A-Za-z]{27}_[0-9A-Za-z]{6}$/)
  sync()
  const found = mirror.findKey(key, Date.now())
  assert.deepEqual([found?.id, found?.scopes, found?.networks], [keyId, ['read'], ['10.0.0.0/8']])
  const next = await accounts.rotateKey(keyId, 60_000)
  sync()
  assert.deepEqual([mirror.findKey(key, Date.now())?.id, mirror.findKey(next.key, Date.now())?.id], [keyId, keyId])
  assert.equal(mirror.findKey(key, Date.now() + 60_001), undefined)
  await accounts.keysUsed([
    [keyId, 1000_000],
    [keyId, 1000_001],
  ])
  assert.equal((await accounts.keys.get(keyId))?.lastUsedAtMs, 1000_000)
  await accounts.revokeKey(keyId)
  sync()
  assert.equal(mirror.findKey(next.key, Date.now()), undefined)
  const fresh = new IdentityMirror(accounts.state(), new SharedMarks(createSharedMarks(64)), {
    onUsed: () => {},
    onWantKeys: () => {},
  })
  assert.equal(fresh.findKey(next.key, Date.now()), undefined)
})

test('nothing secret is in the store as it was shown', async () => {
  const { accounts, dir } = await open()
  const { clientSecret = '' } = await accounts.clients.create({
    name: 'a',
    grants: [],
    scopes: [],
    canIntrospect: false,
  })
  const { key } = await accounts.createKey({
    name: 'k',
    env: 'live',
    owner: 'o',
    scopes: [],
    expiresAtMs: undefined,
    networks: [],
    canary: false,
  })
  await accounts.use(oauth, [], accountsSocketPath(dir))
  await accounts.close()
  const records = openSqliteRecords(accountsPath(dir))
  const all = await Promise.all(['client', 'api-key', 'signing-key'].map(kind => records.list(kind, { limit: 10 })))
  await records.close()
  const text = JSON.stringify(all)
  assert.ok(!text.includes(clientSecret) && !text.includes(key) && !/"d\\":/.test(text))
  assert.equal(statSync(masterKeyPath(dir)).mode & 0o777, 0o600)
})

test('a wrong, missing or unreadable master key is an error that explains, never a new key', async () => {
  const { accounts, dir } = await open()
  await accounts.close()
  const reopen = (key?: string) => open(dir, key).then(({ accounts }) => accounts.close())
  await reopen()
  process.env['MERLON_TEST_KEY'] = 'ab'.repeat(32)
  await assert.rejects(reopen('env:MERLON_TEST_KEY'), /not the one that the accounts/)
  await assert.rejects(reopen('env:MERLON_TEST_ABSENT'), /has no MERLON_TEST_ABSENT/)
  await assert.rejects(reopen('file:/nonexistent/key'), /does not exist/)
  writeFileSync(masterKeyPath(dir), 'short\n')
  await assert.rejects(reopen(), /is no key/)
  rmSync(masterKeyPath(dir))
  await assert.rejects(reopen(), /the master key is gone/)
  const given = freshDir()
  await (await open(given, 'env:MERLON_TEST_KEY')).accounts.close()
  await (await open(given, 'env:MERLON_TEST_KEY')).accounts.close()
  await assert.rejects(open(given), /the master key is gone/)
})

test('the deny list takes as many as it holds, and again when some have expired', async t => {
  const clock = { ms: 1000 }
  const records = openSqliteRecords(accountsPath(freshDir()))
  t.after(() => records.close())
  const denied = new DenyList(records, () => clock.ms, 3)
  for (const i of [1, 2, 3]) await denied.add({ what: `token:${i}`, untilMs: 2000 })
  await assert.rejects(denied.add({ what: 'token:4', untilMs: 2000 }), /revoke their clients/)
  assert.deepEqual([await denied.has(['token:3'], 0), await denied.has(['token:4'], 0)], [true, false])
  clock.ms = 2000
  await records.prune(clock.ms)
  denied.pruned()
  await denied.add({ what: 'token:4', untilMs: 3000 })
  assert.deepEqual(await denied.entries(), [{ what: 'token:4', untilMs: 3000 }])
})

test('clients and keys are listed by name, and those of one name by age', async t => {
  const clock = { ms: 1000 }
  const { accounts } = await open(undefined, undefined, () => clock.ms)
  t.after(() => accounts.close())
  for (const name of ['mill', 'barn', 'mill', 'Zoo', 'ash', 'mill']) {
    clock.ms++
    await accounts.createClient({ name, grants: ['client_credentials'], scopes: [], canIntrospect: false })
    await runAccountOperation(accounts, 'keys/create', { name })
  }
  for (const list of [await accounts.clients.list(), await accounts.keys.list()]) {
    assert.deepEqual(
      list.map(({ name, createdAtMs }) => [name, createdAtMs]),
      [
        ['Zoo', 1004],
        ['ash', 1005],
        ['barn', 1002],
        ['mill', 1001],
        ['mill', 1003],
        ['mill', 1006],
      ],
    )
  }
})

const badInput: [string, object, RegExp][] = [
  ['clients/create', { name: '', grants: ['client_credentials'] }, /name/],
  ['clients/create', { name: 'a', grants: ['password'] }, /grants/],
  ['clients/create', { name: 'a', grants: ['client_credentials'], scopes: ['a b'] }, /scopes.0/],
  ['keys/create', { name: 'a', networks: ['nowhere'] }, /networks.0/],
  ['keys/create', { name: 'a', env: 'LIVE' }, /env/],
  ['keys/rotate', { keyId: 'x', overlap: '31d' }, /overlap/],
  ['keys/revoke', { keyId: 'absent' }, /no api-key absent/],
  ['clients/show', { clientId: 'absent' }, /no client absent/],
]
test('what is asked for wrongly is said', async t => {
  const { accounts } = await open()
  t.after(() => accounts.close())
  for (const [name, input, message] of badInput) {
    await assert.rejects(runAccountOperation(accounts, name as 'keys/show', input), message, name)
  }
})
