// Tokens and clients that are refused though their tokens have not expired yet. An entry lives as long as the last token
// it is about, so the list stays as short as tokens are short-lived.

import type { Records } from '../store/store.ts'
import { allRecords } from './changed-record.ts'
import { AccountFailure } from './failure.ts'
import { type DeniedEntry, isDeniedBy } from './update.ts'

export const deniedKind = 'denied'
const kind = deniedKind
/** Workers hold them in memory. Whoever revokes more tokens in an hour revokes clients instead. */
const defaultMax = 500_000

export class DenyList {
  readonly #records: Records
  readonly #now: () => number
  readonly #max: number
  #count: number | undefined

  constructor(records: Records, now: () => number, max = defaultMax) {
    this.#records = records
    this.#now = now
    this.#max = max
  }

  /** Durable when it resolves. */
  async add({ what, ...entry }: DeniedEntry): Promise<void> {
    this.#count ??= (await this.entries()).length
    if (this.#count >= this.#max) {
      throw new AccountFailure('conflict', `${this.#max} tokens are revoked at once already: revoke their clients`)
    }
    this.#count++
    await this.#records.put({ kind, id: what, json: JSON.stringify(entry), expiresAtMs: entry.untilMs })
  }

  async has(whats: readonly string[], issuedAtMs: number): Promise<boolean> {
    const found = await Promise.all(whats.map(what => this.#records.get(kind, what)))
    return found.some(record => record && isDeniedBy(JSON.parse(record.json) as Omit<DeniedEntry, 'what'>, issuedAtMs))
  }

  async entry(what: string): Promise<DeniedEntry | undefined> {
    const record = await this.#records.get(kind, what)
    return record && { what, ...(JSON.parse(record.json) as Omit<DeniedEntry, 'what'>) }
  }

  async entries(): Promise<readonly DeniedEntry[]> {
    const nowMs = this.#now()
    return (await allRecords<Omit<DeniedEntry, 'what'>>(this.#records, kind))
      .map(([what, entry]) => ({ what, ...entry }))
      .filter(({ untilMs }) => untilMs > nowMs)
  }

  /** Counts anew after expired entries are gone. */
  pruned(): void {
    this.#count = undefined
  }
}
