// One timer for all request bodies that we wait for. A timer each would be set and cleared for every chunk.

export interface Timed {
  /** Looks whether it has waited too long. */
  tick(nowMs: number): void
}

/** How exact body timeouts are. */
const tickMs = 100

export class BodyClock {
  readonly #waiting = new Set<Timed>()
  #timer: NodeJS.Timeout | undefined

  watch(timed: Timed): void {
    this.#waiting.add(timed)
    this.#timer ??= setInterval(() => this.#tick(), tickMs)
  }

  unwatch(timed: Timed): void {
    this.#waiting.delete(timed)
  }

  #tick(): void {
    const nowMs = performance.now()
    for (const timed of this.#waiting) timed.tick(nowMs)
    if (this.#waiting.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
