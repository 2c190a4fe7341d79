// Which page answers which path; the rest of /oauth/ is the provider's own.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors } from 'oidc-provider'
import { AccountFailure } from '../failure.ts'
import { type AccountOptions, AccountPages } from './account.ts'
import { passkeyScript, styleSheet } from './assets.ts'
import { errorPage } from './device.ts'
import { assetsPath, sendAsset, sendPage } from './layout.ts'
import { SignIn } from './sign-in.ts'

export class Pages {
  readonly #options: AccountOptions
  readonly #signIn: SignIn
  readonly #account: AccountPages

  constructor(options: AccountOptions) {
    this.#options = options
    this.#signIn = new SignIn(options)
    this.#account = new AccountPages(options)
  }

  /** True when the request was for one of them, and answered. */
  async handle(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const [path = '/', query = ''] = (req.url ?? '/').split('?', 2)
    const { look } = this.#options
    if (path.startsWith(`${assetsPath}/`)) return sendAssetOf(path, res, look.theme)
    this.#holdUserCode(path, query, req)
    try {
      return (await this.#signIn.handle(path, req, res)) || (await this.#account.handle(path, req, res))
    } catch (error) {
      if (error instanceof errors.SessionNotFound) sendPage(res, errorPage('This sign-in is over.', 400), look)
      else if (error instanceof AccountFailure) {
        sendPage(res, errorPage(error.message, error.code === 'busy' ? 503 : 400), look)
      } else throw error
      return true
    }
  }

  /**
   * A link with a code in it would make the provider send a form by script, so that one click connects a device. The
   * code goes into the form instead, where people see it (RFC 8628 §5.4).
   */
  #holdUserCode(path: string, query: string, req: IncomingMessage): void {
    delete req.headers['merlon-user-code']
    const code = path === '/oauth/device' && req.method === 'GET' ? new URLSearchParams(query).get('user_code') : null
    if (code === null) return
    req.headers['merlon-user-code'] = code
    req.url = path
  }
}

function sendAssetOf(path: string, res: ServerResponse, theme: string | undefined): boolean {
  const name = path.slice(assetsPath.length + 1)
  if (name === 'style.css') sendAsset(res, 'text/css; charset=utf-8', styleSheet)
  else if (name === 'passkey.js') sendAsset(res, 'text/javascript; charset=utf-8', passkeyScript)
  else if (name === 'theme.css' && theme !== undefined) sendAsset(res, 'text/css; charset=utf-8', theme)
  else return false
  return true
}
