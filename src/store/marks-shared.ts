// Marks of one machine: what was seen once and must not be seen again, in memory that all workers share. Without locks,
// because a worker that is terminated in the middle of a mark must leave nothing locked behind.
//
// A mark is one 64-bit word: 40 bits of the key's hash and 24 bits of the second it ends in, so that to claim a slot is
// one compare-and-swap. Where there is no room nothing is given up: an attacker who fills the table must not be able to
// make it forget, so the answer is `full` and the caller refuses.

import { randomFillSync } from 'node:crypto'
import { sipHash } from './sip-hash.ts'
import type { Mark, Marks } from './store.ts'

/** 8 bytes each: room for 5,000 marks a second that live two minutes. Pages that were never used cost no memory. */
const defaultSlots = 2 ** 20
/** Slots that a key may be in. */
const probes = 32
/** Longer than this nothing is marked, so that a second that has wrapped is never taken for one to come. */
const ttlMaxS = 86_400
const endBits = 24
/** Seconds since the table was made, from 1, because 0 is a slot that was never used. */
const wrap = 2 ** endBits - 1
const word32 = 2 ** 32

/** Head of the buffer: seed (4 words), start in ms (one double), unused (8 bytes). */
const headBytes = 32

export function createSharedMarks(slots = defaultSlots, nowMs = Date.now()): SharedArrayBuffer {
  const size = 2 ** Math.ceil(Math.log2(Math.max(slots, probes)))
  const buffer = new SharedArrayBuffer(headBytes + size * 8)
  new Uint32Array(buffer, 0, 4).set(randomFillSync(new Uint32Array(4)))
  new Float64Array(buffer, 16, 1)[0] = nowMs
  return buffer
}

export class SharedMarks implements Marks {
  readonly sinceMs: number
  readonly #seed: Uint32Array
  readonly #slots: BigInt64Array
  readonly #mask: number
  readonly #hash = new Uint32Array(2)

  constructor(buffer: SharedArrayBuffer) {
    this.#seed = new Uint32Array(4)
    this.#seed.set(new Uint32Array(buffer, 0, 4))
    this.sinceMs = new Float64Array(buffer, 16, 1)[0] ?? 0
    this.#slots = new BigInt64Array(buffer, headBytes)
    this.#mask = this.#slots.length - 1
  }

  mark(key: string, ttlMs: number, nowMs: number): Mark {
    const nowS = Math.max(0, Math.floor((nowMs - this.sinceMs) / 1000))
    const now = 1 + (nowS % wrap)
    const ttlS = Math.min(ttlMaxS, Math.max(1, Math.ceil(ttlMs / 1000) + 1))
    const end = 1 + ((nowS + ttlS) % wrap)
    sipHash(this.#seed, key, this.#hash)
    const [low = 0, high = 0] = this.#hash
    const home = low & this.#mask
    const tag = high + (low >>> 24) * word32
    const word = pack(tag, end)
    for (;;) {
      let free = -1
      for (let i = 0; i < probes; i++) {
        const slot = (home + i) & this.#mask
        const held = Atomics.load(this.#slots, slot)
        if (isLive(endOf(held), now)) {
          if (tagOf(held) === tag) return 'again'
        } else if (free < 0) free = slot
      }
      if (free < 0) return 'full'
      const held = Atomics.load(this.#slots, free)
      if (isLive(endOf(held), now)) continue // someone else took it: look again
      if (Atomics.compareExchange(this.#slots, free, held, word) !== held) continue
      return this.#isElsewhere(home, tag, now, free) ? 'again' : 'first'
    }
  }

  /**
   * Two threads whose clocks read different seconds may have claimed two slots for one key. Each looks again after its
   * claim, so at least one sees both; when both do, both are refused, which no honest client meets.
   */
  #isElsewhere(home: number, tag: number, now: number, own: number): boolean {
    for (let i = 0; i < probes; i++) {
      const slot = (home + i) & this.#mask
      const held = Atomics.load(this.#slots, slot)
      if (slot !== own && tagOf(held) === tag && isLive(endOf(held), now)) return true
    }
    return false
  }
}

function isLive(end: number, now: number): boolean {
  const left = (end - now + wrap) % wrap
  return end !== 0 && left > 0 && left <= ttlMaxS
}

/** Tag in the upper 40 bits, end in the lower 24. */
function pack(tag: number, end: number): bigint {
  return BigInt.asIntN(64, (BigInt(tag) << BigInt(endBits)) | BigInt(end))
}

function endOf(word: bigint): number {
  return Number(BigInt.asUintN(endBits, word))
}

function tagOf(word: bigint): number {
  return Number(BigInt.asUintN(64, word) >> BigInt(endBits))
}
