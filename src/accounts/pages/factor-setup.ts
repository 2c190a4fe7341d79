// Setting up an authenticator app or a passkey, wherever a page offers it: what was offered to whom, taking the answer,
// recovery codes. Who has a second factor adds another only after having shown it, whatever happens at the same time.

import type { Records } from '../../store/store.ts'
import { AccountFailure } from '../failure.ts'
import type { Keyring } from '../keyring.ts'
import { canHavePasskeys } from '../users/passkeys.ts'
import type { TotpOffer } from '../users/second-factors.ts'
import type { StoredUser } from '../users/user.ts'
import type { Users } from '../users/users.ts'
import { Enrolments } from './enrolments.ts'

export interface FactorSetupOptions {
  readonly issuer: string
  readonly users: Users
  readonly records: Records
  readonly keyring: Keyring
  readonly now: () => number
  /** Whose site it is, as apps and authenticators show it. */
  readonly title: string
}

/** Whom it is for, and in which session or sign-in they were offered what they answer to. */
export interface Setup {
  readonly user: StoredUser
  readonly about: string
  /** Whether they have shown a second factor, when they have one. */
  readonly hasShownFactor: boolean
}

const nameCharactersMax = 64

export class FactorSetup {
  readonly #options: FactorSetupOptions
  readonly #enrolments: Enrolments

  constructor(options: FactorSetupOptions) {
    this.#options = options
    this.#enrolments = new Enrolments(options.records, options.keyring, options.now)
  }

  /** @throws AccountFailure when there is one already */
  async offerApp({ user, about }: Setup): Promise<TotpOffer> {
    if (user.totp) throw new AccountFailure('conflict', 'remove the app that is set up first')
    const offer = this.#options.users.factors.offerTotp(user.username, this.#options.title)
    await this.#enrolments.set('app', about, JSON.stringify(offer))
    return offer
  }

  /** Undefined when the app is in use from now on; the offer once more when the code was wrong. */
  async addApp({ user, about, hasShownFactor }: Setup, code: string): Promise<TotpOffer | undefined> {
    const text = await this.#enrolments.get('app', about)
    if (text === undefined) throw new AccountFailure('invalid', 'that took too long: set up the app once more')
    const offer = JSON.parse(text) as TotpOffer
    if (!(await this.#options.users.factors.addTotp(user.userId, offer.secret, code, hasShownFactor))) return offer
    await this.#enrolments.take('app', about)
    return undefined
  }

  /** What the browser is asked for; undefined where there can be no passkeys. */
  async offerPasskey({ user, about }: Setup): Promise<{ readonly options: object } | undefined> {
    const { issuer, users, title } = this.#options
    if (!canHavePasskeys(issuer)) return undefined
    const options = await users.passkeys.offer(user, issuer, title)
    await this.#enrolments.set('passkey', about, options.challenge)
    return { options }
  }

  /** How it proves who they are from now on (RFC 8176). @throws AccountFailure when it can't be added */
  async addPasskey({ user, about, hasShownFactor }: Setup, form: URLSearchParams): Promise<readonly string[]> {
    const { issuer, users } = this.#options
    const challenge = await this.#enrolments.take('passkey', about)
    if (challenge === undefined) throw new AccountFailure('invalid', 'that took too long: try again')
    const name = (form.get('name') ?? '').replace(/\p{Cc}/gu, '').slice(0, nameCharactersMax) || 'Passkey'
    const passkey = await users.passkeys.add(
      user,
      { answer: form.get('answer') ?? '', challenge, issuer },
      name,
      hasShownFactor,
    )
    return [passkey.synced ? 'swk' : 'hwk', 'user']
  }

  /** With a first second factor come codes for the day it is lost; undefined when they have some. */
  async firstCodes({ user }: Setup): Promise<readonly string[] | undefined> {
    return user.recovery.length > 0 ? undefined : this.#options.users.factors.createRecoveryCodes(user.userId)
  }
}
