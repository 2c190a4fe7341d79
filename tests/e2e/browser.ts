// For tests: pages in Chromium, with an authenticator that lives in the browser. Where there is no Chromium the tests
// say so and are skipped.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { chromium, type Page } from 'playwright-core'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

export const noBrowser = executablePath === undefined && 'there is no Chromium: apt-get install chromium'

export interface OpenPage {
  readonly page: Page
  /** What the browser held against the pages: errors of scripts, and of the content security policy. */
  readonly complaints: readonly string[]
  /** Makes an authenticator that checks who holds it and keeps passkeys. */
  addAuthenticator(): Promise<void>
  /** Where the client gets users back. */
  readonly callback: string
  /** Waits until the browser is sent back, and gives where to. */
  arrival(): Promise<URL>
}

/** A page in a browser, and a client that users are sent back to (`callback`). */
export async function openPage(t: TestContext): Promise<OpenPage> {
  assert.ok(executablePath)
  const arrived: string[] = []
  const client = createServer((req, res) => {
    if (req.url?.startsWith('/callback')) arrived.push(req.url)
    res.writeHead(200, { 'content-type': 'text/html' }).end('<title>client</title><link rel="icon" href="data:,">')
  })
  await new Promise<void>(resolve => client.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(client.address() as AddressInfo).port}`
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], timeout: 120_000 })
  t.after(async () => {
    await browser.close()
    client.close()
  })
  const context = await browser.newContext()
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  page.on('console', message => {
    // A page that is answered with 401 is one that we asked for.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      complaints.push(message.text())
  })
  return {
    page,
    complaints,
    callback: `${origin}/callback`,
    addAuthenticator: async () => {
      const session = await context.newCDPSession(page)
      await session.send('WebAuthn.enable')
      await session.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          transport: 'internal',
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      })
    },
    arrival: async () => {
      await page.waitForURL(url => url.origin === origin)
      const url = arrived.pop()
      assert.ok(url, 'the client was reached')
      return new URL(url, origin)
    },
  }
}
