// What is kept, by how it outgrows one machine: Counters first (they may be lost), then Records and Journal. Interfaces
// only; drivers stand beside this file and share one conformance suite an interface (store/conformance/).

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

/** What may be seen once: ids of proofs and nonces. Shared by all workers; every call is atomic by itself. */
export interface Marks {
  /** When it began to remember: what is older may have been seen before. */
  readonly sinceMs: number
  /** For `ttlMs` from now, a day at the most. `full`: there is no room, so nobody knows, and nobody may pass. */
  mark(key: string, ttlMs: number, nowMs: number): Mark
}

export type Mark = 'first' | 'again' | 'full'

/** Counts of periods, shared by all workers and kept over a restart. */
export interface Quotas {
  /** Adds `cost` to the count of a key in a period, unless it would become more than `limit`. Atomic. */
  take(key: string, period: number, cost: number, limit: number, endMs: number, nowMs: number): QuotaCount
  /** 0 when the period is over. */
  read(key: string, period: number, nowMs: number): number
  giveBack(key: string, period: number, cost: number): void
}

export interface QuotaCount {
  readonly taken: boolean
  readonly count: number
  /** There is no room for another count. */
  readonly isFull: boolean
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

/**
 * Small things that change: clients, keys, tokens. Each has a kind and an id; what is in it is text that the store does
 * not read. Asynchronous, because a driver may speak to a server. What has resolved is durable.
 */
export interface Records {
  /** Also an expired record, until it is pruned: who asks knows the time. */
  get(kind: string, id: string): Promise<StoredRecord | undefined>
  /** Records of a kind with this value of an index, by id. */
  find(kind: string, index: string, value: string, limit: number): Promise<readonly StoredRecord[]>
  /** Records of a kind, by id, after one. */
  list(kind: string, options: { readonly after?: string; readonly limit: number }): Promise<readonly StoredRecord[]>
  /**
   * Writes a record when its version is still the one that was read, 0 for a record that must be new; whatever the
   * version when none is given. Resolves to the new version, or to undefined when somebody else was faster.
   */
  put(record: NewRecord, ifVersion?: number): Promise<number | undefined>
  /** Writes many at once, all or none, whatever their versions; without families and indexes. Watchers are not told. */
  putAll(records: readonly Omit<NewRecord, 'family' | 'indexes'>[]): Promise<void>
  /** Writes many new ones at once and tells watchers; resolves to false, and writes none, when one was there already. */
  createAll(records: readonly Omit<NewRecord, 'family' | 'indexes'>[]): Promise<boolean>
  /** Whether it was there. */
  delete(kind: string, id: string): Promise<boolean>
  /** Marks as used; true for the first caller alone, whoever calls at the same time. */
  consume(kind: string, id: string, nowMs: number): Promise<boolean>
  /** Deletes every record of a family, of whatever kind; resolves to how many. */
  deleteFamily(family: string): Promise<number>
  /** Deletes what has expired; resolves to how many. */
  prune(nowMs: number): Promise<number>
  /** From when it has resolved, tells of every change that others make, but for what is pruned. Once. */
  watch(watcher: RecordWatcher): Promise<void>
  close(): Promise<void>
}

/** Who wants to know what other processes change. */
export interface RecordWatcher {
  changed(kind: string, id: string): void
  /** Changes may be missed from now on. */
  lost(): void
  /** Changes are heard of again; those in between were missed. */
  back(): void
}

export interface NewRecord {
  readonly kind: string
  readonly id: string
  /** JSON, with nothing secret that is not hashed or sealed. */
  readonly json: string
  /** What is deleted together: all tokens of one grant. */
  readonly family?: string
  readonly expiresAtMs?: number
  /** Values by which it is found, by name of the index. */
  readonly indexes?: Readonly<Record<string, string>>
}

export interface StoredRecord extends Omit<NewRecord, 'indexes'> {
  /** Grows by one with each write. */
  readonly version: number
  readonly consumedAtMs?: number
}
