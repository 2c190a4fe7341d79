// Users sign in to clients, end to end, with a client library of others: authorization code with PKCE, refresh tokens,
// device codes, and every way in which they must be refused.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { bearer, call } from './identity-harness.ts'
import { UserAgent } from './user-agent.ts'
import { begin, configOf, password, redirectUri, signIn, startWithUsers } from './users-harness.ts'

test('authorization code with PKCE: sign-in, consent, tokens that say who it is, introspection, revocation', async t => {
  const running = await startWithUsers(t, { require: ['oauth2'], scopes: ['orders'] })
  const userId = await running.addUser('alice', { email: 'alice@example.com', roles: ['editor'], groups: ['staff'] })
  const client = await running.addClient({ auth: { method: 'client_secret' } })
  const config = await configOf(running, client)
  const metadata = config.serverMetadata()
  assert.deepEqual(metadata['code_challenge_methods_supported'], ['S256'])
  assert.deepEqual(metadata['response_types_supported'], ['code'])
  assert.equal(metadata['registration_endpoint'], undefined)
  assert.equal(metadata.issuer, running.issuer)

  const params = { scope: 'openid email profile orders' }
  const { agent, tokens } = await signIn(running, config, { params })
  const claims = tokens.claims()
  assert.deepEqual(
    [claims?.sub, claims?.['email'], claims?.['preferred_username']],
    [userId, 'alice@example.com', 'alice'],
  )
  const access = jose.decodeJwt(tokens.access_token)
  assert.equal(jose.decodeProtectedHeader(tokens.access_token).typ, 'at+jwt')
  const { sub, roles, groups, acr, amr, aud, client_id: clientId, scope } = access
  assert.deepEqual(
    { sub, roles, groups, acr, amr, aud, clientId, scope },
    {
      sub: userId,
      roles: ['editor'],
      groups: ['staff'],
      acr: '1fa',
      amr: ['pwd'],
      aud: running.issuer,
      clientId: client.clientId,
      scope: 'orders',
    },
  )
  assert.ok(Math.abs(Number(access['auth_time']) - Date.now() / 1000) < 10)
  assert.equal((await call(running, bearer(tokens.access_token))).status, 200)
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, true)
  await oidc.tokenRevocation(config, tokens.access_token)
  assert.equal((await call(running, bearer(tokens.access_token))).status, 401)

  // Signed in and asked before: straight back.
  const again = await begin(config, params)
  await agent.open(again.url)
  assert.ok(agent.page.url.startsWith(redirectUri), agent.page.text)
  // prompt=none for somebody who is not signed in.
  const stranger = new UserAgent(running.issuer)
  await stranger.open((await begin(config, { ...params, prompt: 'none' })).url)
  assert.equal(new URL(stranger.page.url).searchParams.get('error'), 'login_required')
})

test('a wrong verifier, a replayed code, another client: refused, and the tokens of the code are void', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient())
  const other = await configOf(running, await running.addClient())

  const first = await begin(config)
  const agent = new UserAgent(running.issuer)
  await agent.open(first.url)
  await agent.submit('/password', { username: 'alice', password })
  await agent.submit('/consent')
  const back = new URL(agent.page.url)
  const wrong = { ...first.checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }
  await assert.rejects(oidc.authorizationCodeGrant(config, back, wrong), { error: 'invalid_grant' })
  await assert.rejects(oidc.authorizationCodeGrant(other, back, first.checks), { error: 'invalid_grant' })
  const tokens = await oidc.authorizationCodeGrant(config, back, first.checks)
  assert.equal((await call(running, bearer(tokens.access_token))).status, 200)
  await assert.rejects(oidc.authorizationCodeGrant(config, back, first.checks), { error: 'invalid_grant' })
  assert.equal((await call(running, bearer(tokens.access_token))).status, 401, 'a code that comes twice was stolen')
  await assert.rejects(oidc.refreshTokenGrant(config, String(tokens.refresh_token)), { error: 'invalid_grant' })

  // Two at once: not both.
  const second = await begin(config)
  await agent.open(second.url)
  if (agent.page.text.includes('/consent')) await agent.submit('/consent')
  const url = new URL(agent.page.url)
  const both = await Promise.allSettled([1, 2].map(() => oidc.authorizationCodeGrant(config, url, second.checks)))
  assert.ok(both.filter(({ status }) => status === 'fulfilled').length <= 1)

  for (const [params, error] of [
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ scope: 'admin' }, 'invalid_scope'],
    [{ resource: 'https://elsewhere.example' }, 'invalid_target'],
  ] as const) {
    const { url } = await begin(config, params)
    await agent.open(url)
    const { searchParams, hash } = new URL(agent.page.url)
    assert.equal(searchParams.get('error') ?? new URLSearchParams(hash.slice(1)).get('error'), error)
  }
  for (const params of [{ redirect_uri: 'http://127.0.0.1:4999/callback/' }, { client_id: 'mc_unknown' }]) {
    await agent.open((await begin(config, params)).url)
    assert.equal(agent.page.status, 400)
    assert.ok(agent.page.url.startsWith(running.issuer), 'nobody is sent anywhere')
    assert.match(agent.page.text, /<h1>That did not work<\/h1>/)
  }
})

test('refresh tokens rotate; one that comes back kills the family, access tokens too', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient())
  const { tokens: first } = await signIn(running, config)
  const second = await oidc.refreshTokenGrant(config, String(first.refresh_token))
  assert.notEqual(second.refresh_token, first.refresh_token)
  const third = await oidc.refreshTokenGrant(config, String(second.refresh_token), { scope: 'orders' })
  assert.equal(jose.decodeJwt(third.access_token)['acr'], '1fa', 'who it was is known for all of them')
  assert.equal((await call(running, bearer(third.access_token))).status, 200)
  await assert.rejects(oidc.refreshTokenGrant(config, String(first.refresh_token)), { error: 'invalid_grant' })
  await assert.rejects(oidc.refreshTokenGrant(config, String(third.refresh_token)), { error: 'invalid_grant' })
  for (const { access_token } of [first, second, third]) {
    assert.equal((await call(running, bearer(access_token))).status, 401)
  }

  const reused = await running.events(1, { guard: 'accounts' })
  assert.equal(JSON.parse(reused[0]?.json ?? '').merlon.code, 'accounts.token-reuse')
  assert.equal(reused[0]?.clientIp, '127.0.0.1')

  const { tokens } = await signIn(running, config)
  const uses = [1, 2, 3, 4].map(() => oidc.refreshTokenGrant(config, String(tokens.refresh_token)))
  const results = await Promise.allSettled(uses)
  const good = results.flatMap(it => (it.status === 'fulfilled' ? [it.value] : []))
  assert.ok(good.length <= 1, 'of many at once one at the most')
  for (const { refresh_token, access_token } of good) {
    await assert.rejects(oidc.refreshTokenGrant(config, String(refresh_token)), { error: 'invalid_grant' })
    assert.equal((await call(running, bearer(access_token))).status, 401)
  }
})

test('disabled, deleted, another password, other roles: what they have open ends at once', async t => {
  const running = await startWithUsers(t)
  const config = await configOf(running, await running.addClient())
  const user = 'alice'
  for (const [operation, back] of [
    ['users/disable', 'users/enable'],
    ['users/set-password', undefined],
    ['users/delete', undefined],
  ] as const) {
    if (operation === 'users/disable') await running.addUser(user)
    const { agent, tokens } = await signIn(running, config)
    assert.equal((await call(running, bearer(tokens.access_token))).status, 200)
    await running.ask(operation, { user, ...(operation === 'users/set-password' && { password }) })
    assert.equal((await call(running, bearer(tokens.access_token))).status, 401, operation)
    await assert.rejects(oidc.refreshTokenGrant(config, String(tokens.refresh_token)), { error: 'invalid_grant' })
    await agent.open((await begin(config)).url)
    assert.match(agent.page.text, /id="password"/, 'the session is over')
    await agent.submit('/password', { username: user, password })
    assert.equal(agent.page.status, operation === 'users/set-password' ? 200 : 401, operation)
    if (back) {
      await running.ask(back, { user })
      await running.ask('users/delete', { user })
      await running.addUser(user)
    }
  }
  await running.addUser('bob', { roles: ['admin'] })
  const { tokens } = await signIn(running, config, { username: 'bob' })
  await running.ask('users/change', { user: 'bob', roles: [] })
  assert.equal((await call(running, bearer(tokens.access_token))).status, 401, 'it says roles that bob has no more')
  await new Promise(resolve => setTimeout(resolve, 1000))
  const fresh = await oidc.refreshTokenGrant(config, String(tokens.refresh_token))
  assert.deepEqual(jose.decodeJwt(fresh.access_token)['roles'], [])
  assert.equal((await call(running, bearer(fresh.access_token))).status, 200)
})

test('forms: sent from elsewhere, without their proof, or of another sign-in, they do nothing', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient())
  const agent = new UserAgent(running.issuer)
  await agent.open((await begin(config)).url)
  const { page } = agent
  assert.equal(
    page.headers.get('content-security-policy'),
    "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self' http://127.0.0.1:4999; base-uri 'none'; frame-ancestors 'none'",
  )
  assert.ok(!/\son\w+=|style=|<style|<script>/.test(page.text), 'nothing inline')
  const fields = { username: 'alice', password }
  for (const [change, headers] of [
    [{}, { origin: 'https://evil.example' }],
    [{}, { 'sec-fetch-site': 'cross-site' }],
    [{ csrf: 'x' }, {}],
    [{ csrf: '' }, {}],
  ] as const) {
    agent.page = page
    await agent.submit('/password', { ...fields, ...change }, headers)
    assert.equal(agent.page.status, 400)
    assert.match(agent.page.text, /out of date/)
  }
  agent.page = page
  const other = new UserAgent(running.issuer)
  other.page = page
  await other.submit('/password', fields)
  assert.equal(other.page.status, 400, 'the cookie of the sign-in is missing')
  await agent.submit('/password', { username: '<img src=x>"&', password: 'wrong' })
  assert.equal(agent.page.status, 401)
  assert.match(agent.page.text, /value="&lt;img src=x&gt;&quot;&amp;"/)
  await agent.submit('/abort')
  assert.equal(new URL(agent.page.url).searchParams.get('error'), 'access_denied')
})

test('guessing: the sixth try waits, the owner on a known device does not', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient())
  const { agent: owner } = await signIn(running, config)
  const guesser = new UserAgent(running.issuer)
  await guesser.open((await begin(config)).url)
  for (let i = 0; i < 5; i++) {
    await guesser.submit('/password', { username: 'alice', password: `guess-${i}` })
    assert.equal(guesser.page.status, 401)
  }
  await guesser.submit('/password', { username: 'alice', password })
  assert.equal(guesser.page.status, 429, 'the right password waits too')
  assert.equal(guesser.page.headers.get('retry-after'), '1')
  const known = await begin(config, { prompt: 'login' })
  await owner.open(known.url)
  await owner.submit('/password', { password })
  assert.ok(owner.page.url.startsWith(redirectUri), owner.page.text)
  await guesser.submit('/password', { username: 'nobody', password })
  assert.equal(guesser.page.status, 401, 'a name that belongs to nobody looks like any other')
  const events = (await running.events(7, { guard: 'accounts' })).map(({ json }) => JSON.parse(json))
  assert.deepEqual(
    events.map(({ merlon, user }) => [merlon.code, user?.id !== undefined]),
    [
      ...Array.from({ length: 5 }, () => ['accounts.sign-in-failed', true]),
      ['accounts.sign-in-slowed', true],
      ['accounts.sign-in-failed', false],
    ],
  )
  assert.ok(!JSON.stringify(events).includes('guess-'), 'no password is written down')
  await running.ask('users/unlock', { user: 'alice' })
  await guesser.submit('/password', { username: 'alice', password })
  assert.match(guesser.page.text, /Allow Shop\?/)
})

test('a trusted client is not asked about; another account can be chosen; a stranger’s consent is no one else’s', async t => {
  const running = await startWithUsers(t)
  const alice = await running.addUser('alice')
  const bob = await running.addUser('bob')
  const own = await configOf(running, await running.addClient({ trusted: true }))
  const { agent, tokens } = await signIn(running, own)
  assert.equal(jose.decodeJwt(tokens.access_token).sub, alice)
  const { url, checks } = await begin(own, { prompt: 'login' })
  await agent.open(url)
  assert.match(agent.page.text, /Signed in as <strong>alice/)
  await agent.submit('/password', { username: 'bob', password })
  assert.equal(agent.page.status, 401, 'who signs in again is who was signed in')
  await agent.submit('/other')
  await agent.submit('/password', { username: 'bob', password })
  const { access_token } = await oidc.authorizationCodeGrant(own, new URL(agent.page.url), checks)
  assert.equal(jose.decodeJwt(access_token).sub, bob)
})

test('behind https: cookies are Secure and of this host alone; title and theme are the operator’s', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-theme-'))
  t.after(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'theme.css'), ':root { --accent: #7a1fa2 }')
  const issuer = 'https://login.example.test'
  const signIn = { title: 'Example <Inc>', theme: join(dir, 'theme.css') }
  const running = await startWithUsers(t, undefined, { accounts: { oauth: { issuer, signIn } } })
  await running.addUser('alice')
  const agent = new UserAgent(issuer, [], running.url)
  await agent.open('/oauth/account')
  assert.match(agent.page.text, /<title>Sign in · Example &lt;Inc&gt;<\/title>/)
  assert.match(agent.page.text, /href="\/oauth\/assets\/theme.css"/)
  await agent.submit('/password', { username: 'alice', password })
  assert.match(agent.page.text, /Your account/)
  await agent.submit('/leave')
  assert.match(agent.page.text, /signed out here/)
  for (const line of agent.setCookies) assert.match(line, /^__(Host|Secure)-merlon_.*; secure/i, line)
  const session = agent.setCookies.filter(line => line.startsWith('__Host-merlon_session='))
  assert.ok(session.length > 0 && session.every(line => /; path=\/;/.test(line) && !/domain=/i.test(line)))
  const theme = await fetch(`${running.url}/oauth/assets/theme.css`)
  assert.deepEqual(
    [theme.headers.get('content-type'), await theme.text()],
    ['text/css; charset=utf-8', ':root { --accent: #7a1fa2 }'],
  )
  assert.equal((await fetch(`${running.url}/oauth/assets/../assets/x`)).status, 404)
})
