// Where users look after their own account (/oauth/account). Who they are is said by the session of the authorization
// server; to sign in, the page is a client of it like others. Changes want a sign-in of a moment ago.

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import { meetsAcr } from '../../lib/acr.ts'
import { accountClientId } from '../clients.ts'
import { AccountFailure } from '../failure.ts'
import { canHavePasskeys } from '../users/passkeys.ts'
import { hasSecondFactor, type StoredUser } from '../users/user.ts'
import { accountView, appView, codesView, leftView } from './account-views.ts'
import { Enrolments } from './enrolments.ts'
import { type Page, redirect, sendPage } from './layout.ts'
import { proofOf, readOwnForm } from './request.ts'
import type { SignInOptions } from './sign-in.ts'
import type { FormPlace } from './sign-in-views.ts'

const accountPath = '/oauth/account'
export const accountCallback = `${accountPath}/callback`

/** How long after a sign-in one may change how one signs in. */
const freshS = 10 * 60
const pathPattern = /^\/oauth\/account(?:\/([a-z]{1,16}))?$/
const nameCharactersMax = 64

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
}

export class AccountPages {
  readonly #options: AccountOptions
  readonly #enrolments: Enrolments

  constructor(options: AccountOptions) {
    this.#options = options
    this.#enrolments = new Enrolments(options.records, options.keyring, options.now)
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
    if (action === 'leave') await this.#leave(visit)
    else if (!isFresh(visit, this.#options.now())) this.#confirm(visit)
    else await this.#attempt(visit, () => work(visit, form))
    return true
  }

  readonly #actions: Readonly<Record<string, (visit: Visit, form: URLSearchParams) => Promise<void>>> = {
    leave: visit => this.#leave(visit),
    app: visit => this.#offerApp(visit),
    appcode: (visit, form) => this.#addApp(visit, form.get('code') ?? ''),
    unapp: async visit => {
      await this.#options.users.factors.removeTotp(visit.user.userId)
      await this.#show(visit, { done: 'The app is removed.' })
    },
    key: (visit, form) => this.#addPasskey(visit, form),
    unkey: async (visit, form) => {
      await this.#options.users.passkeys.remove(visit.user.userId, form.get('id') ?? '')
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
    const { issuer, look, users } = this.#options
    const { session, place } = visit
    const user = (await users.directory.get(visit.user.userId)) ?? visit.user
    const fresh = isFresh({ session, user }, this.#options.now())
    const options = fresh && canHavePasskeys(issuer) ? await users.passkeys.offer(user, issuer, look.title) : undefined
    if (options) await this.#enrolments.set('passkey', session.uid, options.challenge)
    const body = accountView({
      place,
      user,
      error: say.error,
      done: say.done,
      isFresh: fresh,
      passkey: options && { options },
    })
    this.#send(visit, { heading: 'Your account', body, ...(status !== undefined && { status }) })
  }

  async #offerApp(visit: Visit): Promise<void> {
    const { users, look } = this.#options
    if (visit.user.totp) throw new AccountFailure('conflict', 'remove the app that is set up first')
    const offer = users.factors.offerTotp(visit.user.username, look.title)
    await this.#enrolments.set('app', visit.session.uid, JSON.stringify(offer))
    this.#send(visit, { heading: 'Set up an app', body: appView(visit.place, offer, undefined) })
  }

  async #addApp(visit: Visit, code: string): Promise<void> {
    const { session, user, place } = visit
    const text = await this.#enrolments.get('app', session.uid)
    if (text === undefined) throw new AccountFailure('invalid', 'that took too long: set up the app once more')
    const offer = JSON.parse(text) as { readonly secret: string; readonly uri: string }
    if (!(await this.#options.users.factors.addTotp(user.userId, offer.secret, code))) {
      const body = appView(place, offer, 'That is not the code that the app shows now.')
      return this.#send(visit, { heading: 'Set up an app', body, status: 400 })
    }
    await this.#enrolments.take('app', session.uid)
    await this.#strengthen(visit, 'mfa', ['otp', 'mfa'])
    await this.#welcome(visit, 'The app is set up.')
  }

  async #addPasskey(visit: Visit, form: URLSearchParams): Promise<void> {
    const { issuer, users } = this.#options
    const challenge = await this.#enrolments.take('passkey', visit.session.uid)
    if (challenge === undefined) throw new AccountFailure('invalid', 'that took too long: try again')
    const name = (form.get('name') ?? '').replace(/\p{Cc}/gu, '').slice(0, nameCharactersMax) || 'Passkey'
    await users.passkeys.add(visit.user, form.get('answer') ?? '', challenge, issuer, name)
    await this.#strengthen(visit, 'phr', ['user', 'mfa'])
    await this.#welcome(visit, 'The passkey is added.')
  }

  /** With a first second factor come codes for the day it is lost. */
  async #welcome(visit: Visit, done: string): Promise<void> {
    if (visit.user.recovery.length === 0) await this.#showCodes(visit)
    else await this.#show(visit, { done })
  }

  async #showCodes(visit: Visit): Promise<void> {
    const codes = await this.#options.users.factors.createRecoveryCodes(visit.user.userId)
    this.#send(visit, { heading: 'Your recovery codes', body: codesView(visit.place, codes) })
  }

  /** Who has just shown a new factor need not show it again at once. */
  async #strengthen({ session }: Visit, acr: string, amr: readonly string[]): Promise<void> {
    if (!meetsAcr(session.acr, [acr])) session.acr = acr
    session.amr = [...new Set([...(session.amr ?? []), ...amr])]
    await session.persist()
  }

  async #leave({ req, res, session }: Visit): Promise<void> {
    const { provider, look } = this.#options
    await session.destroy()
    const context = provider.createContext(req, res)
    context.cookies.set(provider.cookieName('session'), null, { signed: true, path: '/', sameSite: 'lax' })
    sendPage(res, { heading: 'Signed out', body: leftView() }, look)
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

function isOld({ loginTs = 0 }: Pick<Session, 'loginTs'>, nowMs: number): boolean {
  return loginTs * 1000 + freshS * 1000 < nowMs
}

function isFresh({ session, user }: Pick<Visit, 'session' | 'user'>, nowMs: number): boolean {
  return !isOld(session, nowMs) && (!hasSecondFactor(user) || meetsAcr(session.acr, ['mfa']))
}
