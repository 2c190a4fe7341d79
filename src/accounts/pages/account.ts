// Where users look after their own account (/oauth/account). Who they are is said by the session of the authorization
// server; to sign in, the page is a client of it like others. Changes want a sign-in of a moment ago.

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import { meetsAcr } from '../../lib/acr.ts'
import { accountClientId } from '../clients.ts'
import { AccountFailure } from '../failure.ts'
import { hasSecondFactor, type StoredUser } from '../users/user.ts'
import { accountView, leftView } from './account-views.ts'
import { FactorSetup, type Setup } from './factor-setup.ts'
import { appView, codesView, written } from './factor-views.ts'
import { html } from './html.ts'
import { type Page, redirect, sendPage } from './layout.ts'
import { proofOf, readOwnForm } from './request.ts'
import type { SignInOptions } from './sign-in.ts'
import type { FormPlace } from './sign-in-views.ts'

const accountPath = '/oauth/account'
export const accountCallback = `${accountPath}/callback`

/** How long after a sign-in one may change how one signs in. */
const freshS = 10 * 60
const pathPattern = /^\/oauth\/account(?:\/([a-z]{1,16}))?$/

type Session = Awaited<ReturnType<Provider['Session']['get']>>

/** One request of somebody who is signed in. */
interface Visit {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly session: Session
  readonly user: StoredUser
  readonly place: FormPlace
}

export interface AccountOptions extends SignInOptions {
  readonly setPassword: (userId: string, password: string) => Promise<unknown>
  readonly signOut: (userId: string) => Promise<unknown>
}

export class AccountPages {
  readonly #options: AccountOptions
  readonly #setup: FactorSetup

  constructor(options: AccountOptions) {
    this.#options = options
    this.#setup = new FactorSetup({ ...options, title: options.look.title })
  }

  /** True when the request was for one of them, and answered. */
  async handle(path: string, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const [matched, action] = pathPattern.exec(path) ?? []
    if (matched === undefined) return false
    const visit = await this.#visit(req, res)
    if (req.method === 'GET') {
      if (path === accountCallback) redirect(res, accountPath)
      else if (!visit) this.#signIn(res, {})
      else if (action === 'confirm') this.#confirm(visit)
      else if (action === undefined) await this.#show(visit)
      else redirect(res, accountPath)
      return true
    }
    const work = action === undefined ? undefined : this.#actions[action]
    if (!work || req.method !== 'POST') return false
    if (!visit) {
      redirect(res, accountPath)
      return true
    }
    const { issuer, key } = this.#options
    const form = await readOwnForm(req, { issuer, key, about: visit.session.uid })
    if (action === 'leave' || action === 'leaveall') await work(visit, form)
    else if (!isFresh(visit, this.#options.now())) this.#confirm(visit)
    else await this.#attempt(visit, () => work(visit, form))
    return true
  }

  readonly #actions: Readonly<Record<string, (visit: Visit, form: URLSearchParams) => Promise<void>>> = {
    leave: visit => this.#leave(visit, 'here'),
    leaveall: visit => this.#leave(visit, 'everywhere'),
    app: visit => this.#offerApp(visit),
    appcode: (visit, form) => this.#addApp(visit, form.get('code') ?? ''),
    unapp: async visit => {
      const { users } = this.#options
      await users.factors.removeTotp(visit.user.userId, users.mustHaveSecondFactor(visit.user))
      await this.#show(visit, { done: 'The app is removed.' })
    },
    key: (visit, form) => this.#addPasskey(visit, form),
    unkey: async (visit, form) => {
      const { users } = this.#options
      await users.passkeys.remove(visit.user.userId, form.get('id') ?? '', users.mustHaveSecondFactor(visit.user))
      await this.#show(visit, { done: 'The passkey is removed.' })
    },
    codes: visit => this.#showCodes(visit),
    password: async ({ res, user }, form) => {
      await this.#options.setPassword(user.userId, form.get('password') ?? '')
      redirect(res, accountPath)
    },
  }

  async #visit(req: IncomingMessage, res: ServerResponse): Promise<Visit | undefined> {
    const { provider, users, key } = this.#options
    const session = await provider.Session.get(provider.createContext(req, res))
    const user = session.accountId === undefined ? undefined : await users.directory.get(session.accountId)
    if (!user || user.disabledAtMs !== undefined) return undefined
    return { req, res, session, user, place: { path: accountPath, csrf: proofOf(key, 'csrf', session.uid) } }
  }

  /** What somebody asked for wrongly is said on the page. */
  async #attempt(visit: Visit, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof AccountFailure)) throw error
      await this.#show(visit, { error: `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.` }, 400)
    }
  }

  async #show(
    visit: Visit,
    say: { readonly error?: string; readonly done?: string } = {},
    status?: number,
  ): Promise<void> {
    const { session, place } = visit
    const user = (await this.#options.users.directory.get(visit.user.userId)) ?? visit.user
    const fresh = isFresh({ session, user }, this.#options.now())
    const body = accountView({
      place,
      user,
      error: say.error,
      done: say.done,
      isFresh: fresh,
      passkey: fresh ? await this.#setup.offerPasskey(setupOf({ ...visit, user })) : undefined,
    })
    this.#send(visit, { heading: 'Your account', body, ...(status !== undefined && { status }) })
  }

  async #offerApp(visit: Visit): Promise<void> {
    const offer = await this.#setup.offerApp(setupOf(visit))
    this.#send(visit, { heading: 'Set up an app', body: appView(visit.place, offer, undefined) })
  }

  async #addApp(visit: Visit, code: string): Promise<void> {
    const offer = await this.#setup.addApp(setupOf(visit), code)
    if (offer) {
      const body = appView(visit.place, offer, 'That is not the code that the app shows now.')
      return this.#send(visit, { heading: 'Set up an app', body, status: 400 })
    }
    await this.#strengthen(visit, 'mfa', ['otp', 'mfa'])
    await this.#welcome(visit, 'The app is set up.')
  }

  async #addPasskey(visit: Visit, form: URLSearchParams): Promise<void> {
    await this.#setup.addPasskey(setupOf(visit), form)
    await this.#strengthen(visit, 'phr', ['user', 'mfa'])
    await this.#welcome(visit, 'The passkey is added.')
  }

  async #welcome(visit: Visit, done: string): Promise<void> {
    const codes = await this.#setup.firstCodes(setupOf(visit))
    if (codes) this.#sendCodes(visit, codes)
    else await this.#show(visit, { done })
  }

  async #showCodes(visit: Visit): Promise<void> {
    this.#sendCodes(visit, await this.#options.users.factors.createRecoveryCodes(visit.user.userId))
  }

  #sendCodes(visit: Visit, codes: readonly string[]): void {
    const next = html`<p><a class="button" href="${visit.place.path}">${written}</a></p>`
    this.#send(visit, { heading: 'Your recovery codes', body: codesView(codes, next) })
  }

  /** Who has just shown a new factor need not show it again at once. */
  async #strengthen({ session }: Visit, acr: string, amr: readonly string[]): Promise<void> {
    if (!meetsAcr(session.acr, [acr])) session.acr = acr
    session.amr = [...new Set([...(session.amr ?? []), ...amr])]
    await session.persist()
  }

  async #leave({ req, res, session, user }: Visit, where: 'here' | 'everywhere'): Promise<void> {
    const { provider, look, signOut } = this.#options
    if (where === 'everywhere') await signOut(user.userId)
    await session.destroy()
    const context = provider.createContext(req, res)
    context.cookies.set(provider.cookieName('session'), null, { signed: true, path: '/', sameSite: 'lax' })
    sendPage(res, { heading: 'Signed out', body: leftView(where) }, look)
  }

  #confirm({ res, user, session }: Visit): void {
    const stronger = hasSecondFactor(user) && !meetsAcr(session.acr, ['mfa'])
    const old = isOld(session, this.#options.now())
    this.#signIn(res, { ...(old && { max_age: String(freshS) }), ...(stronger && { acr_values: 'mfa' }) })
  }

  /** As any client does, but that nobody keeps what the code could be changed for. */
  #signIn(res: ServerResponse, params: Readonly<Record<string, string>>): void {
    const query = new URLSearchParams({
      client_id: accountClientId,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${this.#options.issuer}${accountCallback}`,
      code_challenge: randomBytes(32).toString('base64url'),
      code_challenge_method: 'S256',
      ...params,
    })
    redirect(res, `/oauth/authorize?${query}`)
  }

  #send({ res }: Visit, page: Page): void {
    sendPage(res, page, this.#options.look)
  }
}

function setupOf({ user, session }: Pick<Visit, 'user' | 'session'>): Setup {
  return { user, about: session.uid, hasShownFactor: meetsAcr(session.acr, ['mfa']) }
}

function isOld({ loginTs = 0 }: Pick<Session, 'loginTs'>, nowMs: number): boolean {
  return loginTs * 1000 + freshS * 1000 < nowMs
}

function isFresh({ session, user }: Pick<Visit, 'session' | 'user'>, nowMs: number): boolean {
  return !isOld(session, nowMs) && (!hasSecondFactor(user) || meetsAcr(session.acr, ['mfa']))
}
