// Stops asking an upstream that mostly fails: requests are answered at once with 503 while the circuit is open, then
// single requests try whether it is well again.

import type { BreakerConfig } from '../config/config.ts'

export class Breaker {
  /** How often it opened. */
  opened = 0
  readonly #config: BreakerConfig
  #startedMs = 0
  #good = 0
  #bad = 0
  #openUntilMs = 0
  #trialUntilMs = 0

  constructor(config: BreakerConfig) {
    this.#config = config
  }

  isOpen(nowMs: number): boolean {
    return this.#openUntilMs > 0 && nowMs < this.#openUntilMs
  }

  /** Time until a request may go; 0: now. The caller tells by `record` how it went. */
  waitMs(nowMs: number): number {
    if (this.#openUntilMs === 0) return 0
    if (nowMs < this.#openUntilMs) return this.#openUntilMs - nowMs
    // One trial at a time; one of which nothing is heard does not block the next for ever.
    if (nowMs < this.#trialUntilMs) return this.#trialUntilMs - nowMs
    this.#trialUntilMs = nowMs + this.#config.openMs
    return 0
  }

  record(good: boolean, nowMs: number): void {
    const { share, requests, windowMs, openMs } = this.#config
    if (this.#openUntilMs > 0) {
      if (nowMs < this.#openUntilMs) return // sent before it opened
      this.#trialUntilMs = 0
      if (good) this.#close(nowMs)
      else this.#openUntilMs = nowMs + openMs
      return
    }
    if (nowMs - this.#startedMs >= windowMs) this.#close(nowMs)
    if (good) this.#good++
    else this.#bad++
    const all = this.#good + this.#bad
    if (good || all < requests || this.#bad * 100 < share * all) return
    this.opened++
    this.#openUntilMs = nowMs + openMs
  }

  #close(nowMs: number): void {
    this.#openUntilMs = 0
    this.#startedMs = nowMs
    this.#good = 0
    this.#bad = 0
  }
}
