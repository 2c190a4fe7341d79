// What was offered to a session and not taken yet: the secret of an app, the challenge of a passkey. Sealed, and gone
// after some minutes.

import type { Records } from '../../store/store.ts'
import type { Keyring } from '../keyring.ts'

const kind = 'enrolment'
const lifeMs = 15 * 60_000

export class Enrolments {
  readonly #records: Records
  readonly #keyring: Keyring
  readonly #now: () => number

  constructor(records: Records, keyring: Keyring, now: () => number) {
    this.#records = records
    this.#keyring = keyring
    this.#now = now
  }

  async set(what: string, session: string, text: string): Promise<void> {
    const id = `${what}/${session}`
    const json = JSON.stringify(this.#keyring.seal(text, `${kind}/${id}`))
    await this.#records.put({ kind, id, json, expiresAtMs: this.#now() + lifeMs })
  }

  async get(what: string, session: string): Promise<string | undefined> {
    const id = `${what}/${session}`
    const record = await this.#records.get(kind, id)
    if (!record || (record.expiresAtMs ?? 0) <= this.#now()) return undefined
    return this.#keyring.open(JSON.parse(record.json) as string, `${kind}/${id}`)
  }

  /** For the first who takes it. */
  async take(what: string, session: string): Promise<string | undefined> {
    const text = await this.get(what, session)
    return (await this.#records.delete(kind, `${what}/${session}`)) ? text : undefined
  }
}
