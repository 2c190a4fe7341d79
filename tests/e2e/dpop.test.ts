// DPoP end to end with a client library of others: nonces of both servers, replays on any worker, stolen tokens.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { call, createClient, discover, start } from './identity-harness.ts'

test('openid-client: a token bound to a key, with the nonces of both servers', async t => {
  const running = await start(t, { require: ['oauth2'] }, { workers: 3 })
  const { clientId, clientSecret } = await createClient(running)
  const config = await discover(running, clientId, oidc.ClientSecretPost(clientSecret))
  const keys = await oidc.randomDPoPKeyPair()
  const dpop = oidc.getDPoPHandle(config, keys)
  const granted = await oidc.clientCredentialsGrant(config, {}, { DPoP: dpop })
  assert.equal(granted.token_type, 'dpop')
  const token = granted.access_token
  const { cnf } = jose.decodeJwt(token)
  assert.deepEqual(cnf, { jkt: await jose.calculateJwkThumbprint(await jose.exportJWK(keys.publicKey)) })
  assert.deepEqual((await oidc.tokenIntrospection(config, token)).cnf, cnf)
  for (let i = 0; i < 6; i++) {
    const url = new URL(`${running.issuer}/things?i=${i}`)
    const response = await oidc.fetchProtectedResource(config, token, url, 'GET', null, undefined, { DPoP: dpop })
    assert.equal(response.status, 200)
    await response.text()
  }
  assert.equal((await call(running, { authorization: `Bearer ${token}` })).status, 401, 'stolen')

  // By hand, for what a library does not do.
  const { publicKey, privateKey } = keys
  const proof = async (claims: object, nonce: string) =>
    new jose.SignJWT({
      jti: crypto.randomUUID(),
      htm: 'GET',
      htu: `${running.issuer}/`,
      ath: createHash('sha256').update(token).digest('base64url'),
      nonce,
      ...claims,
    })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: await jose.exportJWK(publicKey) })
      .setIssuedAt()
      .sign(privateKey)
  const send = (text?: string) =>
    call(running, {
      authorization: `DPoP ${token}`,
      connection: 'close',
      ...(text !== undefined && { dpop: text }),
    })
  const asked = await send(await proof({}, 'made-up'))
  const nonce = asked.headers.get('dpop-nonce') ?? ''
  assert.match(asked.headers.get('www-authenticate') ?? '', /use_dpop_nonce/)
  const good = await proof({}, nonce)
  assert.equal((await send(good)).status, 200)
  for (let i = 0; i < 12; i++) assert.equal((await send(good)).status, 401, 'a replay, on whatever worker')
  const sent = await Promise.all(
    Array.from({ length: 12 }, () => proof({ jti: 'one' }, nonce)).map(async it => send(await it)),
  )
  assert.equal(sent.filter(({ status }) => status === 200).length <= 1, true, 'at the same time')
  const wrong: [string, object][] = [
    ['htu', { htu: `${running.issuer}/other` }],
    ['htm', { htm: 'POST' }],
    ['ath', { ath: createHash('sha256').update('other').digest('base64url') }],
  ]
  for (const [name, claims] of wrong) {
    const { status, headers } = await send(await proof(claims, nonce))
    assert.deepEqual([status, /invalid_dpop_proof/.test(headers.get('www-authenticate') ?? '')], [401, true], name)
  }
  assert.equal((await send()).status, 401, 'no proof')
})

test('the token endpoint takes a proof once', async t => {
  const running = await start(t)
  const client = await createClient(running)
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
  const jwk = await jose.exportJWK(publicKey)
  const proof = (claims: object) =>
    new jose.SignJWT({ jti: crypto.randomUUID(), htm: 'POST', htu: `${running.issuer}/oauth/token`, ...claims })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .setIssuedAt()
      .sign(privateKey)
  const ask = async (dpop: string) => {
    const response = await fetch(`${running.issuer}/oauth/token`, {
      method: 'POST',
      headers: { dpop },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.clientSecret,
      }),
    })
    const body = (await response.json()) as { error?: string; token_type?: string }
    return { body, nonce: response.headers.get('dpop-nonce') ?? '' }
  }
  const { body, nonce } = await ask(await proof({}))
  assert.equal(body.error, 'use_dpop_nonce')
  const good = await proof({ nonce })
  assert.equal((await ask(good)).body.token_type, 'DPoP')
  assert.equal((await ask(good)).body.error, 'invalid_grant', 'a replay')
  const same = await proof({ nonce })
  const both = await Promise.all([ask(same), ask(same), ask(same)])
  assert.equal(both.filter(it => it.body.token_type === 'DPoP').length, 1, 'at the same time')
  assert.equal(
    (await ask(await proof({ nonce, htu: `${running.issuer}/oauth/other` }))).body.error,
    'invalid_dpop_proof',
  )
})
