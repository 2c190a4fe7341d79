// Slows down who guesses, without giving anybody the means to lock others out. Guesses are counted for a client network,
// for a network with an account, and for an account. Delays grow with each miss. What counts for the account alone is
// asked only of strangers: who comes with the cookie of a device that signed in before has a count of their own, so that
// whatever others do, the owner gets in from where they always do. Names that belong to nobody are counted as others are.

import { Lru } from '../../lib/lru.ts'

export interface ThrottleLimit {
  /** Misses that cost nothing but the next try. */
  readonly free: number
  readonly delayMaxMs: number
}

export const throttleLimits = {
  network: { free: 20, delayMaxMs: 15 * 60_000 },
  pair: { free: 5, delayMaxMs: 15 * 60_000 },
  device: { free: 5, delayMaxMs: 15 * 60_000 },
  account: { free: 30, delayMaxMs: 60_000 },
} as const satisfies Record<string, ThrottleLimit>

/** Counts are kept for so many networks, pairs and accounts; those not used for longest are forgotten first. */
const throttleEntriesMax = 50_000
/** Misses are forgotten when there was none for so long. */
export const forgetAfterMs = 60 * 60_000

interface Count {
  misses: number
  lastMs: number
}

export interface Attempt {
  /** The network of the client, as `ipKey` gives it. */
  readonly network: string
  readonly account: string
  /** The device that signed in to this account before, if that is proved. */
  readonly device: string | undefined
}

export type Turn = { readonly waitMs: number } | { readonly waitMs: 0; succeeded(): void }

export class LoginThrottle {
  readonly #now: () => number
  readonly #counts: Lru<string, Count>

  constructor(now: () => number, entriesMax = throttleEntriesMax) {
    this.#now = now
    this.#counts = new Lru(entriesMax)
  }

  /**
   * Asks for a try. It counts as a miss from now on, so that many at once don't all pass before the first has failed;
   * `succeeded` takes that back.
   */
  begin(attempt: Attempt): Turn {
    const keys = keysOf(attempt)
    const waitMs = Math.max(...keys.map(([key, limit]) => this.#waitMs(key, limit)))
    if (waitMs > 0) return { waitMs }
    for (const [key] of keys) this.#miss(key)
    return {
      waitMs: 0,
      succeeded: () => {
        for (const [key, limit] of keys)
          this.#undo(key, limit === throttleLimits.pair || limit === throttleLimits.device)
      },
    }
  }

  get size(): number {
    return this.#counts.size
  }

  /** Forgets what is counted against an account, from wherever it came. */
  unlock(account: string): void {
    const end = `|${account}`
    for (const key of this.#counts.keys()) if (key.endsWith(end)) this.#counts.delete(key)
  }

  #waitMs(key: string, { free, delayMaxMs }: ThrottleLimit): number {
    const count = this.#counts.get(key)
    if (!count || count.misses < free) return 0
    const delayMs = Math.min(delayMaxMs, 1000 * 2 ** Math.min(count.misses - free, 30))
    return Math.max(0, count.lastMs + delayMs - this.#now())
  }

  #miss(key: string): void {
    const nowMs = this.#now()
    const count = this.#counts.get(key)
    if (count && count.lastMs + forgetAfterMs > nowMs) {
      count.misses++
      count.lastMs = nowMs
    } else this.#counts.set(key, { misses: 1, lastMs: nowMs })
  }

  /** Who signs in proves nothing about other accounts tried from their network, so only the own count is forgotten. */
  #undo(key: string, whole: boolean): void {
    const count = this.#counts.get(key)
    if (!count) return
    if (whole || count.misses <= 1) this.#counts.delete(key)
    else count.misses--
  }
}

function keysOf({ network, account, device }: Attempt): (readonly [string, ThrottleLimit])[] {
  if (device !== undefined) return [[`d|${device}|${account}`, throttleLimits.device]]
  return [
    [`n|${network}`, throttleLimits.network],
    [`p|${network}|${account}`, throttleLimits.pair],
    [`a|${account}`, throttleLimits.account],
  ]
}
