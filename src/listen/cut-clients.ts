// Client addresses whose connections were cut for what they overdid, each of them a budget's worth of work. Who comes back
// to be cut again and again is not let in for a while.

/** In which cuts are counted, and for how long after the last one an address stays out. */
const windowMs = 60_000
/** Addresses remembered at the most; the one that was cut longest ago is forgotten first. */
const addressesMax = 10_000

interface Cuts {
  readonly count: number
  readonly lastMs: number
}

export class CutClients {
  /** In the order of their last cut. */
  readonly #cuts = new Map<string, Cuts>()
  readonly #now: () => number

  /** @param now Milliseconds, of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now
  }

  add(key: string): void {
    const before = this.#known(key)
    this.#cuts.delete(key)
    if (this.#cuts.size >= addressesMax) {
      for (const oldest of this.#cuts.keys()) {
        this.#cuts.delete(oldest)
        break
      }
    }
    this.#cuts.set(key, { count: (before?.count ?? 0) + 1, lastMs: this.#now() })
  }

  /** Whether its connections were cut as often as that, a moment ago. */
  isOut(key: string, max: number): boolean {
    return this.#cuts.size > 0 && (this.#known(key)?.count ?? 0) >= max
  }

  #known(key: string): Cuts | undefined {
    const cuts = this.#cuts.get(key)
    return cuts && this.#now() - cuts.lastMs < windowMs ? cuts : undefined
  }
}
