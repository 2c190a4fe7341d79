// Bounds retries to a share of the requests, so that an upstream that fails is not buried under three times its load.

/** Retries that are always there in a window, so that little traffic can have any at all. */
const leastRetries = 10
const windowMs = 10_000

export class RetryBudget {
  retries = 0
  refused = 0
  readonly #percent: number
  readonly #requests = new Window()
  readonly #retried = new Window()

  constructor(percent: number) {
    this.#percent = percent
  }

  request(nowMs: number): void {
    this.#requests.add(nowMs)
  }

  /** Whether there may be one more. */
  take(nowMs: number): boolean {
    const allowed = Math.max(leastRetries, (this.#requests.count(nowMs) * this.#percent) / 100)
    if (this.#retried.count(nowMs) + 1 > allowed) {
      this.refused++
      return false
    }
    this.#retried.add(nowMs)
    this.retries++
    return true
  }
}

/** Counts over one to two halves of the window. */
class Window {
  #half = 0
  #now = 0
  #before = 0

  add(nowMs: number): void {
    this.#turn(nowMs)
    this.#now++
  }

  count(nowMs: number): number {
    this.#turn(nowMs)
    return this.#now + this.#before
  }

  #turn(nowMs: number): void {
    const half = Math.floor((2 * nowMs) / windowMs)
    if (half === this.#half) return
    this.#before = half === this.#half + 1 ? this.#now : 0
    this.#now = 0
    this.#half = half
  }
}
