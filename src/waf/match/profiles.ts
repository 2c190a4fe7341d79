// What the byte classes and the length of a value alone say about the entries of a prefilter, worked out once for each
// combination that occurs. Bounded: when too many were seen, new ones share a profile that rules out nothing.

import type { PrefilterIndex } from './prefilter-index.ts'

const maxProfiles = 8_192
/** A power of two, twice as many as profiles, so that a search for a free slot ends soon. */
const slotCount = 16_384
/** Lengths are told apart up to the last one. */
const lengthSteps: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24]
const stepOfLength = Uint8Array.from({ length: 25 }, (_, bytes) => lengthSteps.findLastIndex(step => step <= bytes))

/** In `missing`: no literal can make the entry a candidate. */
const impossible = 255

export class Profile {
  readonly number: number
  /** One bit an id. Needs no literal any more: a candidate at once. */
  readonly candidates: Int32Array
  /** One bit an id. Can be a candidate, given the right literals. */
  readonly possible: Int32Array
  /** By entry: cuts that must be satisfied by literals, or `impossible`. */
  readonly missing: Uint8Array
  /** By cut: 1 when a literal of it brings its entry nearer: the bytes don't satisfy it, nor rule the entry out. */
  readonly open: Uint8Array

  constructor(index: PrefilterIndex, number: number, low: number, high: number, maxBytes: number) {
    this.number = number
    this.candidates = new Int32Array((index.largestId >>> 5) + 1)
    this.possible = new Int32Array((index.largestId >>> 5) + 1)
    this.missing = new Uint8Array(index.ids.length)
    this.open = new Uint8Array(index.cutEntry.length)
    index.minBytes.forEach((minBytes, entry) => {
      if (minBytes > maxBytes) this.missing[entry] = impossible
    })
    index.cutEntry.forEach((entry, cut) => {
      const held = ((index.cutLow[cut] as number) & low) !== 0 || ((index.cutHigh[cut] as number) & high) !== 0
      const missing = this.missing[entry] as number
      if (held) return
      this.open[cut] = 1
      if (index.cutHasLiterals[cut] === 0) this.missing[entry] = impossible
      else if (missing !== impossible) this.missing[entry] = missing + 1
    })
    index.cutEntry.forEach((entry, cut) => {
      if (this.missing[entry] === impossible) this.open[cut] = 0
    })
    index.ids.forEach((id, entry) => {
      const missing = this.missing[entry] as number
      if (missing === 0) setBit(this.candidates, id)
      if (missing !== impossible) setBit(this.possible, id)
    })
  }
}

export class Profiles {
  private readonly index: PrefilterIndex
  private readonly list: Profile[]
  private last: Profile
  private lastLow = -1
  private lastHigh = -1
  private lastStep = -1
  /** Open addressing: three keys a slot, and the profile's number in the fourth place, 0 for a free one. */
  private readonly slots = new Int32Array(slotCount * 4)

  constructor(index: PrefilterIndex) {
    this.index = index
    this.last = new Profile(index, 0, -1, -1, Infinity)
    this.list = [this.last]
  }

  get(low: number, high: number, bytes: number): Profile {
    const step = bytes > 24 ? lengthSteps.length - 1 : (stepOfLength[bytes] as number)
    if (low === this.lastLow && high === this.lastHigh && step === this.lastStep) return this.last
    const { slots } = this
    let at = slotOf(low, high, step)
    while ((slots[at + 3] as number) !== 0) {
      if (slots[at] === low && slots[at + 1] === high && slots[at + 2] === step) break
      at = (at + 4) & (slotCount * 4 - 1)
    }
    const number = slots[at + 3] as number
    const profile = number === 0 ? this.add(at, low, high, step) : (this.list[number] as Profile)
    this.last = profile
    this.lastLow = low
    this.lastHigh = high
    this.lastStep = step
    return profile
  }

  /** By number; 0 rules out nothing. */
  at(number: number): Profile {
    return this.list[number] ?? (this.list[0] as Profile)
  }

  private add(slot: number, low: number, high: number, step: number): Profile {
    const number = this.list.length
    if (number >= maxProfiles) return this.at(0)
    const profile = new Profile(this.index, number, low, high, (lengthSteps[step + 1] ?? Infinity) - 1)
    this.list.push(profile)
    this.slots.set([low, high, step, number], slot)
    return profile
  }
}

function slotOf(low: number, high: number, step: number): number {
  let hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(step, 0xc2b2ae35)
  hash ^= hash >>> 15
  return (hash & (slotCount - 1)) * 4
}

export function setBit(bits: Int32Array, bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] as number) | (1 << (bit & 31))
}
