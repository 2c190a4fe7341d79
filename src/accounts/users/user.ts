// What a user is: as it is stored, and as it is shown. Nothing that is shown lets anybody sign in.

import { AccountFailure } from '../failure.ts'

export interface Passkey {
  /** base64url, as the authenticator gave it. */
  readonly id: string
  readonly publicKey: string
  /** Of signatures; an authenticator that counts never counts backwards. */
  readonly counter: number
  readonly transports: readonly string[]
  /** Whether it is copied between devices by who made them. */
  readonly synced: boolean
  readonly name: string
  readonly createdAtMs: number
  readonly lastUsedAtMs?: number
}

export interface Totp {
  readonly sealed: string
  readonly createdAtMs: number
  /** The time step of the last code that was taken: none counts twice. */
  readonly lastStep: number
}

/** An account at another identity provider that is this user. */
export interface Link {
  readonly issuer: string
  readonly subject: string
}

export interface UserProfile {
  /** What they sign in with: a name or an e-mail address. */
  readonly username: string
  /** They can sign in with it as well. */
  readonly email: string | undefined
  readonly roles: readonly string[]
  readonly groups: readonly string[]
}

/** As it is stored; without its id. */
export interface UserData extends UserProfile {
  /** Argon2id in PHC format; absent for who signs in by other means alone. */
  readonly password?: string
  readonly passwordSetAtMs?: number
  readonly createdAtMs: number
  readonly disabledAtMs?: number
  readonly lastLoginAtMs?: number
  readonly totp?: Totp
  readonly passkeys: readonly Passkey[]
  /** Peppered hashes of recovery codes that were not used. */
  readonly recovery: readonly string[]
  readonly links: readonly Link[]
}

export interface StoredUser extends UserData {
  readonly userId: string
}

export interface User extends UserProfile {
  readonly userId: string
  readonly createdAtMs: number
  readonly disabledAtMs: number | undefined
  readonly passwordSetAtMs: number | undefined
  readonly lastLoginAtMs: number | undefined
  readonly totp: boolean
  readonly passkeys: number
  readonly recoveryCodes: number
  readonly links: readonly Link[]
}

export function shownUser(user: StoredUser): User {
  const { userId, username, email, roles, groups, createdAtMs, links } = user
  return {
    userId,
    username,
    email,
    roles,
    groups,
    createdAtMs,
    disabledAtMs: user.disabledAtMs,
    passwordSetAtMs: user.passwordSetAtMs,
    lastLoginAtMs: user.lastLoginAtMs,
    totp: user.totp !== undefined,
    passkeys: user.passkeys.length,
    recoveryCodes: user.recovery.length,
    links,
  }
}

/** Whose sign-in needs a second factor, whether they have one or not. */
export type SecondFactorDuty = 'all' | readonly string[]

/** Whether a password alone is not enough for them. */
export function hasSecondFactor({ totp, passkeys }: Pick<UserData, 'totp' | 'passkeys'>): boolean {
  return totp !== undefined || passkeys.length > 0
}

/** @throws AccountFailure when nothing is left to a user who must have a second factor */
export function keepingOne(after: UserData, mustKeepOne: boolean): UserData {
  if (!mustKeepOne || hasSecondFactor(after)) return after
  throw new AccountFailure(
    'conflict',
    'your account must have a second factor: set up another before you remove this one',
  )
}

/** @throws AccountFailure when they have a second factor and have not shown it */
export function mayAddFactor(user: Pick<UserData, 'totp' | 'passkeys'>, hasShownFactor: boolean): void {
  if (hasShownFactor || !hasSecondFactor(user)) return
  throw new AccountFailure('conflict', 'a second factor is set up already: sign in with it first')
}
