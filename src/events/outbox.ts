// The worker's end of the way to the journal: collects events, sends them to the main thread in batches, and counts
// what it must drop when the main thread doesn't keep up. An event is out of the queue when the main thread says that
// it is stored.

import type { StoredEvent } from '../store/store.ts'

const batchMax = 200
/** How long an event may wait for others to travel with. */
const waitMs = 20

export class Outbox {
  readonly #send: (events: readonly StoredEvent[]) => void
  #waiting: StoredEvent[] = []
  #unstored = 0
  #timer: NodeJS.Timeout | undefined
  /** Events waiting here or in the main thread, at the most. */
  max = 0
  /** Since the worker started. */
  dropped = 0

  constructor(send: (events: readonly StoredEvent[]) => void) {
    this.#send = send
  }

  push(event: StoredEvent): void {
    if (this.#waiting.length + this.#unstored >= this.max) {
      this.dropped++
      return
    }
    this.#waiting.push(event)
    if (this.#waiting.length >= batchMax) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), waitMs)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const batch = this.#waiting
    this.#waiting = []
    this.#unstored += batch.length
    this.#send(batch)
  }

  /** The main thread has stored that many. */
  stored(count: number): void {
    this.#unstored -= count
  }
}
