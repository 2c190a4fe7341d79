// What is asked of users, pushed to us by the client (RFC 9126): with a client that signs, and tokens that are bound to its key.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { discover } from './identity-harness.ts'
import { UserAgent } from './user-agent.ts'
import { password, redirectUri, startWithUsers } from './users-harness.ts'

test('openid-client: PAR with private_key_jwt, PKCE and DPoP, from the first page to a refreshed token', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
  const jwk = await jose.exportJWK(publicKey)
  const client = await running.addClient({
    auth: { method: 'private_key_jwt', jwks: { keys: [jwk] } },
    bound: 'dpop',
    pushed: true,
  })
  const config = await discover(running, client.clientId, oidc.PrivateKeyJwt(privateKey))
  assert.equal(config.serverMetadata().pushed_authorization_request_endpoint, `${running.issuer}/oauth/par`)
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair())
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expectedState = oidc.randomState()
  const params = {
    redirect_uri: redirectUri,
    scope: 'orders',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
  }
  const agent = new UserAgent(running.issuer)
  await agent.open(oidc.buildAuthorizationUrl(config, params).href)
  const told = agent.page.status === 0 ? new URL(agent.page.url).searchParams.get('error') : agent.page.text
  assert.match(told ?? '', /invalid_request/, 'what is not pushed is refused')

  const url = await oidc.buildAuthorizationUrlWithPAR(config, params, { DPoP: dpop })
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
  await agent.open(url.href)
  await agent.submit('/password', { username: 'alice', password })
  if (agent.page.text.includes('/consent"')) await agent.submit('/consent')
  const back = new URL(agent.page.url)
  assert.equal(`${back.origin}${back.pathname}`, redirectUri, agent.page.text)
  const tokens = await oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState }, undefined, {
    DPoP: dpop,
  })
  const fetchWith = async (access: string, handle: oidc.DPoPHandle) => {
    const resource = new URL(`${running.issuer}/orders`)
    return oidc.fetchProtectedResource(config, access, resource, 'GET', null, undefined, { DPoP: handle })
  }
  assert.equal((await fetchWith(tokens.access_token, dpop)).status, 200)
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP: dpop })
  assert.equal((await fetchWith(refreshed.access_token, dpop)).status, 200)
  const other = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair())
  await assert.rejects(fetchWith(refreshed.access_token, other))

  await agent.open(url.href)
  assert.notEqual(new URL(agent.page.url).searchParams.get('code') !== null, true, 'a pushed request is used once')
})
