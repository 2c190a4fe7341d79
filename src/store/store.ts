// What is kept, by how it outgrows one machine: Counters first (they may be lost), then Journal. Interfaces only;
// drivers stand beside this file and share one conformance suite an interface (store/conformance/).

/** Shared by all workers. Every call is atomic by itself, never a read followed by a write. */
export interface Counters {
  /**
   * Takes `cost` units from a GCRA bucket (Generic Cell Rate Algorithm, ITU-T I.371): `limit` units a window, all of
   * which may come at once. Refused units are not taken.
   */
  take(key: string, cost: number, limit: number, windowMs: number, nowMs: number): TakeResult
}

export interface TakeResult {
  readonly allowed: boolean
  /** Whole units left right now. */
  readonly remaining: number
  /** Until the bucket is full again. */
  readonly resetMs: number
  /** Until `cost` units are to be had; 0 when allowed. */
  readonly retryAfterMs: number
}

/** Append-only security events, read by time. Written by the main thread alone. */
export interface Journal {
  /** When it returns the events are durable: the transaction is committed. */
  append(events: readonly StoredEvent[]): void
  query(filter: EventFilter): readonly StoredEvent[]
  /** Deletes events older than `beforeMs`; returns how many. */
  prune(beforeMs: number): number
  close(): void
}

export interface StoredEvent {
  readonly reference: string
  readonly timeMs: number
  readonly action: string
  readonly guard: string
  readonly clientIp: string
  readonly path: string
  /** The whole event as one JSON line, already masked. */
  readonly json: string
  /** Where it stands in the journal; grows. Set by the journal, absent before it is stored. */
  readonly position?: number
}

export interface EventFilter {
  readonly reference?: string
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly action?: string
  readonly guard?: string
  readonly clientIp?: string
  /** Only events stored after this position; positions grow. For tailing. */
  readonly after?: number
  readonly order: 'oldest-first' | 'newest-first'
  readonly limit: number
}
