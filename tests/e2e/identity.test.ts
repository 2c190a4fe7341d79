// Who may call, end to end: tokens got with a client library of others, API keys, revocation while requests run, reload.

import assert from 'node:assert/strict'
import { createServer as createHttp } from 'node:http'
import { test } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { delay, sendUntil } from './gateway-harness.ts'
import { bearer, call, createClient, start, tokenOf } from './identity-harness.ts'

test('openid-client: discovery, client credentials in body and header, introspection, revocation', async t => {
  const running = await start(t, { require: ['oauth2'], scopes: ['read'] })
  const { clientId, clientSecret } = await createClient(running, { scopes: ['read', 'write'] })
  for (const authentication of [oidc.ClientSecretPost(clientSecret), oidc.ClientSecretBasic(clientSecret)]) {
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      const config = await oidc.discovery(new URL(running.issuer), clientId, undefined, authentication, {
        algorithm,
        execute: [oidc.allowInsecureRequests],
      })
      const metadata = config.serverMetadata()
      assert.ok(metadata.grant_types_supported?.includes('client_credentials'))
      const granted = await oidc.clientCredentialsGrant(config, { scope: 'read' })
      assert.deepEqual([granted.token_type, granted.expires_in, granted.scope], ['bearer', 3600, 'read'])
      const token = granted.access_token
      assert.equal((await call(running, bearer(token))).status, 200)
      assert.equal(running.seen.at(-1), `Bearer ${token}`, 'the upstream gets the credential')
      const known = await oidc.tokenIntrospection(config, token)
      assert.deepEqual([known.active, known.client_id, known.scope], [true, clientId, 'read'])
      await oidc.tokenRevocation(config, token)
      assert.equal((await oidc.tokenIntrospection(config, token)).active, false)
      assert.equal((await call(running, bearer(token))).status, 401)
      await assert.rejects(oidc.clientCredentialsGrant(config, { scope: 'admin' }), { error: 'invalid_scope' })
    }
  }
  const wrong = await oidc.discovery(new URL(running.issuer), clientId, undefined, oidc.ClientSecretPost('wrong'), {
    execute: [oidc.allowInsecureRequests],
  })
  await assert.rejects(oidc.clientCredentialsGrant(wrong), { error: 'invalid_client' })
})

test('events name the principal, never the credential; a scope that is lacking is 403', async t => {
  const running = await start(t, { require: ['oauth2', 'apiKey'], scopes: ['admin'] })
  const client = await createClient(running, { scopes: ['read'] })
  const token = await tokenOf(running, client)
  const { keyId, key } = await running.ask<{ keyId: string; key: string }>('keys/create', { name: 'k' })
  const refused = [await call(running, bearer(token)), await call(running, { 'x-api-key': key })]
  assert.deepEqual(
    refused.map(response => response.status),
    [403, 403],
  )
  assert.match(refused[0]?.headers.get('www-authenticate') ?? '', /error="insufficient_scope", scope="admin"/)
  const events = await running.events(2)
  const principals = events.map(({ json }) => JSON.parse(json).merlon.principal)
  assert.deepEqual(principals, [
    { kind: 'client', id: client.clientId },
    { kind: 'apiKey', id: keyId },
  ])
  const text = JSON.stringify(events)
  assert.ok(!text.includes(token) && !text.includes(key) && !text.includes(client.clientSecret))
})

test('the upstream gets no credential where that is configured', async t => {
  const running = await start(t, { require: ['oauth2', 'apiKey'], forwardCredential: false })
  const token = await tokenOf(running, await createClient(running))
  assert.equal((await call(running, bearer(token))).status, 200)
  assert.deepEqual(running.seen, ['undefined'])
})

test('a key in the query counts where that is allowed, and stands in no event', async t => {
  const running = await start(t, { require: ['apiKey'], keyParameter: 'api_key' })
  const { key } = await running.ask<{ key: string }>('keys/create', { name: 'k' })
  const status = async (query: string) => (await fetch(`${running.url}/a?${query}`)).status
  assert.equal(await status(`x=1&api_key=${key}`), 200)
  assert.equal(await status(`x=1&api_key=${key}&api_key=other`), 400)
  assert.equal(await status('x=1&api_key=AKX-71c2-old-system'), 401)
  const stored = (await running.events(2)).map(({ json }) => json)
  assert.ok(stored.every(json => json.includes('api_key=[masked]')))
  assert.ok(!stored.some(json => json.includes(key) || json.includes('AKX-71c2')))
})

test('revoked under load: a key, a token and a client are refused on every worker at once', async t => {
  // Refusals are what is counted here, so they are neither slowed nor blocked.
  const badCredentials = { slowAfter: 100_000, blockAfter: 100_000 }
  const running = await start(t, { require: ['oauth2', 'apiKey'], badCredentials })
  const client = await createClient(running)
  const other = await createClient(running)
  const { keyId, key } = await running.ask<{ keyId: string; key: string }>('keys/create', { name: 'k' })
  const [token, othersToken] = [await tokenOf(running, client), await tokenOf(running, other)]
  const revoke: [string, Record<string, string>, () => Promise<unknown>][] = [
    ['key', { 'x-api-key': key }, () => running.ask('keys/revoke', { keyId })],
    [
      'token',
      bearer(token),
      () =>
        fetch(`${running.issuer}/oauth/revoke`, {
          method: 'POST',
          body: new URLSearchParams({ token, client_id: client.clientId, client_secret: client.clientSecret }),
        }),
    ],
    ['client', bearer(othersToken), () => running.ask('clients/revoke', { clientId: other.clientId })],
  ]
  for (const [name, headers, act] of revoke) {
    const accepted: number[] = []
    let revokedMs = Number.POSITIVE_INFINITY
    let isEnough = false
    let refused = 0
    const load = sendUntil(
      () => isEnough,
      8,
      async () => {
        const sentMs = performance.now()
        const { status } = await call(running, { ...headers, connection: 'close' })
        if (status === 200) accepted.push(sentMs)
        else refused++
        return status
      },
    )
    for (let i = 0; i < 200 && accepted.length < 6; i++) await delay(50)
    await act()
    revokedMs = performance.now()
    await delay(700)
    for (let i = 0; i < 200 && refused < 6; i++) await delay(50)
    isEnough = true
    const { statuses, errors } = await load
    assert.deepEqual(errors, [], name)
    assert.ok((statuses.get(200) ?? 0) > 5 && (statuses.get(401) ?? 0) > 5, `${name}: ${[...statuses]}`)
    const lateMs = Math.max(0, ...accepted.map(sentMs => sentMs - revokedMs))
    assert.ok(lateMs < 2000, `${name}: accepted ${lateMs} ms after it was revoked`)
  }
  assert.equal((await call(running, bearer(await tokenOf(running, client)))).status, 200, 'new tokens of it are good')
})

test('workers that start later, and a reload that brings an issuer, know all that is to be known', async t => {
  const running = await start(t, { require: ['oauth2', 'apiKey'] }, { accounts: {}, workers: 1 })
  const { gateway, config, issuer } = running
  assert.equal((await fetch(`${issuer}/oauth/token`, { method: 'POST' })).status, 401, 'the route of the application')
  const { keyId, key } = await running.ask<{ keyId: string; key: string }>('keys/create', { name: 'k' })
  assert.deepEqual(await gateway.reload(config({ accounts: { oauth: { issuer } }, workers: 3 })), { ok: true })
  const client = await createClient(running)
  const token = await tokenOf(running, client)
  for (let i = 0; i < 12; i++) {
    assert.equal((await call(running, { 'x-api-key': key, connection: 'close' })).status, 200)
    assert.equal((await call(running, { ...bearer(token), connection: 'close' })).status, 200)
  }
  await running.ask('keys/revoke', { keyId })
  for (let i = 0; i < 100 && (await call(running, { 'x-api-key': key })).status !== 401; i++) await delay(20)
  assert.equal((await call(running, { 'x-api-key': key })).status, 401)
  assert.deepEqual(await gateway.reload(config({ accounts: {}, workers: 3 })), { ok: true })
  assert.equal((await call(running, bearer(token))).status, 401, 'the issuer is gone')
  const moved = await gateway.reload(config({ store: { state: './state', key: 'env:OTHER' } }))
  assert.ok(!moved.ok && moved.problems[0]?.path === 'store.key')
})

test('tokens of another issuer: its keys are fetched, changed keys are found, an outage of it is none of ours', async t => {
  let keys = [await jose.generateKeyPair('ES256')]
  let isDown = false
  const partner = createHttp(async (_req, res) => {
    if (isDown) {
      res.writeHead(500).end()
      return
    }
    const jwks = await Promise.all(
      keys.map(async (pair, i) => ({ ...(await jose.exportJWK(pair.publicKey)), kid: `k${i}` })),
    )
    res.end(JSON.stringify({ keys: jwks }))
  })
  await new Promise<void>(resolve => partner.listen(0, '127.0.0.1', resolve))
  t.after(() => partner.close())
  const partnerUrl = `http://127.0.0.1:${(partner.address() as { port: number }).port}`
  const issuers = [{ issuer: 'https://partner.test', jwks: `${partnerUrl}/keys`, audience: ['shop'], refresh: '10s' }]
  const running = await start(t, { require: ['oauth2'] }, { accounts: { issuers } })
  const sign = (i: number) =>
    new jose.SignJWT({ sub: 'alice' })
      .setProtectedHeader({ alg: 'ES256', kid: `k${i}` })
      .setIssuer('https://partner.test')
      .setAudience('shop')
      .setExpirationTime('5m')
      .sign((keys[i] as (typeof keys)[number]).privateKey)
  const until = async (token: string, want: number, waitMs: number) => {
    for (let waitedMs = 0; ; waitedMs += 100) {
      const { status } = await call(running, bearer(token))
      if (status === want || waitedMs >= waitMs) return status
      await delay(100)
    }
  }
  assert.equal(await until(await sign(0), 200, 30_000), 200)
  keys = [...keys, await jose.generateKeyPair('ES256')]
  assert.equal((await call(running, bearer(await sign(1)))).status, 401)
  assert.equal(await until(await sign(1), 200, 45_000), 200, 'the new key is found by itself')
  isDown = true
  await delay(300)
  assert.equal((await call(running, bearer(await sign(1)))).status, 200)
})
