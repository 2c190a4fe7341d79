// Signing in, step by step, within an interaction of the authorization server (/oauth/interaction/ID): password or
// passkey, a second factor where there is one or a client asks for it, consent. Ends with going back to the client.

import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import { meetsAcr } from '../../lib/acr.ts'
import type { Records } from '../../store/store.ts'
import type { Clients } from '../clients.ts'
import { AccountFailure } from '../failure.ts'
import type { Keyring } from '../keyring.ts'
import type { SignInReport } from '../report.ts'
import { canHavePasskeys } from '../users/passkeys.ts'
import { hasSecondFactor, type StoredUser } from '../users/user.ts'
import { secondFactorAccount, type Users } from '../users/users.ts'
import { deviceOf, setDevice } from './device-cookie.ts'
import { FactorSetup } from './factor-setup.ts'
import { formTarget, type Look, type Page, redirect, sendPage } from './layout.ts'
import { type Providers, providerCallback } from './providers.ts'
import { clientIpOf, networkOf, proofOf, readOwnForm } from './request.ts'
import { acrOf, askedScopes, type Interaction, missingOf, strongerReasons, wantedAcr } from './sign-in-asks.ts'
import { SignInDuty } from './sign-in-duty.ts'
import { type SignInState, SignInStates } from './sign-in-state.ts'
import type { Step } from './sign-in-step.ts'
import { consentView, missingFactorView, secondFactorView, signInView } from './sign-in-views.ts'

export interface SignInOptions {
  readonly provider: Provider
  readonly issuer: string
  readonly users: Users
  readonly clients: Clients
  readonly records: Records
  readonly keyring: Keyring
  /** Of cookies and forms. */
  readonly key: string
  readonly look: Look
  /** Other identity providers. */
  readonly providers: Providers
  readonly onProblem: (message: string) => void
  readonly report: (report: SignInReport) => void
  readonly now: () => number
}

export const interactionPath = '/oauth/interaction'

const pathPattern = /^\/oauth\/interaction\/([\w-]{10,64})(?:\/([a-z]{1,16})(?:\/([a-z0-9-]{1,32}))?)?$/

export class SignIn {
  readonly #options: SignInOptions
  readonly #states: SignInStates
  readonly #duty: SignInDuty

  constructor(options: SignInOptions) {
    this.#options = options
    this.#states = new SignInStates(options.records, options.now)
    const setup = new FactorSetup({ ...options, title: options.look.title })
    this.#duty = new SignInDuty(options.users, this.#states, setup, {
      send: (step, page) => this.#send(step, page),
      show: (step, error, more) => this.#show(step, error, more),
    })
  }

  /** True when the request was for it, and answered. @throws SessionNotFound when there is no such sign-in (any more) */
  async handle(path: string, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    if (path === providerCallback && req.method === 'GET') return this.#fromProvider(req, res)
    const [, uid, action, what] = pathPattern.exec(path) ?? []
    if (uid === undefined) return false
    const { provider, issuer, key } = this.#options
    const interaction = await provider.interactionDetails(req, res)
    if (interaction.uid !== uid) return false
    const state = (await this.#states.get(uid)) ?? this.#first(interaction)
    const place = { path: `${interactionPath}/${uid}`, csrf: proofOf(key, 'csrf', uid) }
    const step: Step = { req, res, interaction, state, place }
    if (req.method === 'GET' && action === undefined) {
      await this.#show(step)
      return true
    }
    if (req.method === 'GET' && action === 'external') {
      await (what === undefined ? this.#external(step) : this.#toProvider(step, what))
      return true
    }
    const work = action === undefined ? undefined : this.#actions[action]
    if (!work || what !== undefined || req.method !== 'POST') return false
    const form = await readOwnForm(req, { issuer, key, about: uid })
    await work(step, form)
    return true
  }

  readonly #actions: Readonly<Record<string, (step: Step, form: URLSearchParams) => Promise<void>>> = {
    password: (step, form) => this.#password(step, form),
    passkey: (step, form) => this.#passkey(step, form),
    code: (step, form) =>
      this.#second(step, 'otp', user => this.#options.users.factors.useTotp(user, form.get('code') ?? '')),
    recovery: (step, form) =>
      this.#second(step, 'recovery', ({ userId }) =>
        this.#options.users.factors.useRecoveryCode(userId, form.get('recovery') ?? ''),
      ),
    app: async step => this.#duty.app(step, await this.#userOf(step)),
    appcode: async (step, form) => this.#duty.appCode(step, await this.#userOf(step), form.get('code') ?? ''),
    key: async (step, form) => this.#duty.passkey(step, await this.#userOf(step), form),
    continue: step => this.#continue(step),
    consent: step => this.#consent(step),
    other: step => this.#other(step),
    abort: step => this.#finish(step, { error: 'access_denied', error_description: 'the user refused' }),
  }

  /** Who is signed in already and is asked for a stronger proof alone need not begin anew. */
  #first({ prompt, session }: Interaction): SignInState {
    const onlyStronger = prompt.name === 'login' && prompt.reasons.every(reason => strongerReasons.includes(reason))
    if (!onlyStronger || !session?.accountId) return { amr: [] }
    return { userId: session.accountId, amr: session.amr ?? [] }
  }

  async #show(step: Step, error?: string, more: Partial<Page> & { readonly typed?: string } = {}): Promise<void> {
    const { interaction } = step
    if (interaction.prompt.name === 'consent') return this.#showConsent(step)
    const user = await this.#userOf(step)
    if (user && this.#isEnough(step, user)) return this.#duty.showReady(step)
    const mustEnrol = user !== undefined && this.#duty.isOpenFor(user)
    if (user && !mustEnrol) return this.#showSecond(step, user, error, more)
    // A session that was opened long ago, in whatever browser it is now, sets nothing up.
    if (user && step.state.provedHere) return this.#duty.show(step, user, error, more)
    const again = interaction.session?.accountId
    const known = again === undefined ? undefined : await this.#options.users.directory.get(again)
    const hint = interaction.params['login_hint']
    const body = signInView({
      place: step.place,
      username: known?.username,
      typed: more.typed ?? (typeof hint === 'string' ? hint.slice(0, 254) : ''),
      error,
      passkey: await this.#offer(step, known),
      providers: this.#options.providers.list,
    })
    this.#send(step, { heading: 'Sign in', body, ...more })
  }

  async #showSecond(step: Step, user: StoredUser, error?: string, more: Partial<Page> = {}): Promise<void> {
    const wanted = wantedAcr(step.interaction)
    const codes = meetsAcr('mfa', wanted) || wanted.length === 0
    const passkey = user.passkeys.length > 0 ? await this.#offer(step, user) : undefined
    const totp = codes && user.totp !== undefined
    const recovery = codes && user.recovery.length > 0
    const heading = 'Prove that it is you'
    if (!totp && !passkey && !recovery) {
      this.#send(step, { heading: 'One more thing is needed', body: missingFactorView(step.place) })
    } else {
      this.#send(step, {
        heading,
        body: secondFactorView({ place: step.place, error, totp, passkey, recovery }),
        ...more,
      })
    }
  }

  async #showConsent(step: Step): Promise<void> {
    const { interaction, place } = step
    const { clients, users } = this.#options
    const client = await clients.get(String(interaction.params['client_id']))
    const user = await users.directory.get(interaction.session?.accountId ?? '')
    if (!client || !user) throw new AccountFailure('not-found', 'this sign-in is over')
    const [target = ''] = formTarget(interaction.params['redirect_uri'])
    const view = { place, client: client.name, username: user.username, scopes: askedScopes(interaction), target }
    this.#send(step, { heading: `Allow ${client.name}?`, body: consentView(view) })
  }

  async #offer(step: Step, user: StoredUser | undefined): Promise<{ readonly options: object } | undefined> {
    const { issuer, users } = this.#options
    if (!canHavePasskeys(issuer) || (user && user.passkeys.length === 0)) return undefined
    const options = await users.passkeys.ask(issuer, user)
    await this.#states.set(step.interaction.uid, { ...step.state, challenge: options.challenge })
    return { options }
  }

  async #password(step: Step, form: URLSearchParams): Promise<void> {
    const { users, key, now } = this.#options
    const typed = (form.get('username') ?? '').slice(0, 254)
    const user = await users.directory.find(typed)
    const again = step.interaction.session?.accountId
    const turn = users.throttle.begin({
      network: networkOf(step.req),
      account: user?.userId ?? `name/${hash('sha256', typed.toLowerCase(), 'base64url')}`,
      device: user && deviceOf(step.req, key, user.userId, now()),
    })
    if (!('succeeded' in turn)) return this.#wait(step, user?.userId, turn.waitMs, typed)
    const good = await users.checkPassword(user, form.get('password') ?? '')
    if (!good || !user || (again !== undefined && again !== user.userId)) {
      this.#report(step, 'accounts.sign-in-failed', user?.userId)
      return this.#show(step, 'Name or password is wrong.', { status: 401, typed })
    }
    turn.succeeded()
    await this.#proved(step, user, ['pwd'])
  }

  async #passkey(step: Step, form: URLSearchParams): Promise<void> {
    const { issuer, users } = this.#options
    const challenge = await this.#states.takeChallenge(step.interaction.uid)
    const used =
      challenge === undefined ? undefined : await users.passkeys.use(form.get('answer') ?? '', challenge, issuer)
    const wanted = step.state.userId ?? step.interaction.session?.accountId
    if (!used || used.user.disabledAtMs !== undefined || (wanted !== undefined && used.user.userId !== wanted)) {
      this.#report(step, 'accounts.sign-in-failed', used?.user.userId)
      return this.#show(step, 'That passkey was not accepted.', { status: 401 })
    }
    // The authenticator has checked who holds it: something one has, and something one knows or is.
    await this.#proved(step, used.user, [used.passkey.synced ? 'swk' : 'hwk', 'user'])
  }

  async #toProvider(step: Step, id: string): Promise<void> {
    try {
      const url = await this.#options.providers.start(id, step.interaction.uid)
      if (url === undefined) await this.#show(step, 'There is no such identity provider.', { status: 404 })
      else redirect(step.res, url)
    } catch (error) {
      this.#options.onProblem(`the identity provider ${id} can't be asked: ${messageOf(error)}`)
      await this.#show(step, 'The identity provider can’t be reached now. Try again, or another way.', { status: 502 })
    }
  }

  /** Back from a provider, at an address that all sign-ins share; the cookie of this one is for its own alone. */
  async #fromProvider(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const [, query = ''] = (req.url ?? '').split('?', 2)
    const uid = await this.#options.providers.signInOf(new URLSearchParams(query))
    if (uid === undefined) throw new AccountFailure('invalid', 'This sign-in is over.')
    redirect(res, `${interactionPath}/${uid}/external?${query}`)
    return true
  }

  async #external(step: Step): Promise<void> {
    const [, query = ''] = (step.req.url ?? '').split('?', 2)
    let user: StoredUser
    try {
      user = await this.#options.providers.finish(step.interaction.uid, new URLSearchParams(query))
    } catch (error) {
      this.#options.onProblem(`a sign-in with another identity provider failed: ${messageOf(error)}`)
      const text = error instanceof AccountFailure ? `It did not work: ${error.message}.` : 'That sign-in did not work.'
      return this.#show(step, text, { status: 401 })
    }
    const again = step.interaction.session?.accountId
    if (user.disabledAtMs !== undefined || (again !== undefined && again !== user.userId)) {
      return this.#show(step, 'That account can’t sign in here.', { status: 401 })
    }
    await this.#proved(step, user, ['fed'])
  }

  async #second(step: Step, method: string, check: (user: StoredUser) => Promise<boolean>): Promise<void> {
    const { users, key, now } = this.#options
    const user = await this.#userOf(step)
    if (!user) return this.#show(step)
    const turn = users.throttle.begin({
      network: networkOf(step.req),
      account: secondFactorAccount(user.userId),
      device: deviceOf(step.req, key, user.userId, now()),
    })
    if (!('succeeded' in turn)) return this.#wait(step, user.userId, turn.waitMs)
    if (!(await check(user))) {
      this.#report(step, 'accounts.sign-in-failed', user.userId)
      return this.#show(step, 'That code is not right, or was used before.', { status: 401 })
    }
    turn.succeeded()
    await this.#proved(step, user, [...step.state.amr, method])
  }

  #report({ req }: Step, code: SignInReport['code'], userId: string | undefined): void {
    this.#options.report({ code, about: userId ?? '', clientIp: clientIpOf(req) })
  }

  #wait(step: Step, userId: string | undefined, waitMs: number, typed?: string): Promise<void> {
    this.#report(step, 'accounts.sign-in-slowed', userId)
    const seconds = Math.ceil(waitMs / 1000)
    const text = `Too many attempts. Try again in ${seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`}.`
    return this.#show(step, text, { status: 429, retryAfterS: seconds, ...(typed !== undefined && { typed }) })
  }

  /** Whether what was shown in this sign-in is all that they, their duty and the client want. */
  #isEnough({ state, interaction }: Pick<Step, 'state' | 'interaction'>, user: StoredUser): boolean {
    const acr = acrOf(state.amr)
    const wanted = wantedAcr(interaction)
    if (!state.provedHere || this.#duty.isOpenFor(user)) return false
    return !(acr === '1fa' && hasSecondFactor(user)) && (wanted.length === 0 || meetsAcr(acr, wanted))
  }

  async #continue(step: Step): Promise<void> {
    const user = await this.#userOf(step)
    if (user && this.#isEnough(step, user)) await this.#proved(step, user, step.state.amr)
    else redirect(step.res, step.place.path)
  }

  /** Goes back to the client when that is enough, else to the next step. */
  async #proved(step: Step, user: StoredUser, amr: readonly string[]): Promise<void> {
    const { users, key, now } = this.#options
    const acr = acrOf(amr)
    const state = { userId: user.userId, amr, provedHere: true }
    if (!this.#isEnough({ ...step, state }, user)) {
      await this.#states.set(step.interaction.uid, state)
      return redirect(step.res, step.place.path)
    }
    setDevice(step.req, step.res, key, user.userId, now())
    await users.signedIn(user.userId)
    const all = acr === '1fa' ? amr : [...amr, 'mfa']
    await this.#finish(step, { login: { accountId: user.userId, acr, amr: [...all], remember: false } })
  }

  async #consent(step: Step): Promise<void> {
    const { provider } = this.#options
    const { interaction } = step
    const accountId = interaction.session?.accountId
    if (interaction.prompt.name !== 'consent' || accountId === undefined) return this.#show(step)
    const clientId = String(interaction.params['client_id'])
    const known = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId)
    const grant = known ?? new provider.Grant({ accountId, clientId })
    const {
      missingOIDCScope: scope,
      missingOIDCClaims: claims,
      missingResourceScopes: resources,
    } = missingOf(interaction)
    if (scope) grant.addOIDCScope(scope.join(' '))
    if (claims) grant.addOIDCClaims(claims)
    for (const [resource, scopes] of Object.entries(resources ?? {})) grant.addResourceScope(resource, scopes.join(' '))
    await this.#finish(step, { consent: { grantId: await grant.save() } }, true)
  }

  /** Signs out, and begins the same request anew. */
  async #other(step: Step): Promise<void> {
    const { provider } = this.#options
    const { req, res, interaction } = step
    const session = await provider.Session.get(provider.createContext(req, res))
    await session.destroy()
    await this.#states.end(interaction.uid)
    if (interaction.deviceCode !== undefined) return redirect(res, '/oauth/device')
    const params = new URLSearchParams()
    for (const [name, value] of Object.entries(interaction.params)) {
      if (name === 'prompt' || value === undefined) continue
      for (const one of [value].flat()) params.append(name, String(one))
    }
    redirect(res, `/oauth/authorize?${params}`)
  }

  async #finish({ req, res, interaction }: Step, result: Result, merge = false): Promise<void> {
    await this.#states.end(interaction.uid)
    await this.#options.provider.interactionFinished(req, res, result, { mergeWithLastSubmission: merge })
  }

  async #userOf({ state }: Step): Promise<StoredUser | undefined> {
    const user = state.userId === undefined ? undefined : await this.#options.users.directory.get(state.userId)
    return user?.disabledAtMs === undefined ? user : undefined
  }

  #send({ res, interaction }: Step, page: Page): void {
    sendPage(res, { ...page, formTargets: formTarget(interaction.params['redirect_uri']) }, this.#options.look)
  }
}

type Result = Parameters<Provider['interactionFinished']>[2]

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
