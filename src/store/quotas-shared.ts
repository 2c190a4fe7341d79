// Counts of long periods (hours to months), exact and shared by all workers: an open-addressing table in shared memory.
// Without locks, for the reason that counters-shared.ts gives. A slot is two 64-bit words: the hash of key and period,
// and the count with the second in which its period ends. A count is changed by one compare-and-swap. A slot whose period
// is over is free for another hash: it is marked, given the new hash, and then a count, so that nobody takes the one for
// the other; a thread that is ended in between leaves one slot unused, and nothing locked.
//
// Nothing that counts is ever given up for something new: when there is no room, that is said, and the guard refuses.

import { sipHash } from './sip-hash.ts'
import type { QuotaCount, Quotas } from './store.ts'

/** Counts that fit, 16 bytes each: one for each key and calendar period, 13 for each key and rolling period. */
const quotaSlots = 262_144
const probes = 64
const countMax = 0xffff_ffff
/** How often a slot that is being given away is looked at again. */
const spins = 200
const marked = -1n
/** A slot is given away only this long after its period: a thread that slept may still count in it. */
const graceS = 10

/** Head of the buffer: seed (4 words), changes (1), unused (3). */
const headBytes = 32

export function createSharedQuotas(seed: Uint8Array, slots = quotaSlots): SharedArrayBuffer {
  const size = 2 ** Math.ceil(Math.log2(Math.max(slots, probes)))
  const buffer = new SharedArrayBuffer(headBytes + size * 16)
  new Uint8Array(buffer, 0, 16).set(seed.subarray(0, 16))
  return buffer
}

export class SharedQuotas implements Quotas {
  readonly #seed = new Uint32Array(4)
  readonly #changes: Uint32Array
  readonly #words: BigInt64Array
  readonly #mask: number
  readonly #hash = new Uint32Array(2)

  constructor(buffer: SharedArrayBuffer) {
    this.#seed.set(new Uint32Array(buffer, 0, 4))
    this.#changes = new Uint32Array(buffer, 16, 1)
    this.#words = new BigInt64Array(buffer, headBytes)
    this.#mask = this.#words.length / 2 - 1
  }

  /** Grows with every change; wraps. */
  get changes(): number {
    return Atomics.load(this.#changes, 0)
  }

  take(key: string, period: number, cost: number, limit: number, endMs: number, nowMs: number): QuotaCount {
    const hash = this.#hashOf(key, period)
    const nowS = Math.floor(nowMs / 1000)
    const endS = Math.ceil(endMs / 1000)
    for (let round = 0; round < spins * 2; round++) {
      const slot = this.#find(hash, nowS, round < spins)
      if (slot === undefined) continue
      if (slot < 0) return { taken: false, count: 0, isFull: true }
      const word = Atomics.load(this.#words, slot * 2 + 1)
      if (word === marked) continue
      const isMine = Atomics.load(this.#words, slot * 2) === hash
      const isLive = endOf(word) > nowS
      if (!isMine) {
        this.#claim(slot, word, hash)
        continue
      }
      const own = isLive ? countOf(word) : 0
      const count = own + this.#countElsewhere(hash, slot, nowS)
      if (count + cost > Math.min(limit, countMax)) return { taken: false, count, isFull: false }
      if (!this.#change(slot, hash, word, pack(isLive ? endOf(word) : endS, own + cost))) continue
      const elsewhere = this.#countElsewhere(hash, slot, nowS)
      if (own + cost + elsewhere <= limit) return { taken: true, count: own + cost + elsewhere, isFull: false }
      this.#takeOff(slot, cost)
      return { taken: false, count: limit, isFull: false }
    }
    return { taken: false, count: 0, isFull: true }
  }

  read(key: string, period: number, nowMs: number): number {
    return this.#countElsewhere(this.#hashOf(key, period), -1, Math.floor(nowMs / 1000))
  }

  giveBack(key: string, period: number, cost: number): void {
    const hash = this.#hashOf(key, period)
    const home = homeOf(hash)
    for (let i = 0; i < probes; i++) {
      const slot = (home + i) & this.#mask
      if (Atomics.load(this.#words, slot * 2) === hash) return this.#takeOff(slot, cost)
    }
  }

  /** What is in the table, for whoever keeps it. */
  *entries(): Generator<{ readonly slot: number; readonly hash: bigint; readonly word: bigint }> {
    for (let slot = 0; slot <= this.#mask; slot++) {
      const word = Atomics.load(this.#words, slot * 2 + 1)
      if (word !== 0n && word !== marked) yield { slot, hash: Atomics.load(this.#words, slot * 2), word }
    }
  }

  /** Puts back what was kept. Before any worker runs. */
  restore(hash: bigint, endS: number, count: number, nowS: number): void {
    const slot = this.#find(BigInt.asIntN(64, hash), nowS, false)
    if (slot === undefined || slot < 0) return
    this.#words[slot * 2] = BigInt.asIntN(64, hash)
    this.#words[slot * 2 + 1] = pack(endS, count)
  }

  /** The slot of this hash, else one that is free, -1 when there is none; undefined to look again. */
  #find(hash: bigint, nowS: number, waits: boolean): number | undefined {
    let free = -1
    const home = homeOf(hash)
    for (let i = 0; i < probes; i++) {
      const slot = (home + i) & this.#mask
      const known = Atomics.load(this.#words, slot * 2)
      const word = Atomics.load(this.#words, slot * 2 + 1)
      if (word === marked) {
        if (waits) return undefined // perhaps it is just being given to this very hash
      } else if (known === hash) return slot
      else if (free < 0 && (word === 0n || endOf(word) + graceS <= nowS)) free = slot
      if (known === 0n && word === 0n) break // never used: nothing stands behind it
    }
    return free
  }

  /**
   * What other slots count for this hash: a thread that did not wait for one that was ended, or slept, in the middle of
   * its claim has taken a second one.
   */
  #countElsewhere(hash: bigint, own: number, nowS: number): number {
    const home = homeOf(hash)
    let sum = 0
    for (let i = 0; i < probes; i++) {
      const slot = (home + i) & this.#mask
      const known = Atomics.load(this.#words, slot * 2)
      const word = Atomics.load(this.#words, slot * 2 + 1)
      if (known === 0n && word === 0n) break
      if (known === hash && slot !== own && word !== marked && endOf(word) > nowS) sum += countOf(word)
    }
    return sum
  }

  #claim(slot: number, word: bigint, hash: bigint): void {
    if (Atomics.compareExchange(this.#words, slot * 2 + 1, word, marked) !== word) return
    Atomics.store(this.#words, slot * 2, hash)
    Atomics.store(this.#words, slot * 2 + 1, 0n)
  }

  /** False when somebody else was faster, or the slot was given to another hash in between. */
  #change(slot: number, hash: bigint, from: bigint, to: bigint): boolean {
    if (Atomics.compareExchange(this.#words, slot * 2 + 1, from, to) !== from) return false
    Atomics.add(this.#changes, 0, 1)
    if (Atomics.load(this.#words, slot * 2) === hash) return true
    // The same word by chance, but of another: take back what was added to it.
    this.#takeOff(slot, countOf(to) - countOf(from))
    return false
  }

  #takeOff(slot: number, cost: number): void {
    for (;;) {
      const word = Atomics.load(this.#words, slot * 2 + 1)
      if (word === marked) return
      const less = pack(endOf(word), Math.max(0, countOf(word) - cost))
      if (Atomics.compareExchange(this.#words, slot * 2 + 1, word, less) !== word) continue
      Atomics.add(this.#changes, 0, 1)
      return
    }
  }

  /** Never 0, which means that a slot was never used. */
  #hashOf(key: string, period: number): bigint {
    sipHash(this.#seed, `${key}\n${period}`, this.#hash)
    const hash = (BigInt(this.#hash[1] ?? 0) << 32n) | BigInt(this.#hash[0] ?? 0)
    return hash === 0n ? 1n : BigInt.asIntN(64, hash)
  }
}

function homeOf(hash: bigint): number {
  return Number(BigInt.asUintN(31, hash))
}

/** End in the upper half, count in the lower. */
function pack(endS: number, count: number): bigint {
  return BigInt.asIntN(64, (BigInt(endS) << 32n) | BigInt(count))
}

export function endOf(word: bigint): number {
  return Number(BigInt.asUintN(64, word) >> 32n)
}

export function countOf(word: bigint): number {
  return Number(BigInt.asUintN(32, word))
}
