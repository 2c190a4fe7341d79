// Takes over what another gateway has changed in a store that both share, as far as workers must know of it.

import type { Records } from '../store/store.ts'
import { type ApiKeys, apiKeyKind } from './api-keys.ts'
import { type Clients, clientEntry, clientKind } from './clients.ts'
import { type DenyList, deniedKind } from './deny-list.ts'
import type { Knowledge } from './knowledge.ts'
import { type OpaqueTokens, tokenKinds } from './opaque-tokens.ts'
import { signingKind, verdictKind } from './signing-keys.ts'

/** All other kinds are read when they are asked for, so gateways need not hear of them. */
export const followedKinds: readonly string[] = [
  apiKeyKind,
  clientKind,
  deniedKind,
  ...tokenKinds,
  signingKind,
  verdictKind,
]

export interface SharedChangesOptions {
  readonly records: Records
  readonly keys: ApiKeys
  readonly clients: Clients
  readonly denied: DenyList
  readonly tokens: OpaqueTokens
  readonly knowledge: Knowledge
  readonly now: () => number
  /** Signing keys have changed, or may have. */
  readonly onSigningKeys: () => Promise<void>
}

export class SharedChanges {
  readonly #options: SharedChangesOptions

  constructor(options: SharedChangesOptions) {
    this.#options = options
  }

  async take(kind: string, id: string): Promise<void> {
    const { records, keys, denied, tokens, knowledge, onSigningKeys } = this.#options
    if (kind === apiKeyKind) {
      const entry = await keys.entry(id)
      knowledge.tell(entry ? { keys: [entry] } : { removedKeys: [id] })
    } else if (kind === clientKind) await this.takeClient(id)
    else if (kind === deniedKind) {
      const entry = await denied.entry(id)
      if (entry) knowledge.tell({ denied: [entry] })
    } else if (tokenKinds.includes(kind) && tokens.issuer !== undefined) {
      const token = await tokens.take(records, kind, id)
      knowledge.tell(token ? { tokens: [token] } : { removedTokens: [id] })
    } else if (kind === signingKind || kind === verdictKind) await onSigningKeys()
  }

  async takeClient(clientId: string): Promise<void> {
    const { clients, knowledge } = this.#options
    const client = await clients.get(clientId)
    const entry = client && clientEntry(client)
    if (entry) knowledge.tell({ clients: [entry] })
    else if (knowledge.hasClient(clientId)) knowledge.tell({ removedClients: [clientId] })
  }

  /** When changes may have been missed. */
  async takeAll(): Promise<void> {
    const { records, tokens, knowledge, now, onSigningKeys } = this.#options
    const all = await this.read()
    knowledge.tell({ ...all, ...knowledge.besides(all.keys, all.clients) })
    if (tokens.issuer !== undefined) {
      const removedTokens = await tokens.reload(records, now())
      knowledge.tell({ tokens: tokens.entries(), removedTokens })
    }
    await onSigningKeys()
  }

  async read() {
    const { keys, clients, denied } = this.#options
    return { keys: await keys.entries(), clients: await clients.entries(), denied: await denied.entries() }
  }
}
