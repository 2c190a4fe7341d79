// Everything about users: who there is, their passwords, and how fast one may guess.

import { randomBase62 } from '../../lib/checked-token.ts'
import type { Records } from '../../store/store.ts'
import { AccountFailure } from '../failure.ts'
import type { Keyring } from '../keyring.ts'
import { UserDirectory } from './directory.ts'
import { Passkeys } from './passkeys.ts'
import { isOutdated, PasswordHasher } from './password-hash.ts'
import { checkNewPassword, defaultPasswordRules, type PasswordRules, passwordCharactersMax } from './password-rules.ts'
import { SecondFactors } from './second-factors.ts'
import { LoginThrottle } from './throttle.ts'
import type { Link, SecondFactorDuty, StoredUser, UserProfile } from './user.ts'

/** What is made when an operator gives none: nobody types it more than once. */
const initialBits = 100

export interface CreateUser extends UserProfile {
  /** A password, `generate`, or none for who signs in by other means alone. */
  readonly password: string | { readonly kind: 'generate' | 'none' }
  readonly links: readonly Link[]
}

export class Users {
  readonly directory: UserDirectory
  readonly throttle: LoginThrottle
  readonly factors: SecondFactors
  readonly passkeys: Passkeys
  readonly #hasher = new PasswordHasher()
  readonly #now: () => number
  readonly #onProblem: (message: string) => void
  #rules = defaultPasswordRules
  #duty: SecondFactorDuty = []

  constructor(records: Records, keyring: Keyring, now: () => number, onProblem: (message: string) => void) {
    this.directory = new UserDirectory(records, now)
    this.throttle = new LoginThrottle(now)
    this.factors = new SecondFactors(this.directory, keyring, now)
    this.passkeys = new Passkeys(this.directory, now)
    this.#now = now
    this.#onProblem = onProblem
  }

  useRules(rules: PasswordRules): void {
    this.#rules = rules
  }

  useSecondFactorDuty(duty: SecondFactorDuty): void {
    this.#duty = duty
  }

  /** Whether a password alone lets them in nowhere. */
  mustHaveSecondFactor({ roles }: Pick<StoredUser, 'roles'>): boolean {
    const duty = this.#duty
    return duty === 'all' || roles.some(role => duty.includes(role))
  }

  /** With the password, when it was made here. */
  async create({ password, ...input }: CreateUser): Promise<{ readonly user: StoredUser; readonly password?: string }> {
    const names = [input.username, input.email]
    if (typeof password === 'string') {
      await this.#check(password, names)
      return { user: await this.directory.create({ ...input, password: await this.#hasher.hash(password) }) }
    }
    if (password.kind === 'none') return { user: await this.directory.create(input) }
    const made = randomBase62(initialBits)
    return { user: await this.directory.create({ ...input, password: await this.#hasher.hash(made) }), password: made }
  }

  /** By id, name or e-mail address. @throws AccountFailure when there is none */
  async present(who: string): Promise<StoredUser> {
    const user = await this.directory.find(who)
    if (!user) throw new AccountFailure('not-found', `there is no user ${who}`)
    return user
  }

  async setPassword(user: StoredUser, password: string): Promise<StoredUser> {
    await this.#check(password, [user.username, user.email])
    const hash = await this.#hasher.hash(password)
    return this.directory.change(user.userId, data => ({ ...data, password: hash, passwordSetAtMs: this.#now() }))
  }

  /** Whether it is the password of a user who may sign in; takes as long when there is no such user. */
  async checkPassword(user: StoredUser | undefined, password: string): Promise<boolean> {
    const stored = user?.disabledAtMs === undefined ? user?.password : undefined
    const good = await this.#hasher.verify(stored, password.slice(0, passwordCharactersMax * 2))
    if (good && user && stored !== undefined && isOutdated(stored)) {
      const hash = await this.#hasher.hash(password)
      await this.directory.change(user.userId, data => (data.password === stored ? { ...data, password: hash } : data))
    }
    return good
  }

  /** Forgets who guessed at a user, so that nobody waits for them. */
  unlock({ userId }: StoredUser): void {
    for (const account of [userId, secondFactorAccount(userId)]) this.throttle.unlock(account)
  }

  async signedIn(userId: string): Promise<void> {
    await this.directory.change(userId, data => ({ ...data, lastLoginAtMs: this.#now() }))
  }

  async setDisabled(user: StoredUser, disabled: boolean): Promise<StoredUser> {
    return this.directory.change(user.userId, ({ disabledAtMs, ...data }) =>
      disabled ? { ...data, disabledAtMs: disabledAtMs ?? this.#now() } : data,
    )
  }

  /** Takes away whatever is asked for besides the password. */
  async resetFactors(user: StoredUser): Promise<StoredUser> {
    return this.directory.change(user.userId, ({ totp: _, ...data }) => ({ ...data, passkeys: [], recovery: [] }))
  }

  async changeProfile(user: StoredUser, change: Partial<UserProfile>): Promise<StoredUser> {
    if ('email' in change) await this.directory.setEmail(user.userId, change.email)
    const { roles, groups } = change
    return this.directory.change(user.userId, data => ({ ...data, ...(roles && { roles }), ...(groups && { groups }) }))
  }

  #check(password: string, names: readonly (string | undefined)[]): Promise<void> {
    return checkNewPassword(password, names, this.#rules, this.#onProblem)
  }
}

/** Codes are counted apart from passwords: who knows the password has shown that they are no stranger. */
export function secondFactorAccount(userId: string): string {
  return `${userId}/code`
}
