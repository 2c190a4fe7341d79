// For tests of people: a gateway with an authorization server, users, clients, and the code flow as a client goes it.

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import * as oidc from 'openid-client'
import { generateSync } from 'otplib'
import { type Asking, discover, start } from './identity-harness.ts'
import { UserAgent } from './user-agent.ts'

export const password = 'vague-otter-lamp-41'
export const redirectUri = 'http://127.0.0.1:4999/callback'

export interface TestClient {
  readonly clientId: string
  readonly clientSecret?: string
}

/** With all guards at their defaults but the limit of requests. */
export async function startWithUsers(
  t: TestContext,
  authn: object = { require: ['oauth2'] },
  sections: object = {},
  name?: string,
  oauth?: object,
) {
  const running = await start(t, authn, { guards: { rate: { limit: 1_000_000 } }, ...sections }, name, oauth)
  const addUser = async (username: string, rest: object = {}) => {
    const { user } = await running.ask<{ user: { userId: string } }>('users/create', { username, password, ...rest })
    return user.userId
  }
  const addClient = (rest: object = {}) =>
    running.ask<TestClient>('clients/create', {
      name: 'Shop',
      grants: ['authorization_code', 'refresh_token'],
      redirectUris: [redirectUri],
      scopes: ['orders', 'orders:write'],
      auth: { method: 'none' },
      ...rest,
    })
  return { ...running, addUser, addClient }
}

export type WithUsers = Awaited<ReturnType<typeof startWithUsers>>

export function configOf(running: Asking, { clientId, clientSecret }: TestClient): Promise<oidc.Configuration> {
  return discover(running, clientId, clientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(clientSecret))
}

/** A request that a client sends a user with, and what it needs to take the answer. */
export async function begin(config: oidc.Configuration, params: Record<string, string> = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expectedState = oidc.randomState()
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'orders',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    ...params,
  })
  return {
    url: url.href,
    checks: { pkceCodeVerifier, expectedState, idTokenExpected: / ?openid/.test(params['scope'] ?? '') },
  }
}

/** Sets an authenticator app up on the account page; gives its secret. */
export async function setUpApp(running: WithUsers, username = 'alice') {
  const agent = new UserAgent(running.issuer)
  await agent.open('/oauth/account')
  await agent.submit('/password', { username, password })
  await agent.submit('/app')
  const secret = (/id="key">([^<]+)</.exec(agent.page.text)?.[1] ?? '').replaceAll(' ', '')
  await agent.submit('/appcode', { code: generateSync({ secret }) })
  const codes = [...agent.page.text.matchAll(/<li><code>([^<]+)</g)].map(([, code = '']) => code)
  assert.equal(codes.length, 10, agent.page.text)
  return { agent, secret, codes }
}

/** From the first page to tokens, with a password. */
export async function signIn(
  running: WithUsers,
  config: oidc.Configuration,
  { agent = new UserAgent(running.issuer), username = 'alice', params = {} as Record<string, string> } = {},
) {
  const { url, checks } = await begin(config, params)
  await agent.open(url)
  if (agent.page.status === 200 && agent.page.text.includes('id="password"')) {
    await agent.submit('/password', { username, password })
  }
  if (agent.page.text.includes('/consent"')) await agent.submit('/consent')
  const back = new URL(agent.page.url)
  assert.equal(`${back.origin}${back.pathname}`, redirectUri, `${agent.page.status} ${agent.page.text}`)
  const tokens = await oidc.authorizationCodeGrant(config, back, checks)
  return { agent, tokens, back, checks }
}
