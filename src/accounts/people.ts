// Changes of users that concern what they have open: whoever loses rights, a password or an account loses sessions and
// tokens with it, at once and on every worker.

import type { Records } from '../store/store.ts'
import { endSessions } from './sessions.ts'
import type { StoredUser, UserProfile } from './users/user.ts'
import type { Users } from './users/users.ts'

export interface Denials {
  /** All that a grant gave. */
  denyGrant(family: string): Promise<void>
  /** Tokens of a user, or those alone that were issued before. */
  denyUser(userId: string, issuedBeforeMs: number | undefined): Promise<void>
}

export class People {
  readonly #users: Users
  readonly #records: Records
  readonly #now: () => number
  readonly #denials: Denials

  constructor(users: Users, records: Records, now: () => number, denials: Denials) {
    this.#users = users
    this.#records = records
    this.#now = now
    this.#denials = denials
  }

  async change(who: string, change: Partial<UserProfile>): Promise<StoredUser> {
    const user = await this.#users.changeProfile(await this.#users.present(who), change)
    // Tokens say which roles their user has: who has others now fetches another.
    if (change.roles || change.groups) await this.#denials.denyUser(user.userId, this.#now())
    return user
  }

  async setPassword(who: string, password: string): Promise<StoredUser> {
    return this.#signOut(await this.#users.setPassword(await this.#users.present(who), password))
  }

  async resetFactors(who: string): Promise<StoredUser> {
    return this.#signOut(await this.#users.resetFactors(await this.#users.present(who)))
  }

  /** Everywhere; they may sign in anew. */
  async signOut(who: string): Promise<StoredUser> {
    return this.#signOut(await this.#users.present(who))
  }

  async disable(who: string): Promise<StoredUser> {
    const user = await this.#users.setDisabled(await this.#users.present(who), true)
    await this.#denials.denyUser(user.userId, undefined)
    return this.#signOut(user)
  }

  async enable(who: string): Promise<StoredUser> {
    const user = await this.#users.setDisabled(await this.#users.present(who), false)
    // Tokens know whole seconds, and there is none of before in this one.
    await this.#denials.denyUser(user.userId, Math.floor(this.#now() / 1000) * 1000)
    return user
  }

  async delete(who: string): Promise<StoredUser> {
    const user = await this.#users.present(who)
    await this.#users.directory.delete(user.userId)
    await this.#denials.denyUser(user.userId, undefined)
    return this.#signOut(user)
  }

  /** Ends all sessions and grants of a user, who may sign in anew. */
  async #signOut(user: StoredUser): Promise<StoredUser> {
    for (const family of await endSessions(this.#records, user.userId)) await this.#denials.denyGrant(family)
    return user
  }
}
