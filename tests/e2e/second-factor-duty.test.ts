// Who must have a second factor gets nothing without one: not by a login, not by a session or a refresh token of before,
// not by a device; and sets one up at the next login.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { generateSync } from 'otplib'
import { checkAccessible } from './accessible.ts'
import { noBrowser, openPage } from './browser.ts'
import { UserAgent } from './user-agent.ts'
import { begin, configOf, password, redirectUri, signIn, startWithUsers } from './users-harness.ts'

const duty = (requireSecondFactor: unknown) => ({ signIn: { requireSecondFactor } })
const secretOf = (text: string) => (/id="key">([^<]+)</.exec(text)?.[1] ?? '').replaceAll(' ', '')
const later = (secret: string) => generateSync({ secret, epoch: Date.now() / 1000 + 30 })
const heading = /<h1>Set up a second factor<\/h1>/

test('a role that demands it: no code before an app is set up, and a token that says so', async t => {
  const running = await startWithUsers(t, undefined, {}, undefined, duty(['admin']))
  await running.addUser('alice', { roles: ['admin'] })
  await running.addUser('bob', { roles: ['editor'] })
  const config = await configOf(running, await running.addClient({ trusted: true }))
  const { tokens: plain } = await signIn(running, config, { username: 'bob' })
  assert.equal(jose.decodeJwt(plain.access_token)['acr'], '1fa', 'another role goes on as before')

  const agent = new UserAgent(running.issuer)
  const { url, checks } = await begin(config)
  await agent.open(url)
  await agent.submit('/password', { username: 'alice', password })
  assert.match(agent.page.text, heading)
  const place = agent.page.url
  // Round about: the page itself, the request anew, steps that are not due.
  for (const next of [place, url]) {
    await agent.open(next)
    assert.ok(agent.page.url.startsWith(running.issuer), 'nothing is given')
  }
  await agent.submit('/password', { username: 'alice', password })
  for (const action of ['continue', 'recovery', 'code']) {
    const { action: app, hidden } = agent.form('/app')
    await agent.open(app.replace(/\/app$/, `/${action}`), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: running.issuer },
      body: new URLSearchParams({ ...hidden, code: '123456', recovery: 'x' }).toString(),
    })
    assert.match(agent.page.text, heading, action)
  }

  await agent.submit('/app')
  const secret = secretOf(agent.page.text)
  assert.match(agent.page.text, /<svg [^>]*role="img"/)
  await agent.submit('/appcode', { code: '000000' })
  assert.equal(agent.page.status, 400)
  assert.equal(secretOf(agent.page.text), secret)
  await agent.submit('/appcode', { code: generateSync({ secret }) })
  assert.equal([...agent.page.text.matchAll(/<li><code>/g)].length, 10, 'recovery codes')
  // Closed without a look, and opened again.
  const { action } = agent.form('/continue')
  await agent.open(action.replace(/\/continue$/, ''))
  assert.match(agent.page.text, /second factor is set up/)
  await agent.submit('/continue')
  assert.ok(agent.page.url.startsWith(redirectUri), agent.page.text)
  const again = await begin(config)
  const back = new URL(agent.page.url)
  // The request was made anew on the way, with the same state and challenge.
  const tokens = await oidc.authorizationCodeGrant(config, back, checks)
  const claims = jose.decodeJwt(tokens.access_token)
  assert.deepEqual([claims['acr'], claims['amr']], ['mfa', ['pwd', 'otp', 'mfa']])
  await agent.open(again.url)
  assert.ok(agent.page.url.startsWith(redirectUri), 'and is signed in')

  const next = new UserAgent(running.issuer)
  await next.open((await begin(config)).url)
  await next.submit('/password', { username: 'alice', password })
  assert.match(next.page.text, /<h1>Prove that it is you<\/h1>/, 'it is asked for from now on')

  // The last one stays.
  await agent.open('/oauth/account')
  await agent.submit('/unapp')
  assert.equal(agent.page.status, 400)
  assert.match(agent.page.text, /must have a second factor: set up another/)
})

test('sessions, codes, refresh tokens and devices of before the duty give nothing more', async t => {
  const running = await startWithUsers(t)
  const userId = await running.addUser('alice')
  const client = await running.addClient({ trusted: true })
  const config = await configOf(running, client)
  const { agent, tokens } = await signIn(running, config)
  const early = await begin(config)
  await agent.open(early.url)
  const code = new URL(agent.page.url)
  const tv = await running.addClient({ name: 'TV', grants: ['device_code', 'refresh_token'], redirectUris: [] })
  const device = await oidc.initiateDeviceAuthorization(await configOf(running, tv), { scope: 'orders' })

  const signInSections = { accounts: { oauth: { issuer: running.issuer, ...duty('all') } } }
  assert.deepEqual(await running.gateway.reload(running.config(signInSections)), { ok: true })

  await assert.rejects(oidc.refreshTokenGrant(config, String(tokens.refresh_token)), { error: 'invalid_grant' })
  await assert.rejects(oidc.authorizationCodeGrant(config, code, early.checks), { error: 'invalid_grant' })
  await agent.open((await begin(config, { prompt: 'none', scope: 'openid orders' })).url)
  assert.equal(new URL(agent.page.url).searchParams.get('error'), 'login_required')
  // A session that was opened long ago is no proof that it is they who set something up.
  await agent.open((await begin(config)).url)
  assert.match(agent.page.text, /Say once more that it is you/)
  await agent.submit('/password', { username: 'alice', password })
  assert.match(agent.page.text, heading)

  const other = new UserAgent(running.issuer)
  await other.open('/oauth/device')
  await other.submit('/oauth/device', { user_code: device.user_code })
  await other.submit('/oauth/device', { confirm: 'yes', user_code: device.user_code })
  await other.submit('/password', { username: 'alice', password })
  assert.match(other.page.text, heading)
  await other.submit('/app')
  const second = secretOf(other.page.text)

  // Both sign-ins know the password alone. Who is first decides, and the other is asked for it.
  await agent.submit('/app')
  const secret = secretOf(agent.page.text)
  await agent.submit('/appcode', { code: generateSync({ secret }) })
  assert.match(agent.page.text, /recovery codes/)
  await other.submit('/appcode', { code: generateSync({ secret: second }) })
  assert.match(other.page.text, /<h1>Prove that it is you<\/h1>/)
  await other.submit('/code', { code: generateSync({ secret: second }) })
  assert.equal(other.page.status, 401)
  await other.submit('/code', { code: later(secret) })
  await other.submit('/consent')
  assert.match(other.page.text, /TV is connected/)
  const given = await oidc.pollDeviceAuthorizationGrant(await configOf(running, tv), { ...device, interval: 1 })
  assert.deepEqual([jose.decodeJwt(given.access_token)['acr'], jose.decodeJwt(given.access_token).sub], ['mfa', userId])

  // What an operator takes away is set up anew.
  await running.ask('users/reset-mfa', { user: 'alice' })
  const fresh = new UserAgent(running.issuer)
  await fresh.open((await begin(config)).url)
  await fresh.submit('/password', { username: 'alice', password })
  assert.match(fresh.page.text, heading)
})

test('in Chromium: a passkey or an app is set up on the way, by keyboard, and looks right', {
  skip: noBrowser,
}, async t => {
  const running = await startWithUsers(t, undefined, {}, 'localhost', duty('all'))
  await running.addUser('alice')
  await running.addUser('bob')
  const { page, complaints, addAuthenticator, callback, arrival } = await openPage(t)
  const config = await configOf(running, await running.addClient({ trusted: true, redirectUris: [callback] }))
  const enter = async (username: string) => {
    const { url, checks } = await begin(config, { redirect_uri: callback })
    await page.goto(url)
    await page.getByLabel('Name or e-mail address').fill(username)
    await page.getByLabel('Password').fill(password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Set up a second factor' }).waitFor()
    return async () => jose.decodeJwt((await oidc.authorizationCodeGrant(config, await arrival(), checks)).access_token)
  }
  await addAuthenticator()

  let finish = await enter('alice')
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await checkAccessible(page)
  }
  await page.getByLabel('Name of a new passkey').fill('Laptop')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  await checkAccessible(page)
  await page.getByRole('button', { name: 'I have written them down' }).click()
  let claims = await finish()
  assert.deepEqual([claims['acr'], claims['amr']], ['phr', ['pwd', 'hwk', 'user', 'mfa']])
  await page.goto(`${running.issuer}/oauth/account`)
  await page.getByRole('button', { name: 'Remove Laptop' }).click()
  await page.getByRole('alert').filter({ hasText: 'set up another before' }).waitFor()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()

  finish = await enter('bob')
  await page.getByRole('button', { name: 'Set up an app' }).click()
  const picture = page.getByRole('img', { name: 'QR code' })
  await picture.waitFor()
  const box = await picture.boundingBox()
  assert.ok(box && box.width > 150 && box.width === box.height, JSON.stringify(box))
  await checkAccessible(page)
  const secret = ((await page.locator('#key').textContent()) ?? '').replaceAll(' ', '')
  await page.getByLabel('Code that the app shows now').fill(generateSync({ secret }))
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'I have written them down' }).click()
  claims = await finish()
  assert.deepEqual([claims['acr'], claims['amr']], ['mfa', ['pwd', 'otp', 'mfa']])
  assert.deepEqual(complaints, [])
})
