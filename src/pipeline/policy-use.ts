// That somebody was permitted something, and by which policies: what grants are of use is told from it.

export interface PolicyUse {
  readonly kind: 'client' | 'user' | 'apiKey'
  readonly id: string
  readonly route: string
  readonly operation: string
  /** Those that permitted it, by id. */
  readonly policies: readonly string[]
  readonly atMs: number
}

/** What is told of one use, and not again for a while, to a store that knows each once. */
export function useKey({ kind, id, route, operation, policies }: PolicyUse): string {
  return JSON.stringify([kind, id, route, operation, policies])
}
