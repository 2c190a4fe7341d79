// The pages in a real browser: signing in, consent, an authenticator app, passkeys with and without a password, recovery
// codes, a device. Nothing on them may need what the content security policy forbids.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { generateSync } from 'otplib'
import type { Page } from 'playwright-core'
import { checkAccessible } from './accessible.ts'
import { noBrowser, openPage } from './browser.ts'
import { begin, configOf, password, startWithUsers } from './users-harness.ts'

async function fillPassword(page: Page, username = 'alice'): Promise<void> {
  await page.getByLabel('Name or e-mail address').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

test('in Chromium: sign-in and consent, in light and dark', { skip: noBrowser }, async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const { page, complaints, callback, arrival } = await openPage(t)
  const config = await configOf(running, await running.addClient({ redirectUris: [callback] }))
  const { url, checks } = await begin(config, { redirect_uri: callback })
  await page.goto(url)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await checkAccessible(page)
  }
  await page.getByLabel('Name or e-mail address').fill('alice')
  await page.getByLabel('Password').fill('wrong')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').filter({ hasText: 'Name or password is wrong.' }).waitFor()
  assert.equal(await page.getByLabel('Name or e-mail address').inputValue(), 'alice')
  await checkAccessible(page)
  await fillPassword(page)
  await page.getByRole('heading', { name: 'Allow Shop?' }).waitFor()
  await checkAccessible(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  const tokens = await oidc.authorizationCodeGrant(config, await arrival(), checks)
  assert.equal(jose.decodeJwt(tokens.access_token)['acr'], '1fa')
  assert.deepEqual(complaints, [])
})

test('in Chromium: an app and a passkey are set up, and used', { skip: noBrowser }, async t => {
  // Passkeys are for names, never for addresses.
  const running = await startWithUsers(t, undefined, {}, 'localhost')
  await running.addUser('alice')
  const { page, complaints, addAuthenticator, callback, arrival } = await openPage(t)
  const config = await configOf(running, await running.addClient({ trusted: true, redirectUris: [callback] }))

  // The app.
  await page.goto(`${running.issuer}/oauth/account`)
  await fillPassword(page)
  await page.getByRole('heading', { name: 'Your account' }).waitFor()
  await checkAccessible(page)
  await page.getByRole('button', { name: 'Set up an app' }).click()
  const secret = ((await page.locator('#key').textContent()) ?? '').replaceAll(' ', '')
  await checkAccessible(page)
  await page.getByLabel('Code that the app shows now').fill('000000')
  await page.getByRole('button', { name: 'Use this app' }).click()
  await page.getByRole('alert').filter({ hasText: 'not the code' }).waitFor()
  await page.getByLabel('Code that the app shows now').fill(generateSync({ secret }))
  await page.getByRole('button', { name: 'Use this app' }).click()
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  await checkAccessible(page)
  const codes = await page.locator('.codes code').allTextContents()
  assert.equal(codes.length, 10)
  await page.getByRole('link', { name: 'I have written them down' }).click()

  // A passkey, in the same session: the app was shown a moment ago.
  await addAuthenticator()
  await page.getByLabel('Name of a new passkey').fill('Laptop')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('The passkey is added.').waitFor()
  await checkAccessible(page)

  const signOut = async () => {
    await page.goto(`${running.issuer}/oauth/account`)
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByText('You are signed out here.').waitFor()
  }
  const start = async (params: Record<string, string> = {}) => {
    const { url, checks } = await begin(config, { redirect_uri: callback, ...params })
    await page.goto(url)
    return async () => jose.decodeJwt((await oidc.authorizationCodeGrant(config, await arrival(), checks)).access_token)
  }

  // Without name and password.
  await signOut()
  let finish = await start()
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  let claims = await finish()
  assert.deepEqual([claims['acr'], claims['amr']], ['phr', ['hwk', 'user', 'mfa']])

  // Password and app. The code of the setup counts no second time.
  await signOut()
  finish = await start()
  await fillPassword(page)
  await page.getByRole('heading', { name: 'Prove that it is you' }).waitFor()
  await checkAccessible(page)
  await page.getByLabel('Code of your authenticator app').fill(generateSync({ secret, epoch: Date.now() / 1000 + 30 }))
  await page.getByRole('button', { name: 'Continue' }).first().click()
  claims = await finish()
  assert.deepEqual([claims['acr'], claims['amr']], ['mfa', ['pwd', 'otp', 'mfa']])

  // Stronger, on top of that session: a passkey alone will do.
  finish = await start({ scope: 'openid orders', acr_values: 'phr' })
  assert.equal(await page.getByLabel('Code of your authenticator app').count(), 0, 'a code is not enough')
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await arrival()

  // Password and passkey, and a recovery code.
  await signOut()
  finish = await start()
  await fillPassword(page)
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  assert.equal((await finish())['acr'], 'phr')
  await signOut()
  finish = await start()
  await fillPassword(page)
  await page.getByText('Use a recovery code').click()
  await page.getByLabel('Recovery code').fill(codes[0] ?? '')
  await page.locator('form[action$="/recovery"] button').click()
  assert.deepEqual((await finish())['amr'], ['pwd', 'recovery', 'mfa'])
  assert.deepEqual(complaints, [])
})

test('in Chromium: a device is connected by its code', { skip: noBrowser }, async t => {
  const running = await startWithUsers(t)
  await running.addUser('alice')
  const client = await running.addClient({ name: 'TV', grants: ['device_code', 'refresh_token'], redirectUris: [] })
  const config = await configOf(running, client)
  const { page, complaints } = await openPage(t)
  const device = await oidc.initiateDeviceAuthorization(config, { scope: 'orders' })
  assert.equal(device.verification_uri, `${running.issuer}/oauth/device`)
  const polling = oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 })
  await page.goto(device.verification_uri)
  await checkAccessible(page)
  await page.getByLabel('Code that the device shows').fill('BBBB-BBBB')
  await page.keyboard.press('Enter')
  await page.getByText('There is no such code.').waitFor()
  await page.goto(String(device.verification_uri_complete))
  assert.equal(
    await page.getByLabel('Code that the device shows').inputValue(),
    device.user_code,
    'nothing is sent by itself',
  )
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Is this your device?' }).waitFor()
  await page.getByText(device.user_code, { exact: true }).waitFor()
  await checkAccessible(page)
  await page.getByRole('button', { name: 'It is mine: continue' }).click()
  await fillPassword(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('TV is connected.').waitFor()
  await checkAccessible(page)
  const tokens = await polling
  assert.deepEqual([jose.decodeJwt(tokens.access_token)['acr'], tokens.scope], ['1fa', 'orders'])
  const next = await oidc.refreshTokenGrant(config, String(tokens.refresh_token))
  await assert.rejects(oidc.refreshTokenGrant(config, String(tokens.refresh_token)), { error: 'invalid_grant' })
  await assert.rejects(oidc.refreshTokenGrant(config, String(next.refresh_token)), { error: 'invalid_grant' })
  assert.deepEqual(complaints, [])
})
