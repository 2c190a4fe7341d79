// Clients without a shared secret, end to end with a client library of others: signed assertions, certificates, and
// tokens that are bound to them; tokens that are but a name.

import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { type TestContext, test } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { freePort } from '../../src/lib/free-port.test-helper.ts'
import { bearer, call, createClient, discover, start, tokenOf } from './identity-harness.ts'
import { noOpenssl, openAuthority, type Pair } from './tls-harness.ts'

async function jwksServer(t: TestContext, answer: () => object): Promise<string> {
  const server = createServer((_req, res) => res.end(JSON.stringify(answer())))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/jwks`
}

test('openid-client: private_key_jwt, with keys that are given or fetched; each assertion once', async t => {
  const running = await start(t)
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
  const jwksUri = await jwksServer(t, () => ({ keys: [jwk] }))
  for (const auth of [
    { method: 'private_key_jwt', jwks: { keys: [jwk] } },
    { method: 'private_key_jwt', jwksUri },
  ]) {
    const made = await createClient(running, { auth, scopes: ['read'] })
    assert.equal(made.clientSecret, undefined)
    const config = await discover(running, made.clientId, oidc.PrivateKeyJwt({ key: privateKey, kid: 'k1' }))
    const granted = await oidc.clientCredentialsGrant(config)
    assert.equal((await call(running, bearer(granted.access_token))).status, 200)
    assert.equal((await oidc.tokenIntrospection(config, granted.access_token)).active, true)
    await oidc.tokenRevocation(config, granted.access_token)
    assert.equal((await call(running, bearer(granted.access_token))).status, 401)

    const sign = (claims: object, key: jose.CryptoKey = privateKey, header: object = {}) =>
      new jose.SignJWT({
        iss: made.clientId,
        sub: made.clientId,
        aud: running.issuer,
        jti: crypto.randomUUID(),
        exp: Math.floor(Date.now() / 1000) + 60,
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
        .sign(key)
    const ask = async (assertion: string, more: object = {}) => {
      const response = await fetch(`${running.issuer}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
          ...more,
        }),
      })
      return ((await response.json()) as { error?: string }).error
    }
    const good = await sign({})
    assert.equal(await ask(good), undefined)
    assert.equal(await ask(good), 'invalid_client', 'a replay')
    const same = await sign({})
    const both = await Promise.all([ask(same), ask(same), ask(same)])
    assert.equal(both.filter(error => error === undefined).length, 1, 'at the same time')
    const other = await jose.generateKeyPair('ES256')
    const wrong: [string, string][] = [
      ['another audience', await sign({ aud: 'https://other.test' })],
      ['no expiry', await sign({ exp: undefined })],
      ['expired', await sign({ exp: Math.floor(Date.now() / 1000) - 60 })],
      ['too long a life', await sign({ exp: Math.floor(Date.now() / 1000) + 700 })],
      ['no id', await sign({ jti: undefined })],
      ['another issuer', await sign({ iss: 'mc_other' })],
      ['another key', await sign({}, other.privateKey)],
      ['its own key', await sign({}, other.privateKey, { jwk: await jose.exportJWK(other.publicKey), kid: undefined })],
    ]
    for (const [name, assertion] of wrong) assert.equal(await ask(assertion), 'invalid_client', name)
    assert.equal(await ask(await sign({}), { client_secret: 'x' }), 'invalid_request', 'two ways at once')
    await running.ask('clients/revoke', { clientId: made.clientId })
    assert.equal(await ask(await sign({})), 'invalid_client', 'revoked')
  }
})

test('a client with a secret can’t sign, one that signs has no secret, and bad keys are told', async t => {
  const running = await start(t)
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
  const jwk = await jose.exportJWK(publicKey)
  const plain = await createClient(running)
  const signing = await createClient(running, { auth: { method: 'private_key_jwt', jwks: { keys: [jwk] } } })
  const config = await discover(running, plain.clientId, oidc.PrivateKeyJwt(privateKey))
  await assert.rejects(oidc.clientCredentialsGrant(config), { error: 'invalid_client' })
  const other = await discover(running, signing.clientId, oidc.ClientSecretPost(plain.clientSecret))
  await assert.rejects(oidc.clientCredentialsGrant(other), { error: 'invalid_client' })
  await assert.rejects(running.ask('clients/rotate', { clientId: signing.clientId }), /has no secret/)
  const create = (auth: object) => createClient(running, { auth })
  await assert.rejects(create({ method: 'private_key_jwt' }), /one of the two/)
  await assert.rejects(create({ method: 'private_key_jwt', jwks: { keys: [] } }), /holds no key/)
  await assert.rejects(
    create({ method: 'private_key_jwt', jwks: { keys: [await jose.exportJWK(privateKey)] } }),
    /is no public key/,
  )
  await assert.rejects(create({ method: 'private_key_jwt', jwksUri: 'http://example.com/k' }), /must be https/)
  await assert.rejects(create({ method: 'tls_client_auth', name: { kind: 'cn', value: 'x' } }), /name.kind/)
})

test('openid-client: tls_client_auth and tokens bound to the certificate', { skip: noOpenssl }, async t => {
  const authority = openAuthority()
  const good = authority.issue('billing', 'DNS:billing.example,URI:spiffe://example.org/billing')
  const other = authority.issue('other', 'DNS:other.example')
  const port = await freePort()
  const issuer = `https://127.0.0.1:${port}`
  const listen = [
    { https: `127.0.0.1:${port}`, clientCa: authority.ca, clientCert: 'request' },
    { http: '127.0.0.1:0' },
  ]
  const running = await start(t, { require: ['oauth2'] }, { listen, accounts: { oauth: { issuer } } })
  const names: [string, string, Pair, boolean][] = [
    ['dn', 'CN=billing,O=Example', good, true],
    ['dns', 'billing.example', good, true],
    ['uri', 'spiffe://example.org/billing', good, true],
    ['dn', 'CN=billing,O=Example', other, false],
    ['dns', 'billing.example', other, false],
  ]
  for (const [kind, value, pair, want] of names) {
    const auth = { method: 'tls_client_auth', name: { kind, value } }
    const made = await createClient(running, { auth, bound: 'mtls' })
    const config = await discover({ issuer }, made.clientId, oidc.TlsClientAuth(), tlsFetch(pair))
    if (!want) {
      await assert.rejects(oidc.clientCredentialsGrant(config), { error: 'invalid_client' }, `${kind} of another`)
      continue
    }
    const { access_token: token } = await oidc.clientCredentialsGrant(config)
    const thumbprint = new Uint8Array(
      await crypto.subtle.digest('SHA-256', Buffer.from(good.pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')),
    )
    const cnf = { 'x5t#S256': Buffer.from(thumbprint).toString('base64url') }
    assert.deepEqual(jose.decodeJwt(token)['cnf'], cnf)
    assert.deepEqual((await oidc.tokenIntrospection(config, token)).cnf, cnf)
    const send = (shown: Pair | undefined) => tlsFetch(shown)(`${issuer}/`, { headers: bearer(token), method: 'GET' })
    assert.deepEqual(
      [(await send(good)).status, (await send(other)).status, (await send(undefined)).status],
      [200, 401, 401],
    )
    const spoofed = Buffer.from(JSON.stringify({ subject: 'CN=billing', names: [], der: '' })).toString('base64url')
    const plain = await fetch(`http://127.0.0.1:${running.gateway.listening[1]?.port}/oauth/token`, {
      method: 'POST',
      headers: { 'merlon-client-certificate': spoofed, Merlon_Client_Certificate: spoofed },
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: made.clientId }),
    })
    assert.equal(plain.status, 401, 'nobody else can say which certificate was shown')
    await plain.text()
  }
})

test('opaque tokens: a name that workers know, introspected, revoked, kept over a restart of the service', async t => {
  const running = await start(t, { require: ['oauth2'], scopes: ['read'] })
  const client = await createClient(running, { tokens: 'opaque', scopes: ['read'] })
  const resource = await createClient(running, { canIntrospect: true })
  const stranger = await createClient(running)
  const token = await tokenOf(running, client)
  assert.match(token, /^[\w-]{43}$/)
  assert.equal((await call(running, bearer(token))).status, 200)
  assert.equal((await call(running, bearer(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`))).status, 401)
  const as = async (who: typeof client) => discover(running, who.clientId, oidc.ClientSecretBasic(who.clientSecret))
  const known = await oidc.tokenIntrospection(await as(resource), token)
  assert.deepEqual(
    [known.active, known.client_id, known.scope, known.token_type],
    [true, client.clientId, 'read', 'Bearer'],
  )
  assert.equal((await oidc.tokenIntrospection(await as(stranger), token)).active, false)
  const { gateway, config } = running
  assert.deepEqual(await gateway.reload(config({ workers: 3 })), { ok: true })
  for (let i = 0; i < 9; i++) {
    assert.equal((await call(running, { ...bearer(token), connection: 'close' })).status, 200)
  }
  await assert.rejects(oidc.tokenRevocation(await as(stranger), token))
  await oidc.tokenRevocation(await as(client), token)
  for (let i = 0; i < 9; i++) {
    assert.equal((await call(running, { ...bearer(token), connection: 'close' })).status, 401)
  }
  const next = await tokenOf(running, client)
  await running.ask('clients/revoke', { clientId: client.clientId })
  assert.equal((await call(running, bearer(next))).status, 401)
  assert.equal((await oidc.tokenIntrospection(await as(resource), next)).active, false)
  const database = readFileSync(`${running.dir}/state/accounts.db`).toString('latin1')
  assert.ok(!database.includes(token) && !database.includes(next), 'no token stands in the store')
})

test('opaque tokens are bound to a key as others are; RS256 signs where it is asked for', async t => {
  const running = await start(t, { require: ['oauth2'] })
  const { gateway, config: change, issuer } = running
  assert.deepEqual(await gateway.reload(change({ accounts: { oauth: { issuer, signing: 'RS256' } } })), { ok: true })
  const rs = await tokenOf(running, await createClient(running))
  assert.equal(jose.decodeProtectedHeader(rs).alg, 'RS256')
  assert.equal((await call(running, bearer(rs))).status, 200)
  const keys = jose.createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
  await jose.jwtVerify(rs, keys, { issuer, audience: issuer, typ: 'at+jwt' })

  const client = await createClient(running, { tokens: 'opaque', bound: 'dpop' })
  const config = await discover(running, client.clientId, oidc.ClientSecretPost(client.clientSecret))
  await assert.rejects(oidc.clientCredentialsGrant(config), { error: 'invalid_grant' })
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair())
  const { access_token: token } = await oidc.clientCredentialsGrant(config, {}, { DPoP: dpop })
  const response = await oidc.fetchProtectedResource(config, token, new URL(issuer), 'GET', null, undefined, {
    DPoP: dpop,
  })
  assert.equal(response.status, 200)
  assert.equal((await call(running, bearer(token))).status, 401)
})

/** A fetch that shows a certificate; what openid-client needs of it. */
function tlsFetch(pair: Pair | undefined) {
  const shown = pair && { cert: readFileSync(pair.cert), key: readFileSync(pair.key) }
  return (url: string, options: { method: string; headers: Record<string, string>; body?: unknown }) =>
    new Promise<Response>((resolve, reject) => {
      const { method, headers, body } = options
      const text = body === undefined || body === null ? undefined : String(body)
      const sent = request(url, { method, headers, ...shown, rejectUnauthorized: false, agent: false }, res => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk))
        res.on('end', () => {
          const status = res.statusCode ?? 0
          const known = { status, headers: res.headers as Record<string, string> }
          resolve(new Response(Buffer.concat(chunks), known))
        })
      })
      sent.on('error', reject).end(text)
    })
}

test('clients that need no token: their certificate, or a signature of each request', { skip: noOpenssl }, async t => {
  const authority = openAuthority()
  const good = authority.issue('robot', 'URI:spiffe://example.org/robot')
  const other = authority.issue('other', 'URI:spiffe://example.org/other')
  const port = await freePort()
  const issuer = `https://127.0.0.1:${port}`
  const listen = [{ https: `127.0.0.1:${port}`, clientCa: authority.ca, clientCert: 'request' }]
  const authn = { require: ['mtls', 'signature'], scopes: ['read'] }
  const running = await start(t, authn, { listen, accounts: { oauth: { issuer } } })
  const name = { kind: 'uri', value: 'spiffe://example.org/robot' }
  const shown = await createClient(running, { auth: { method: 'tls_client_auth', name }, scopes: ['read'] })
  const send = async (pair: Pair | undefined, path = '/', headers: Record<string, string> = {}, body?: string) =>
    (await tlsFetch(pair)(`${issuer}${path}`, { method: body === undefined ? 'GET' : 'POST', headers, body })).status
  assert.deepEqual([await send(good), await send(other), await send(undefined)], [200, 403, 401])
  await running.ask('clients/revoke', { clientId: shown.clientId })
  assert.equal(await send(good), 403)

  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwks = { keys: [publicKey.export({ format: 'jwk' })] }
  const signing = await createClient(running, { auth: { method: 'private_key_jwt', jwks }, scopes: ['read'] })
  const signed = (body: string, nonce: string) => {
    const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
    const created = Math.floor(Date.now() / 1000)
    const params = `("@method" "@target-uri" "content-digest");created=${created};nonce="${nonce}";keyid="${signing.clientId}"`
    const base = `"@method": POST\n"@target-uri": ${issuer}/a?b=c\n"content-digest": ${digest}\n"@signature-params": ${params}`
    const signature = sign(null, Buffer.from(base), privateKey).toString('base64')
    return { 'content-digest': digest, 'signature-input': `s=${params}`, signature: `s=:${signature}:` }
  }
  const text = JSON.stringify({ amount: 1 })
  const length = { 'content-type': 'application/json', 'content-length': String(text.length) }
  const first = { ...signed(text, '1'), ...length }
  assert.equal(await send(undefined, '/a?b=c', first, text), 200)
  assert.equal(await send(undefined, '/a?b=c', first, text), 401, 'a replay')
  assert.equal(await send(undefined, '/a?b=d', { ...signed(text, '2'), ...length }, text), 401, 'another target')
  assert.equal(await send(undefined, '/a?b=c', { ...signed(text, '3'), ...length }, text.replace('1', '9')), 401)
  await running.ask('clients/revoke', { clientId: signing.clientId })
  assert.equal(await send(undefined, '/a?b=c', { ...signed(text, '4'), ...length }, text), 401, 'revoked')
})
