// The local directory of users. A user has an id that never changes and one or two names to sign in with, each of which
// belongs to one user alone, whatever its letters' case.

import { randomBase62 } from '../../lib/checked-token.ts'
import type { Records } from '../../store/store.ts'
import { allRecords, changeRecord } from '../changed-record.ts'
import { AccountFailure } from '../failure.ts'
import type { Link, StoredUser, UserData, UserProfile } from './user.ts'

const kind = 'user'
const nameKind = 'user-name'
const linkKind = 'user-link'
/** A name whose user was never written (a crash came between) is free again after this long. */
const claimMs = 60_000

export type NewUser = UserProfile & Pick<UserData, 'password' | 'links'>

interface Claim {
  readonly userId: string
  readonly atMs: number
}

export class UserDirectory {
  readonly #records: Records
  readonly #now: () => number

  constructor(records: Records, now: () => number) {
    this.#records = records
    this.#now = now
  }

  /** @throws AccountFailure when a name or link belongs to somebody already */
  async create({ password, ...input }: NewUser): Promise<StoredUser> {
    const userId = `usr_${randomBase62(120)}`
    const nowMs = this.#now()
    const claimed: (readonly [kind: string, id: string])[] = []
    try {
      for (const name of namesOf(input)) {
        await this.#claim(nameKind, name, userId, `the name ${name}`)
        claimed.push([nameKind, name])
      }
      for (const link of input.links) {
        await this.#claim(linkKind, linkId(link), userId, `the account ${link.subject} of ${link.issuer}`)
        claimed.push([linkKind, linkId(link)])
      }
    } catch (error) {
      for (const [kind, id] of claimed) await this.#records.delete(kind, id)
      throw error
    }
    const data: UserData = {
      ...input,
      createdAtMs: nowMs,
      passkeys: [],
      recovery: [],
      ...(password !== undefined && { password, passwordSetAtMs: nowMs }),
    }
    await this.#records.put({ kind, id: userId, json: JSON.stringify(data) }, 0)
    return { userId, ...data }
  }

  async get(userId: string): Promise<StoredUser | undefined> {
    const record = await this.#records.get(kind, userId)
    return record && { userId, ...(JSON.parse(record.json) as UserData) }
  }

  /** By id, name or e-mail address. */
  async find(who: string): Promise<StoredUser | undefined> {
    return (await this.get(who)) ?? (await this.#claimed(nameKind, normalizedName(who)))
  }

  findLinked(link: Link): Promise<StoredUser | undefined> {
    return this.#claimed(linkKind, linkId(link))
  }

  /** By name: ids are random, and a list in their order would look shuffled. */
  async list(): Promise<readonly StoredUser[]> {
    const users = (await allRecords<UserData>(this.#records, kind)).map(([userId, data]) => ({ userId, ...data }))
    return users.sort((a, b) => (a.username < b.username ? -1 : 1))
  }

  /** Names and links are changed by their own methods alone. */
  async change(userId: string, change: (data: UserData) => UserData): Promise<StoredUser> {
    return { userId, ...(await changeRecord(this.#records, kind, userId, change)) }
  }

  async setEmail(userId: string, email: string | undefined): Promise<StoredUser> {
    const before = await this.get(userId)
    if (!before) throw new AccountFailure('not-found', `there is no user ${userId}`)
    const own = namesOf(before)
    const name = email === undefined ? undefined : normalizedName(email)
    if (name !== undefined && !own.includes(name)) await this.#claim(nameKind, name, userId, `the name ${name}`)
    const after = await this.change(userId, data => ({ ...data, email }))
    for (const old of own) if (!namesOf(after).includes(old)) await this.#records.delete(nameKind, old)
    return after
  }

  async link(userId: string, link: Link): Promise<StoredUser> {
    await this.#claim(linkKind, linkId(link), userId, `the account ${link.subject} of ${link.issuer}`)
    return this.change(userId, data => ({ ...data, links: [...data.links, link] }))
  }

  async delete(userId: string): Promise<StoredUser | undefined> {
    const user = await this.get(userId)
    if (!user) return undefined
    // The user first: names without one are free again by themselves.
    await this.#records.delete(kind, userId)
    for (const name of namesOf(user)) await this.#records.delete(nameKind, name)
    for (const link of user.links) await this.#records.delete(linkKind, linkId(link))
    return user
  }

  async #claimed(kind: string, id: string): Promise<StoredUser | undefined> {
    const record = await this.#records.get(kind, id)
    return record && this.get((JSON.parse(record.json) as Claim).userId)
  }

  async #claim(kind: string, id: string, userId: string, what: string): Promise<void> {
    const atMs = this.#now()
    const json = JSON.stringify({ userId, atMs } satisfies Claim)
    if ((await this.#records.put({ kind, id, json }, 0)) !== undefined) return
    const taken = await this.#records.get(kind, id)
    const claim = taken && (JSON.parse(taken.json) as Claim)
    const isFree = claim && claim.atMs + claimMs < atMs && !(await this.get(claim.userId))
    if (isFree && (await this.#records.put({ kind, id, json }, taken.version)) !== undefined) return
    throw new AccountFailure('conflict', `${what} belongs to a user already`)
  }
}

function namesOf({ username, email }: Pick<UserProfile, 'username' | 'email'>): string[] {
  return [...new Set([username, ...(email === undefined ? [] : [email])].map(normalizedName))]
}

function normalizedName(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}

function linkId({ issuer, subject }: Link): string {
  return JSON.stringify([issuer, subject])
}
