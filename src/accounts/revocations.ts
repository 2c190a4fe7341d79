// Takes tokens back that nobody asks us about: a JWT, all of a client, of a user, or of one grant. They are denied in the
// store first and by every worker then.

import type { DenyList } from './deny-list.ts'
import type { Knowledge } from './knowledge.ts'
import type { OpaqueTokens } from './opaque-tokens.ts'
import type { Denials } from './people.ts'
import { grantOf } from './sessions.ts'
import { tokenTtlS } from './token-ttl.ts'
import type { DeniedEntry } from './update.ts'

export class Revocations implements Denials {
  readonly #denied: DenyList
  readonly #tokens: OpaqueTokens
  readonly #knowledge: Knowledge
  readonly #now: () => number

  constructor(denied: DenyList, tokens: OpaqueTokens, knowledge: Knowledge, now: () => number) {
    this.#denied = denied
    this.#tokens = tokens
    this.#knowledge = knowledge
    this.#now = now
  }

  async deny(entry: DeniedEntry): Promise<void> {
    await this.#denied.add(entry)
    this.#knowledge.tell({ denied: [entry] })
  }

  denyClient(clientId: string): Promise<void> {
    return this.deny(this.#untilForgotten(`client:${clientId}`))
  }

  denyUser(userId: string, issuedBeforeMs: number | undefined): Promise<void> {
    const entry = this.#untilForgotten(`user:${userId}`)
    return this.deny(issuedBeforeMs === undefined ? entry : { ...entry, issuedBeforeMs })
  }

  async denyGrant(family: string): Promise<void> {
    const removedTokens = this.#tokens.removeGrant(grantOf(family))
    if (removedTokens.length > 0) this.#knowledge.tell({ removedTokens })
    await this.deny(this.#untilForgotten(family))
  }

  /** A token that is being made at this moment lives as long as any. */
  #untilForgotten(what: string): DeniedEntry {
    return { what, untilMs: this.#now() + 2 * tokenTtlS * 1000 }
  }
}
