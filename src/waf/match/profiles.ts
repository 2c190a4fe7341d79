// What the byte classes and the length of a value alone say about the entries of a prefilter, worked out once for each
// combination that occurs. Only classes that can make an entry a candidate without any literal tell values apart here:
// brackets and quotes, not letters and digits, or every session id would be a case of its own. Bounded: when too many
// combinations were seen, others are worked out each time.

import type { PrefilterIndex } from './prefilter-index.ts'

export const maxProfiles = 8_192
/** A power of two, twice as many as profiles, so that a search for a free slot ends soon. */
const slotCount = 16_384
/** Lengths are told apart up to the last one. */
const lengthSteps: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24]
const stepOfLength = Uint8Array.from({ length: 25 }, (_, bytes) => lengthSteps.findLastIndex(step => step <= bytes))

export class Profile {
  /** One bit an id. Needs no literal: a candidate at once. */
  readonly candidates: Int32Array
  /** One bit an id. Can be a candidate, given the right literals. */
  readonly possible: Int32Array

  constructor(words: number) {
    this.candidates = new Int32Array(words)
    this.possible = new Int32Array(words)
  }

  /** The masks are of the classes that tell profiles apart; what a value holds of others is not known. */
  fill(index: PrefilterIndex, low: number, high: number, maxBytes: number): this {
    const { ids, minBytes, cutsOfEntry, cutLow, cutHigh, cutHasLiterals, needsLiteral, telling } = index
    const heldLow = low | ~telling.low
    const heldHigh = high | ~telling.high
    this.candidates.fill(0)
    this.possible.fill(0)
    for (let entry = 0; entry < ids.length; entry++) {
      if ((minBytes[entry] as number) > maxBytes) continue
      let isCandidate = needsLiteral[entry] === 0
      let isPossible = true
      const last = cutsOfEntry[entry + 1] as number
      for (let cut = cutsOfEntry[entry] as number; cut < last; cut++) {
        if (((cutLow[cut] as number) & heldLow) !== 0 || ((cutHigh[cut] as number) & heldHigh) !== 0) continue
        isCandidate = false
        if (cutHasLiterals[cut] === 0) isPossible = false
      }
      if (isCandidate) setBit(this.candidates, ids[entry] as number)
      if (isPossible) setBit(this.possible, ids[entry] as number)
    }
    return this
  }
}

export class Profiles {
  /** How many are kept. */
  count = 0
  private readonly index: PrefilterIndex
  private readonly words: number
  private readonly list: (Profile | undefined)[] = [undefined]
  private last: Profile | undefined
  private lastLow = -1
  private lastHigh = -1
  private lastStep = -1
  /** Open addressing: three keys a slot, and the profile's number in the fourth place, 0 for a free one. */
  private readonly slots = new Int32Array(slotCount * 4)
  private readonly spare: Profile

  constructor(index: PrefilterIndex) {
    this.index = index
    this.words = (index.largestId >>> 5) + 1
    this.spare = new Profile(this.words)
  }

  /** Good until the next call. */
  get(allLow: number, allHigh: number, bytes: number): Profile {
    const { telling } = this.index
    const low = allLow & telling.low
    const high = allHigh & telling.high
    const step = bytes > 24 ? lengthSteps.length - 1 : (stepOfLength[bytes] as number)
    const { last } = this
    if (last !== undefined && low === this.lastLow && high === this.lastHigh && step === this.lastStep) return last
    const { slots } = this
    let at = slotOf(low, high, step)
    while ((slots[at + 3] as number) !== 0) {
      if (slots[at] === low && slots[at + 1] === high && slots[at + 2] === step) break
      at = (at + 4) & (slotCount * 4 - 1)
    }
    const profile = this.list[slots[at + 3] as number] ?? this.add(at, low, high, step)
    this.last = profile
    this.lastLow = low
    this.lastHigh = high
    this.lastStep = step
    return profile
  }

  private add(slot: number, low: number, high: number, step: number): Profile {
    const isKept = this.count < maxProfiles
    const profile = isKept ? new Profile(this.words) : this.spare
    profile.fill(this.index, low, high, (lengthSteps[step + 1] ?? Infinity) - 1)
    if (!isKept) return profile
    this.count++
    this.slots.set([low, high, step, this.list.length], slot)
    this.list.push(profile)
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
