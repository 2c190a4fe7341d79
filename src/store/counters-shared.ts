// Counters of one machine: an open-addressing table of GCRA buckets in memory that all workers share. Without locks,
// because a worker that is terminated in the middle of a take must leave nothing locked behind.
//
// A bucket is one 64-bit word: 20 bits of the key's hash and 44 bits of TAT, the theoretical arrival time of GCRA. To
// claim a slot, to change its key and to take from it are therefore one and the same compare-and-swap, and no thread
// ever sees half of it. A TAT that is past means the same as no bucket at all, so such a slot is free for any key.
// Slot and tag are 36 bits of a hash with a secret seed: among 10,000 live clients the chance that any two share a
// bucket is 1 in 100, and nobody can choose to collide.

import { randomFillSync } from 'node:crypto'
import { sipHash } from './sip-hash.ts'
import type { Counters, TakeResult } from './store.ts'

/** Slots that a key may be in. Past them the bucket that fills soonest is given up, and counted. */
const probes = 8
/** TAT counts in 4 µs since the table was made, and wraps after two years: then every bucket is forgiven once. */
const unitsPerMs = 250
/** A bucket that fills later than this is not a bucket: the clock was set back, or TAT has wrapped. */
const windowMsMax = 7 * 86_400_000
const tatBits = 44
const tatLimit = 2 ** tatBits
const tagBits = 20
const word32 = 2 ** 32

/** Head of the buffer: seed (4 words), evictions (1), unused (1), start in ms (one double). */
const headBytes = 32

export function createSharedCounters(slots = 65_536, nowMs = Date.now()): SharedArrayBuffer {
  const size = 2 ** Math.ceil(Math.log2(Math.max(slots, probes)))
  const buffer = new SharedArrayBuffer(headBytes + size * 8)
  new Uint32Array(buffer, 0, 4).set(randomFillSync(new Uint32Array(4)))
  new Float64Array(buffer, 24, 1)[0] = nowMs
  return buffer
}

export class SharedCounters implements Counters {
  readonly #seed: Uint32Array
  readonly #evictions: Uint32Array
  readonly #startMs: number
  readonly #slots: BigInt64Array
  readonly #mask: number
  readonly #hash = new Uint32Array(2)

  constructor(buffer: SharedArrayBuffer) {
    this.#seed = new Uint32Array(4)
    this.#seed.set(new Uint32Array(buffer, 0, 4))
    this.#evictions = new Uint32Array(buffer, 16, 1)
    this.#startMs = new Float64Array(buffer, 24, 1)[0] ?? 0
    this.#slots = new BigInt64Array(buffer, headBytes)
    this.#mask = this.#slots.length - 1
  }

  /** Buckets given up because their neighbourhood was full: each forgave a client what it had used. */
  get evictions(): number {
    return Atomics.load(this.#evictions, 0)
  }

  take(key: string, cost: number, limit: number, windowMs: number, nowMs: number): TakeResult {
    const step = Math.max(1, Math.ceil((Math.min(windowMs, windowMsMax) * unitsPerMs) / limit))
    const now = 1 + (Math.max(0, Math.round((nowMs - this.#startMs) * unitsPerMs)) % (tatLimit - 1))
    if (cost > limit) return { allowed: false, remaining: 0, resetMs: windowMs, retryAfterMs: windowMs }
    sipHash(this.#seed, key, this.#hash)
    const home = (this.#hash[0] ?? 0) & this.#mask
    const tag = (this.#hash[1] ?? 0) >>> (32 - tagBits)
    for (;;) {
      const slot = this.#find(home, tag, now)
      const word = Atomics.load(this.#slots, slot)
      const held = tatOf(word)
      const isMine = tagOf(word) === tag
      const isFree = !isLive(held, now)
      if (!isMine && !isFree && !this.#isCrowded(home, tag, now)) continue // someone else took it: look again
      const tat = isMine && !isFree ? Math.min(held, now + limit * step) : now
      const next = tat + cost * step
      const overdraft = next - now - limit * step
      if (overdraft > 0) return refused(tat - now, limit, step, overdraft)
      if (Atomics.compareExchange(this.#slots, slot, word, pack(tag, next)) !== word) continue
      if (!isMine) {
        if (!isFree) Atomics.add(this.#evictions, 0, 1)
        this.#settle(home, tag, now)
      }
      return allowed(next - now, limit, step)
    }
  }

  /** The slot of this key; else the first free one; else the one that is free soonest. */
  #find(home: number, tag: number, now: number): number {
    let free = -1
    let soonest = home
    let soonestTat = Number.POSITIVE_INFINITY
    for (let i = 0; i < probes; i++) {
      const slot = (home + i) & this.#mask
      const word = Atomics.load(this.#slots, slot)
      const tat = tatOf(word)
      if (isLive(tat, now)) {
        if (tagOf(word) === tag) return slot
        if (tat < soonestTat) {
          soonest = slot
          soonestTat = tat
        }
      } else if (free < 0) free = slot
    }
    return free < 0 ? soonest : free
  }

  /** True when the key has no slot and no slot is free. */
  #isCrowded(home: number, tag: number, now: number): boolean {
    for (let i = 0; i < probes; i++) {
      const word = Atomics.load(this.#slots, (home + i) & this.#mask)
      if (!isLive(tatOf(word), now) || tagOf(word) === tag) return false
    }
    return true
  }

  /**
   * Two threads that met a key for the first time at once may have claimed two slots for it. Each looks again after its
   * claim, so at least one sees both: what the later slot holds is then moved to the earlier one, where all will look.
   */
  #settle(home: number, tag: number, now: number): void {
    let first = -1
    for (let i = 0; i < probes; i++) {
      const slot = (home + i) & this.#mask
      const word = Atomics.load(this.#slots, slot)
      if (!isLive(tatOf(word), now) || tagOf(word) !== tag) continue
      if (first < 0) first = slot
      else this.#move(slot, first, tag, now)
    }
  }

  #move(from: number, to: number, tag: number, now: number): void {
    let word = Atomics.load(this.#slots, from)
    while (tagOf(word) === tag && isLive(tatOf(word), now)) {
      const seen = Atomics.compareExchange(this.#slots, from, word, 0n)
      if (seen === word) return this.#charge(to, tag, tatOf(word) - now)
      word = seen
    }
  }

  #charge(slot: number, tag: number, units: number): void {
    for (;;) {
      const word = Atomics.load(this.#slots, slot)
      if (tagOf(word) !== tag) return
      if (Atomics.compareExchange(this.#slots, slot, word, pack(tag, tatOf(word) + units)) === word) return
    }
  }
}

function isLive(tat: number, now: number): boolean {
  return tat > now && tat - now <= windowMsMax * unitsPerMs * 2
}

function allowed(used: number, limit: number, step: number): TakeResult {
  return {
    allowed: true,
    remaining: Math.max(0, Math.floor((limit * step - used) / step)),
    resetMs: used / unitsPerMs,
    retryAfterMs: 0,
  }
}

function refused(used: number, limit: number, step: number, overdraft: number): TakeResult {
  return {
    allowed: false,
    remaining: Math.max(0, Math.floor((limit * step - used) / step)),
    resetMs: used / unitsPerMs,
    retryAfterMs: overdraft / unitsPerMs,
  }
}

/** Tag in the upper 20 bits, TAT in the lower 44. */
function pack(tag: number, tat: number): bigint {
  const wrapped = tat % tatLimit
  const low = wrapped % word32
  const high = tag * 2 ** (tatBits - 32) + (wrapped - low) / word32
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
}

function tatOf(word: bigint): number {
  return Number(BigInt.asUintN(tatBits, word))
}

function tagOf(word: bigint): number {
  return Number(BigInt.asUintN(64, word) >> BigInt(tatBits))
}
