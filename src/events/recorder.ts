// The main thread's end of the way to the journal: commits what all workers send, in one transaction every few
// milliseconds, then prints it, then tells the workers that it is stored.

import type { Journal, StoredEvent } from '../store/store.ts'
import type { Lines } from './lines.ts'

/** How long events may wait for those of other workers. With the worker's own 20 ms it is under 50 ms in all. */
const waitMs = 20
const pruneEveryMs = 60_000

interface Batch {
  readonly events: readonly StoredEvent[]
  readonly stored: (count: number) => void
}

export interface RecorderOptions {
  readonly journal: Journal
  readonly lines: readonly Lines[]
  readonly retentionMs: number
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

export class Recorder {
  /** Events in the journal since the start. */
  stored = 0
  /** Events that the journal refused (disk full): they were only printed. */
  dropped = 0
  readonly #options: RecorderOptions
  #retentionMs: number
  #lines: readonly Lines[]
  #batches: Batch[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #pruning: NodeJS.Timeout

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#retentionMs = options.retentionMs
    this.#lines = options.lines
    this.#pruning = setInterval(() => this.#prune(), pruneEveryMs)
    this.#pruning.unref()
  }

  /** Takes another configuration. */
  use(lines: readonly Lines[], retentionMs: number): void {
    this.#lines = lines
    this.#retentionMs = retentionMs
  }

  add(events: readonly StoredEvent[], stored: (count: number) => void): void {
    this.#batches.push({ events, stored })
    this.#timer ??= setTimeout(() => this.flush(), waitMs)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batches = this.#batches
    if (batches.length === 0) return
    this.#batches = []
    const events = batches.flatMap(batch => batch.events)
    try {
      this.#options.journal.append(events)
      this.stored += events.length
    } catch (error) {
      this.dropped += events.length
      this.#options.onError(error)
    }
    for (const lines of this.#lines) for (const { json } of events) lines.write(json)
    for (const batch of batches) batch.stored(batch.events.length)
  }

  close(): void {
    clearInterval(this.#pruning)
    this.flush()
  }

  #prune(): void {
    try {
      this.#options.journal.prune(this.#options.now() - this.#retentionMs)
    } catch (error) {
      this.#options.onError(error)
    }
  }
}
