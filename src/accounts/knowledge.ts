// What workers know of keys, clients and revocations: kept here as well, so that a worker that starts learns it in one
// moment. Whatever changes goes through `tell`.

import type { ClientEntry, DeniedEntry, IdentityUpdate, KeyEntry } from './update.ts'

export class Knowledge {
  readonly #onUpdate: ((update: IdentityUpdate) => void) | undefined
  readonly #keys = new Map<string, KeyEntry>()
  readonly #clients = new Map<string, ClientEntry>()
  readonly #denied = new Map<string, DeniedEntry>()
  #isStale = false

  constructor(onUpdate: ((update: IdentityUpdate) => void) | undefined) {
    this.#onUpdate = onUpdate
  }

  /** Before there are workers. */
  load(update: Pick<IdentityUpdate, 'keys' | 'clients' | 'denied'>): void {
    for (const entry of update.keys ?? []) this.#keys.set(entry.id, entry)
    for (const entry of update.clients ?? []) this.#clients.set(entry.id, entry)
    for (const entry of update.denied ?? []) this.#denied.set(entry.what, entry)
  }

  tell(update: IdentityUpdate): void {
    this.load(update)
    for (const id of update.removedKeys ?? []) this.#keys.delete(id)
    for (const id of update.removedClients ?? []) this.#clients.delete(id)
    if (update.stale !== undefined) this.#isStale = update.stale
    this.#onUpdate?.(update)
  }

  get state() {
    return {
      keys: [...this.#keys.values()],
      clients: [...this.#clients.values()],
      denied: [...this.#denied.values()],
      stale: this.#isStale,
    }
  }

  hasClient(clientId: string): boolean {
    return this.#clients.has(clientId)
  }

  /** Keys and clients that are known and not among these. */
  besides(keys: readonly KeyEntry[], clients: readonly ClientEntry[]) {
    return { removedKeys: missing(this.#keys, keys), removedClients: missing(this.#clients, clients) }
  }

  /** Workers forget by themselves what is over. */
  forgetDenied(nowMs: number): void {
    for (const [what, { untilMs }] of this.#denied) if (untilMs <= nowMs) this.#denied.delete(what)
  }
}

function missing(known: ReadonlyMap<string, unknown>, entries: readonly { readonly id: string }[]): string[] {
  const ids = new Set(entries.map(({ id }) => id))
  return [...known.keys()].filter(id => !ids.has(id))
}
