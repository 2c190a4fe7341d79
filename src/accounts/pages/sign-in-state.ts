// How far a sign-in has come: who it is so far, how that was proved, and what is asked of the browser at the moment. It
// belongs to one interaction of the authorization server, which its cookie proves.

import type { Records } from '../../store/store.ts'

const kind = 'sign-in'
/** From the first page to the last. */
export const signInMs = 30 * 60_000

export interface SignInState {
  readonly userId?: string
  /** Authentication methods (RFC 8176) that were used. */
  readonly amr: readonly string[]
  /** That was in this sign-in; else it is what a session of before knows. */
  readonly provedHere?: boolean
  /** Of the passkey that was asked for last; counts once. */
  readonly challenge?: string
}

export class SignInStates {
  readonly #records: Records
  readonly #now: () => number

  constructor(records: Records, now: () => number) {
    this.#records = records
    this.#now = now
  }

  async get(uid: string): Promise<SignInState | undefined> {
    const record = await this.#records.get(kind, uid)
    if (!record || (record.expiresAtMs ?? 0) <= this.#now()) return undefined
    return JSON.parse(record.json) as SignInState
  }

  async set(uid: string, state: SignInState): Promise<void> {
    await this.#records.put({ kind, id: uid, json: JSON.stringify(state), expiresAtMs: this.#now() + signInMs })
  }

  /** The challenge, for the first who takes it. */
  async takeChallenge(uid: string): Promise<string | undefined> {
    const record = await this.#records.get(kind, uid)
    const state = await this.get(uid)
    if (!record || state?.challenge === undefined) return undefined
    const { challenge, ...rest } = state
    const next = { kind, id: uid, json: JSON.stringify(rest), expiresAtMs: this.#now() + signInMs }
    return (await this.#records.put(next, record.version)) === undefined ? undefined : challenge
  }

  async end(uid: string): Promise<void> {
    await this.#records.delete(kind, uid)
  }
}
