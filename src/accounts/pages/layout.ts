// What all pages have in common: their frame, and the headers that keep others from framing, feeding or reading them.

import { readFileSync, statSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { Html, html } from './html.ts'

export interface Look {
  /** Whose pages these are, for people. */
  readonly title: string
  /** A style sheet of the operator, after ours. */
  readonly theme: string | undefined
}

export const defaultLook: Look = { title: 'Merlon', theme: undefined }

const themeBytesMax = 64 * 1024

/** @throws Error when the theme can't be read */
export function readLook(title: string, themeFile: string | undefined): Look {
  if (themeFile === undefined) return { title, theme: undefined }
  if (statSync(themeFile).size > themeBytesMax)
    throw new Error(`${themeFile}: a theme has ${themeBytesMax} bytes at most`)
  return { title, theme: readFileSync(themeFile, 'utf8') }
}

export interface Page {
  readonly heading: string
  readonly body: Html
  readonly status?: number
  /** Where forms of the page may lead besides here: browsers hold redirects to it too. */
  readonly formTargets?: readonly string[]
  readonly retryAfterS?: number
}

export const assetsPath = '/oauth/assets'

export function render({ heading, body }: Page, look: Look): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${heading} · ${look.title}</title>
<link rel="stylesheet" href="${assetsPath}/style.css">
${look.theme !== undefined && html`<link rel="stylesheet" href="${assetsPath}/theme.css">`}
<script src="${assetsPath}/passkey.js" defer></script>
</head>
<body>
<main>
<p class="site">${look.title}</p>
<h1>${heading}</h1>
${body}
</main>
</body>
</html>
`.text
}

export function pageHeaders({ formTargets = [], retryAfterS }: Pick<Page, 'formTargets' | 'retryAfterS'>) {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    `form-action ${["'self'", ...new Set(formTargets)].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // Without any, browsers would not say either where a form of ours came from.
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
    'cache-control': 'no-store',
    ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }),
  }
}

export function sendPage(res: ServerResponse, page: Page, look: Look): void {
  const text = render(page, look)
  res.writeHead(page.status ?? 200, { ...pageHeaders(page), 'content-length': Buffer.byteLength(text) })
  res.end(text)
}

export function sendAsset(res: ServerResponse, type: string, text: string): void {
  res.writeHead(200, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'public, max-age=300',
    'x-content-type-options': 'nosniff',
  })
  res.end(text)
}

/** 303: what follows is a GET, whatever this was. */
export function redirect(res: ServerResponse, location: string): void {
  res.writeHead(303, { location, 'content-length': 0, 'cache-control': 'no-store' })
  res.end()
}

/** Where a form may lead when a client's redirect comes of it: its origin, or its scheme when it is an app. */
export function formTarget(redirectUri: unknown): readonly string[] {
  const url = typeof redirectUri === 'string' ? URL.parse(redirectUri) : null
  if (!url) return []
  return [url.origin === 'null' ? url.protocol : url.origin]
}

/** An error above a form, said at once by a screen reader. */
export function problem(text: string | undefined): Html {
  return text === undefined ? new Html('') : html`<p role="alert" id="problem">${text}</p>`
}
