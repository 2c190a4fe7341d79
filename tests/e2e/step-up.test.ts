// Second factors without a browser, routes that want a stronger or fresher sign-in (RFC 9470), tokens for other resources
// (RFC 8707), and signing in with another identity provider.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import * as jose from 'jose'
import Provider from 'oidc-provider'
import * as oidc from 'openid-client'
import { generateSync } from 'otplib'
import { bearer, call, createClient, tokenOf } from './identity-harness.ts'
import { UserAgent } from './user-agent.ts'
import {
  begin,
  configOf,
  password,
  redirectUri,
  setUpApp,
  signIn,
  startWithUsers,
  type WithUsers,
} from './users-harness.ts'

const soon = (secret: string) => generateSync({ secret, epoch: Date.now() / 1000 + 30 })

test('a route that wants two factors says so; with them it lets pass', async t => {
  const running = await startWithUsers(t, { require: ['oauth2', 'apiKey'], acr: ['mfa'], maxAge: '1h' })
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient({ trusted: true }))
  const { tokens, agent } = await signIn(running, config, { params: { scope: 'openid orders' } })
  const refused = await call(running, bearer(tokens.access_token))
  assert.equal(refused.status, 401)
  assert.equal(
    refused.headers.get('www-authenticate'),
    'Bearer realm="api", error="insufficient_user_authentication", acr_values="mfa", max_age="3600"',
  )
  const machine = await tokenOf(running, await createClient(running))
  assert.equal((await call(running, bearer(machine))).status, 401, 'a machine has not signed in')
  const { key } = await running.ask<{ key: string }>('keys/create', { name: 'k' })
  assert.equal((await call(running, { 'x-api-key': key })).status, 401)

  // A user without a second factor is told what is missing, and the client too.
  const stronger = { scope: 'openid orders', acr_values: 'mfa', max_age: '3600' }
  await agent.open((await begin(config, stronger)).url)
  assert.match(agent.page.text, /One more thing is needed/)
  await agent.submit('/abort')
  assert.equal(new URL(agent.page.url).searchParams.get('error'), 'access_denied')

  const { secret } = await setUpApp(running)
  const { url, checks } = await begin(config, stronger)
  await agent.open(url)
  assert.match(agent.page.text, /Code of your authenticator app/, 'the password was given in this session')
  await agent.submit('/code', { code: soon(secret) })
  const strong = await oidc.authorizationCodeGrant(config, new URL(agent.page.url), checks)
  assert.deepEqual(jose.decodeJwt(strong.access_token)['amr'], ['pwd', 'otp', 'mfa'])
  assert.equal((await call(running, bearer(strong.access_token))).status, 200)
})

test('a route that wants a fresh sign-in counts from when it was', async t => {
  const running = await startWithUsers(t, { require: ['oauth2'], maxAge: '8s', clockSkew: '0s' })
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient({ trusted: true }))
  const { tokens, agent } = await signIn(running, config)
  assert.equal((await call(running, bearer(tokens.access_token))).status, 200)
  const deadline = performance.now() + 60_000
  let old = await call(running, bearer(tokens.access_token))
  while (old.status === 200 && performance.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 100))
    old = await call(running, bearer(tokens.access_token))
  }
  assert.match(old.headers.get('www-authenticate') ?? '', /insufficient_user_authentication", max_age="8"$/)
  const refreshed = await oidc.refreshTokenGrant(config, String(tokens.refresh_token))
  assert.equal((await call(running, bearer(refreshed.access_token))).status, 401, 'a refresh is no sign-in')
  const { url, checks } = await begin(config, { scope: 'openid orders', max_age: '5' })
  await agent.open(url)
  await agent.submit('/password', { password })
  const fresh = await oidc.authorizationCodeGrant(config, new URL(agent.page.url), { ...checks, maxAge: 5 })
  assert.equal((await call(running, bearer(fresh.access_token))).status, 200)
})

test('codes: guessed, replayed, used up; recovery; what is reset is gone', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient({ trusted: true }))
  const { secret, codes, agent: own } = await setUpApp(running)
  assert.equal(
    (await running.ask<{ totp: boolean; recoveryCodes: number }>('users/show', { user: 'alice' })).recoveryCodes,
    10,
  )
  const enter = async () => {
    const agent = new UserAgent(running.issuer)
    const { url, checks } = await begin(config)
    await agent.open(url)
    await agent.submit('/password', { username: 'alice', password })
    assert.match(agent.page.text, /Prove that it is you/)
    return { agent, checks }
  }
  const code = soon(secret)
  const first = await enter()
  await first.agent.submit('/code', { code })
  assert.ok(first.agent.page.url.startsWith(redirectUri), first.agent.page.text)
  const second = await enter()
  await second.agent.submit('/code', { code })
  assert.equal(second.agent.page.status, 401, 'a code counts once')
  await second.agent.submit('/recovery', { recovery: 'wrong-wrong' })
  assert.equal(second.agent.page.status, 401)
  await second.agent.submit('/recovery', { recovery: codes[0] ?? '' })
  assert.ok(second.agent.page.url.startsWith(redirectUri), second.agent.page.text)
  const third = await enter()
  await third.agent.submit('/recovery', { recovery: codes[0] ?? '' })
  assert.equal(third.agent.page.status, 401, 'so does a recovery code')
  for (let i = 0; i < 4; i++) await third.agent.submit('/code', { code: `00000${i}` })
  await third.agent.submit('/code', { code: '999999' })
  assert.equal(third.agent.page.status, 429)

  // The account page of a session without the factor changes nothing.
  await running.ask('users/reset-mfa', { user: 'alice' })
  await own.open('/oauth/account')
  assert.match(own.page.text, /id="password"/, 'signed out with it')
  const { tokens } = await signIn(running, config)
  assert.equal(jose.decodeJwt(tokens.access_token)['acr'], '1fa')
})

test('the account page: another password, sign out, changes only when fresh and whole', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const stranger = new UserAgent(running.issuer)
  await stranger.open('/oauth/account')
  assert.match(stranger.page.text, /id="password"/)
  const weak = new UserAgent(running.issuer)
  await weak.open('/oauth/account')
  await weak.submit('/password', { username: 'alice', password })
  const page = weak.page
  const { agent } = await setUpApp(running)
  // A session from before the second factor was there is not enough any more.
  await weak.submit('/codes')
  assert.match(weak.page.text, /Prove that it is you/)
  await weak.open('/oauth/account')
  assert.match(weak.page.text, /Confirm that it is you/)
  weak.page = page
  await weak.submit('/codes', { csrf: 'x' })
  assert.equal(weak.page.status, 400)

  await agent.open('/oauth/account')
  await agent.submit('account/password', { password: 'short' })
  assert.match(agent.page.text, /The password must have at least 10 characters\./)
  await agent.submit('account/password', { password: 'another-otter-lamp-42' })
  assert.match(agent.page.text, /id="password"/, 'signed out everywhere')
  await weak.open('/oauth/account')
  assert.match(weak.page.text, /id="password"/)
  await agent.submit('/password', { username: 'alice', password })
  assert.equal(agent.page.status, 401)
  await agent.submit('/password', { username: 'alice', password: 'another-otter-lamp-42' })
  assert.match(agent.page.text, /Prove that it is you/)
  await running.ask('users/reset-mfa', { user: 'alice' })
  const last = new UserAgent(running.issuer)
  await last.open('/oauth/account')
  await last.submit('/password', { username: 'alice', password: 'another-otter-lamp-42' })
  await last.submit('/leave')
  assert.match(last.page.text, /signed out here/)
  assert.equal(last.cookie('merlon_session'), undefined)
})

test('tokens for another resource count only where a route asks for it', async t => {
  const resource = 'https://billing.example.com'
  const running = await startWithUsers(
    t,
    { require: ['oauth2'] },
    {
      routes: [
        {
          name: 'billing',
          match: { path: '/billing/*' },
          to: 'app',
          guards: { authn: { require: ['oauth2'], audience: [resource] } },
        },
        { name: 'app', to: 'app', guards: { authn: { require: ['oauth2'] } } },
      ],
    },
    undefined,
    { resources: [resource] },
  )
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient({ trusted: true }))
  const { url, checks } = await begin(config, { resource })
  const agent = new UserAgent(running.issuer)
  await agent.open(url)
  await agent.submit('/password', { username: 'alice', password })
  const tokens = await oidc.authorizationCodeGrant(config, new URL(agent.page.url), checks)
  assert.equal(jose.decodeJwt(tokens.access_token).aud, resource)
  const statusAt = async (path: string, token: string) =>
    (await fetch(`${running.url}${path}`, { headers: bearer(token) })).status
  assert.deepEqual(
    [await statusAt('/billing/1', tokens.access_token), await statusAt('/', tokens.access_token)],
    [200, 401],
  )
  const { tokens: plain } = await signIn(running, config, { agent })
  assert.deepEqual(
    [await statusAt('/billing/1', plain.access_token), await statusAt('/', plain.access_token)],
    [401, 200],
  )
  const next = await oidc.refreshTokenGrant(config, String(tokens.refresh_token))
  assert.equal(jose.decodeJwt(next.access_token).aud, resource)
})

/** Another identity provider, which lets in whoever is named in `who.now`. */
async function startUpstream(t: TestContext, callback: () => string) {
  const who = { now: 'subject-1' }
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const seen: string[] = []
  const open = () => {
    const provider = new Provider(issuer, {
      clients: [{ client_id: 'gateway', client_secret: 'upstream-secret', redirect_uris: [callback()] }],
      cookies: { keys: ['test'] },
      jwks: { keys: [{ ...jwk, use: 'sig', alg: 'RS256', kid: 'up' }] },
      features: { devInteractions: { enabled: false } },
      claims: { openid: ['sub'], profile: ['preferred_username'] },
      conformIdTokenClaims: false,
      ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
      findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: 'alice' }) }),
      interactions: { url: (_ctx, { uid }) => `/let-in/${uid}` },
    })
    const answer = provider.callback()
    server.on('request', async (req, res) => {
      seen.push(String(req.url))
      if (!req.url?.startsWith('/let-in/')) return answer(req, res)
      const { prompt, params, session } = await provider.interactionDetails(req, res)
      if (prompt.name === 'login') {
        return provider.interactionFinished(req, res, { login: { accountId: who.now } })
      }
      const grant = new provider.Grant({ accountId: String(session?.accountId), clientId: String(params['client_id']) })
      grant.addOIDCScope('openid profile')
      return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
    })
  }
  return { issuer, who, open, seen }
}

const { privateKey } = await jose.generateKeyPair('RS256', { extractable: true })
const jwk = await jose.exportJWK(privateKey)

async function startFederated(t: TestContext, createUsers: boolean) {
  let gateway: WithUsers | undefined
  const upstream = await startUpstream(t, () => `${gateway?.issuer}/oauth/external/callback`)
  process.env['TEST_UPSTREAM_SECRET'] = 'upstream-secret'
  const provider = {
    id: 'corp',
    name: 'Corp',
    issuer: upstream.issuer,
    clientId: 'gateway',
    clientSecret: 'env:TEST_UPSTREAM_SECRET',
    createUsers,
  }
  gateway = await startWithUsers(t, undefined, {}, undefined, { signIn: { providers: [provider] } })
  upstream.open()
  const config = await configOf(gateway, await gateway.addClient({ trusted: true }))
  const enter = async (agent = new UserAgent(gateway?.issuer ?? '', [upstream.issuer])) => {
    const { url, checks } = await begin(config)
    await agent.open(url)
    const link = /href="([^"]*\/external\/corp)"/.exec(agent.page.text)?.[1]
    assert.ok(link, agent.page.text)
    await agent.open(link)
    return { agent, checks }
  }
  return { running: gateway, upstream, config, enter }
}

test('another identity provider: only linked subjects come in, never by name', async t => {
  const { running, upstream, config, enter } = await startFederated(t, false)
  const alice = await running.addUser('alice')
  const stranger = await enter()
  assert.equal(stranger.agent.page.status, 401)
  assert.match(stranger.agent.page.text, /nobody here is subject-1 of Corp/, 'a name of there is no name of here')
  await running.ask('users/link', { user: 'alice', link: { issuer: upstream.issuer, subject: 'subject-1' } })
  const { agent, checks } = await enter()
  const tokens = await oidc.authorizationCodeGrant(config, new URL(agent.page.url), checks)
  const claims = jose.decodeJwt(tokens.access_token)
  assert.deepEqual([claims.sub, claims['acr'], claims['amr']], [alice, '1fa', ['fed']])
  const asked = upstream.seen.find(url => url.startsWith('/auth?')) ?? ''
  assert.match(asked, /code_challenge_method=S256/)
  assert.match(asked, /nonce=/)

  // An answer that belongs to the sign-in of somebody else's browser.
  const victim = new UserAgent(running.issuer, [upstream.issuer])
  await victim.open((await begin(config)).url)
  const attacker = new UserAgent(running.issuer, [upstream.issuer])
  await attacker.open((await begin(config)).url)
  const link = /href="([^"]*\/external\/corp)"/.exec(attacker.page.text)?.[1] ?? ''
  const start = await fetch(new URL(link, running.issuer), {
    redirect: 'manual',
    headers: {
      cookie: `merlon_interaction=${attacker.cookie('merlon_interaction')}; merlon_interaction.sig=${attacker.cookie('merlon_interaction.sig')}`,
    },
  })
  const state = new URL(start.headers.get('location') ?? '').searchParams.get('state')
  await victim.open(`/oauth/external/callback?code=stolen&state=${state}`)
  assert.equal(victim.page.status, 400, victim.page.text)
  await victim.open('/oauth/external/callback?code=x&state=unknown')
  assert.equal(victim.page.status, 400)
  // Disabled here is disabled, whatever they say there.
  await running.ask('users/disable', { user: 'alice' })
  assert.equal((await enter()).agent.page.status, 401)
})

test('another identity provider that makes users: each subject one, with a name that is nobody’s', async t => {
  const { running, upstream, config, enter } = await startFederated(t, true)
  await running.addUser('alice')
  const subs: unknown[] = []
  for (const subject of ['subject-1', 'subject-2', 'subject-1']) {
    upstream.who.now = subject
    const { agent, checks } = await enter()
    const tokens = await oidc.authorizationCodeGrant(config, new URL(agent.page.url), checks)
    subs.push(jose.decodeJwt(tokens.access_token).sub)
  }
  assert.equal(subs[0], subs[2])
  assert.equal(new Set(subs).size, 2)
  const { users } = await running.ask<{ users: { username: string }[] }>('users/list', {})
  const names = users.map(({ username }) => username).sort()
  assert.equal(names[0], 'alice')
  assert.match(names.slice(1).join(' '), /^alice\.[0-9a-f]{8}@corp alice\.[0-9a-f]{8}@corp$/)
})
