// Signing out at the wish of a client, and the userinfo endpoint, with a client library of others.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { freePort } from '../../src/lib/free-port.test-helper.ts'
import { checkAccessible } from './accessible.ts'
import { noBrowser, openPage } from './browser.ts'
import { bearer, call, createClient, tokenOf } from './identity-harness.ts'
import { UserAgent } from './user-agent.ts'
import { begin, configOf, password, redirectUri, signIn, startWithUsers } from './users-harness.ts'

const logoutUri = 'http://127.0.0.1:4999/bye'

test('userinfo tells what the user allowed, to who shows a good token alone', async t => {
  const partner = await jose.generateKeyPair('ES256', { extractable: true })
  const folder = mkdtempSync(join(tmpdir(), 'merlon-partner-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const jwks = join(folder, 'keys.json')
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await jose.exportJWK(partner.publicKey)), kid: 'p' }] }))
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const issuers = [{ issuer: 'https://partner.test', jwks, audience: [issuer] }]
  const running = await startWithUsers(t, undefined, {
    listen: [{ http: `127.0.0.1:${port}` }],
    accounts: { oauth: { issuer }, issuers },
  }).then(started => ({ ...started, issuer }))
  const userId = await running.addUser('alice', { email: 'alice@example.com' })
  const config = await configOf(running, await running.addClient())
  const endpoint = config.serverMetadata().userinfo_endpoint ?? ''
  assert.equal(endpoint, `${running.issuer}/oauth/userinfo`)
  const status = async (headers: Record<string, string>, init: RequestInit = {}) =>
    (await fetch(endpoint, { ...init, headers })).status

  const { tokens } = await signIn(running, config, { params: { scope: 'openid email orders' } })
  const told = { sub: userId, email: 'alice@example.com' }
  assert.deepEqual(await oidc.fetchUserInfo(config, tokens.access_token, userId), told)
  assert.equal(await status(bearer(tokens.access_token), { method: 'POST' }), 200)
  assert.equal(await status({}), 401)
  assert.equal(await status(bearer('nonsense')), 401)
  const forged = Buffer.from(JSON.stringify({ kind: 'user', id: userId, clientId: 'x' })).toString('base64url')
  assert.equal(await status({ 'merlon-principal': forged }), 401, 'nobody says themselves who they are')
  const machine = await tokenOf(running, await createClient(running))
  assert.equal(await status(bearer(machine)), 403)

  // A partner whose tokens count may call its users as it likes.
  const { grant_id: grantId, client_id: clientId } = jose.decodeJwt(tokens.access_token)
  const theirs = await new jose.SignJWT({ sub: userId, client_id: clientId, grant_id: grantId })
    .setProtectedHeader({ alg: 'ES256', kid: 'p' })
    .setIssuer('https://partner.test')
    .setAudience(issuer)
    .setExpirationTime('5m')
    .sign(partner.privateKey)
  assert.equal((await call(running, bearer(theirs))).status, 200)
  assert.equal(await status(bearer(theirs)), 401)

  const plain = await configOf(running, await running.addClient())
  const { tokens: without } = await signIn(running, plain)
  const refused = await fetch(endpoint, { headers: bearer(without.access_token) })
  assert.equal(refused.status, 403)
  assert.match(String(refused.headers.get('www-authenticate')), /error="insufficient_scope", scope="openid"/)

  // From a page of the client, and of nobody else.
  const origin = new URL(redirectUri).origin
  for (const [from, want] of [
    [origin, origin],
    ['https://evil.example', null],
  ] as const) {
    const answer = await fetch(endpoint, { headers: { ...bearer(tokens.access_token), origin: from } })
    assert.equal(answer.headers.get('access-control-allow-origin'), want)
  }
  const asked = await fetch(endpoint, { method: 'OPTIONS', headers: { origin } })
  assert.deepEqual([asked.status, asked.headers.get('access-control-allow-headers')], [204, 'authorization, dpop'])
  assert.equal(await status({}, { method: 'DELETE' }), 405)

  const bound = await configOf(running, await running.addClient({ bound: 'dpop', trusted: true }))
  const DPoP = oidc.getDPoPHandle(bound, await oidc.randomDPoPKeyPair())
  const agent = new UserAgent(running.issuer)
  const { url, checks } = await begin(bound, { scope: 'openid profile orders' })
  await agent.open(url)
  await agent.submit('/password', { username: 'alice', password })
  const proven = await oidc.authorizationCodeGrant(bound, new URL(agent.page.url), checks, undefined, { DPoP })
  const info = await oidc.fetchUserInfo(bound, proven.access_token, userId, { DPoP })
  assert.deepEqual(info, { sub: userId, preferred_username: 'alice' })
  assert.equal(await status(bearer(proven.access_token)), 401, 'whoever has stolen it learns nothing')

  await oidc.tokenRevocation(config, tokens.access_token)
  assert.equal(await status(bearer(tokens.access_token)), 401)
})

test('signing out ends the session and what hangs from it, after the user said so', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient({ trusted: true, logoutUris: [logoutUri] }))
  const lasting = await configOf(running, await running.addClient())
  const scope = 'openid orders'
  const { agent, tokens } = await signIn(running, config, { params: { scope } })
  const { tokens: kept } = await signIn(running, lasting, {
    agent,
    params: { scope: `${scope} offline_access`, prompt: 'consent' },
  })
  const leave = (params: Record<string, string> = {}) =>
    oidc.buildEndSessionUrl(config, {
      post_logout_redirect_uri: logoutUri,
      state: 'x y',
      id_token_hint: String(tokens.id_token),
      ...params,
    }).href
  assert.ok(leave().startsWith(`${running.issuer}/oauth/logout?`))

  await agent.open(leave({ post_logout_redirect_uri: 'http://127.0.0.1:4999/elsewhere' }))
  assert.equal(agent.page.status, 400)
  assert.ok(agent.page.url.startsWith(running.issuer), 'nobody is sent anywhere')
  await agent.open(leave())
  assert.match(agent.page.text, /<h1>Sign out\?<\/h1>[\s\S]*Shop[\s\S]*alice/)
  assert.equal((await call(running, bearer(tokens.access_token))).status, 200, 'a link alone does nothing')
  const { action, hidden } = agent.form('/confirm')
  await agent.open(action, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...hidden, xsrf: 'wrong', logout: 'yes' }).toString(),
  })
  assert.equal(agent.page.status, 400)
  await agent.open(leave())
  await agent.submit('/confirm', { logout: 'yes' })
  assert.equal(agent.page.url, `${logoutUri}?state=x+y`)

  assert.equal((await call(running, bearer(tokens.access_token))).status, 401)
  await assert.rejects(oidc.refreshTokenGrant(config, String(tokens.refresh_token)), { error: 'invalid_grant' })
  const again = await oidc.refreshTokenGrant(lasting, String(kept.refresh_token))
  assert.equal((await call(running, bearer(again.access_token))).status, 200, 'what was allowed to go on goes on')
  await agent.open((await begin(config)).url)
  assert.ok(agent.page.text.includes('id="password"'), 'signs in anew')

  // Who is not signed in is sent back at once, to an address that is known alone.
  const stranger = new UserAgent(running.issuer)
  await stranger.open(leave())
  assert.equal(stranger.page.url, `${logoutUri}?state=x+y`)
  await stranger.open('/oauth/logout')
  assert.match(stranger.page.text, /<h1>Signed out<\/h1>/)
  await stranger.open('/oauth/logout?post_logout_redirect_uri=http://127.0.0.1:4999/bye')
  assert.match(stranger.page.text, /<h1>Signed out<\/h1>/)
})

test('an operator and the user themselves end all sessions at once', async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const config = await configOf(running, await running.addClient({ trusted: true }))
  const ends = {
    operator: async () => {
      await running.ask('users/sign-out', { user: 'alice' })
    },
    user: async () => {
      const agent = new UserAgent(running.issuer)
      await agent.open('/oauth/account')
      await agent.submit('/password', { username: 'alice', password })
      await agent.submit('/leaveall')
      assert.match(agent.page.text, /You are signed out everywhere/)
      await agent.open('/oauth/account')
      assert.ok(agent.page.text.includes('id="password"'))
    },
  }
  for (const [who, end] of Object.entries(ends)) {
    const { agent, tokens } = await signIn(running, config, { params: { scope: 'openid orders offline_access' } })
    assert.equal((await call(running, bearer(tokens.access_token))).status, 200)
    await end()
    assert.equal((await call(running, bearer(tokens.access_token))).status, 401, who)
    await assert.rejects(oidc.refreshTokenGrant(config, String(tokens.refresh_token)), { error: 'invalid_grant' })
    await agent.open((await begin(config)).url)
    assert.ok(agent.page.text.includes('id="password"'), who)
  }
})

test('in Chromium: signing out, and back at the client', { skip: noBrowser }, async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const { page, complaints, callback, arrival } = await openPage(t)
  const client = await running.addClient({ trusted: true, redirectUris: [callback], logoutUris: [`${callback}/bye`] })
  const config = await configOf(running, client)
  const { url, checks } = await begin(config, { redirect_uri: callback, scope: 'openid orders' })
  await page.goto(url)
  await page.getByLabel('Name or e-mail address').fill('alice')
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  const tokens = await oidc.authorizationCodeGrant(config, await arrival(), checks)
  const end = oidc.buildEndSessionUrl(config, {
    post_logout_redirect_uri: `${callback}/bye`,
    id_token_hint: String(tokens.id_token),
  })
  await page.goto(end.href)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await checkAccessible(page)
  }
  await page.getByRole('button', { name: 'Sign out' }).click()
  assert.equal((await arrival()).pathname, '/callback/bye')
  await page.goto(`${running.issuer}/oauth/logout`)
  await page.getByText('You are signed out.').waitFor()
  await checkAccessible(page)
  assert.deepEqual(complaints, [])
})
