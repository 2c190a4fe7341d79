// Users who must have a second factor and have none: they set one up while they sign in, before anything is given to the
// client (`requireSecondFactor`).

import { meetsAcr } from '../../lib/acr.ts'
import { AccountFailure } from '../failure.ts'
import { hasSecondFactor, type StoredUser } from '../users/user.ts'
import type { Users } from '../users/users.ts'
import type { FactorSetup, Setup } from './factor-setup.ts'
import { appView, codesView, dutyView, readyView, written } from './factor-views.ts'
import { html } from './html.ts'
import { type Page, redirect } from './layout.ts'
import { wantedAcr } from './sign-in-asks.ts'
import type { SignInStates } from './sign-in-state.ts'
import type { Step, StepPages } from './sign-in-step.ts'
import { missingFactorView, postForm } from './sign-in-views.ts'

export class SignInDuty {
  readonly #users: Users
  readonly #states: SignInStates
  readonly #setup: FactorSetup
  readonly #pages: StepPages

  constructor(users: Users, states: SignInStates, setup: FactorSetup, pages: StepPages) {
    this.#users = users
    this.#states = states
    this.#setup = setup
    this.#pages = pages
  }

  isOpenFor(user: StoredUser): boolean {
    return this.#users.mustHaveSecondFactor(user) && !hasSecondFactor(user)
  }

  async show(step: Step, user: StoredUser, error?: string, more: Partial<Page> = {}): Promise<void> {
    const { place, interaction } = step
    const passkey = await this.#setup.offerPasskey(setupOf(step, user))
    const wanted = wantedAcr(interaction)
    const app = wanted.length === 0 || meetsAcr('mfa', wanted)
    const body = app || passkey ? dutyView({ place, error, app, passkey }) : missingFactorView(place)
    this.#pages.send(step, { heading: 'Set up a second factor', body, ...more })
  }

  /** When all is done but that they have not gone on. */
  showReady(step: Step): void {
    this.#pages.send(step, { heading: 'You are signed in', body: readyView(step.place) })
  }

  app(step: Step, user: StoredUser | undefined): Promise<void> {
    return this.#attempt(step, user, async setup => {
      const body = appView(step.place, await this.#setup.offerApp(setup), undefined)
      this.#pages.send(step, { heading: 'Set up an app', body })
    })
  }

  appCode(step: Step, user: StoredUser | undefined, code: string): Promise<void> {
    return this.#attempt(step, user, async setup => {
      const offer = await this.#setup.addApp(setup, code)
      if (!offer) return this.#done(step, setup, ['otp'])
      const body = appView(step.place, offer, 'That is not the code that the app shows now.')
      this.#pages.send(step, { heading: 'Set up an app', body, status: 400 })
    })
  }

  passkey(step: Step, user: StoredUser | undefined, form: URLSearchParams): Promise<void> {
    return this.#attempt(step, user, async setup => this.#done(step, setup, await this.#setup.addPasskey(setup, form)))
  }

  /** For who was let in as far as this page alone, by a proof of this very sign-in. */
  async #attempt(step: Step, user: StoredUser | undefined, work: (setup: Setup) => Promise<void>): Promise<void> {
    if (!user || !step.state.provedHere || !this.isOpenFor(user)) return redirect(step.res, step.place.path)
    try {
      await work(setupOf(step, user))
    } catch (error) {
      if (!(error instanceof AccountFailure)) throw error
      const text = `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`
      await this.#pages.show(step, text, { status: 400 })
    }
  }

  async #done(step: Step, setup: Setup, methods: readonly string[]): Promise<void> {
    const { userId } = setup.user
    const amr = [...step.state.amr, ...methods]
    await this.#states.set(step.interaction.uid, { userId, amr, provedHere: true })
    const codes = await this.#setup.firstCodes(setup)
    if (!codes) return redirect(step.res, step.place.path)
    const next = postForm(step.place, 'continue', html`<button>${written}</button>`)
    this.#pages.send(step, { heading: 'Your recovery codes', body: codesView(codes, next) })
  }
}

function setupOf({ interaction }: Step, user: StoredUser): Setup {
  return { user, about: interaction.uid, hasShownFactor: false }
}
