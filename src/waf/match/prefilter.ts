// Which of many patterns can match a value at all: one pass over its bytes for all of them. The literals of every
// pattern's requirements are in one Aho-Corasick table; the same pass collects which classes of bytes the value has.
// A pattern is a candidate when the value is long enough and holds every one of its cuts. Most harmless values leave
// none or one. Candidates are the same for a value and its lower-cased form.

import type { ByteString } from '../../lib/bytes.ts'
import { buildIndex, type PrefilterEntry, type PrefilterIndex } from './prefilter-index.ts'
import { type Profile, Profiles, setBit } from './profiles.ts'

export type { PrefilterEntry }

/** Ids should be small: a set of candidates has one bit for each up to the largest. */
export function createPrefilter(entries: readonly PrefilterEntry[]): Prefilter {
  return new Prefilter(buildIndex(entries))
}

/** Scan numbers stay small integers. */
const maxScanNumber = 0x3fffffff

export class Prefilter {
  /** One bit an id: set when the last scanned value may match it. Reused by the next scan. */
  readonly candidates: Int32Array
  /** Of the last scanned value: equal numbers mean the same `possible` ids. At most 8,192 numbers are given. */
  profile = 0

  private readonly index: PrefilterIndex
  private readonly profiles: Profiles
  /** Of `index`, at hand for the scan. */
  private readonly low: Int32Array
  private readonly high: Int32Array
  private readonly table: Int32Array
  private readonly classOf: Uint8Array
  private readonly firstOutput: number
  private readonly classCount: number
  /** Output states met in this scan, and the number of the scan that last met a state, a cut, an entry. */
  private readonly met: Int32Array
  private readonly metAt: Int32Array
  private readonly cutAt: Int32Array
  private readonly entryAt: Int32Array
  /** Cuts of an entry satisfied so far. */
  private readonly found: Uint8Array
  private scanNumber = 0

  constructor(index: PrefilterIndex) {
    this.index = index
    this.low = index.classes.low
    this.high = index.classes.high
    this.table = index.tables.table
    this.classOf = index.tables.classOf
    this.firstOutput = index.tables.firstOutput
    this.classCount = index.tables.classCount
    this.profiles = new Profiles(index)
    this.candidates = new Int32Array((index.largestId >>> 5) + 1)
    const outputs = index.tables.outputStart.length - 1
    this.met = new Int32Array(outputs)
    this.metAt = new Int32Array(outputs)
    this.cutAt = new Int32Array(index.cutEntry.length)
    this.entryAt = new Int32Array(index.ids.length)
    this.found = new Uint8Array(index.ids.length)
  }

  has(id: number): boolean {
    return (((this.candidates[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1
  }

  /** The ids that a value of this profile can match, whatever literals it holds: one bit each. Not to be written. */
  possible(profile: number): Int32Array {
    return this.profiles.at(profile).possible
  }

  /** Fills `candidates` and `profile` for a value; allocates nothing but a profile that was not seen before. */
  scan(value: ByteString): void {
    const { low, high, table, classOf, firstOutput, classCount, met, metAt, candidates } = this
    const scanNumber = this.nextScan()
    let lowMask = 0
    let highMask = 0
    let state = 0
    let metCount = 0
    const { length } = value
    for (let i = 0; i < length; i++) {
      const byte = value.charCodeAt(i) & 0xff
      lowMask |= low[byte] as number
      highMask |= high[byte] as number
      state = table[state + (classOf[byte] as number)] as number
      if (state >= firstOutput) {
        const output = ((state - firstOutput) / classCount) | 0
        if (metAt[output] !== scanNumber) {
          metAt[output] = scanNumber
          met[metCount++] = output
        }
      }
    }
    const profile = this.profiles.get(lowMask, highMask, value.length)
    this.profile = profile.number
    for (let i = 0; i < candidates.length; i++) candidates[i] = profile.candidates[i] as number
    if (metCount > 0) this.count(profile, metCount, scanNumber)
  }

  /** Counts the cuts that the literals met satisfy; an entry with none missing becomes a candidate. */
  private count(profile: Profile, metCount: number, scanNumber: number): void {
    const { cutsStart, cutsOf, cutEntry, ids } = this.index
    const { met, cutAt, entryAt, found, candidates } = this
    const { missing, open } = profile
    for (let m = 0; m < metCount; m++) {
      const output = met[m] as number
      const last = cutsStart[output + 1] as number
      for (let k = cutsStart[output] as number; k < last; k++) {
        const cut = cutsOf[k] as number
        if (open[cut] === 0 || cutAt[cut] === scanNumber) continue
        cutAt[cut] = scanNumber
        const entry = cutEntry[cut] as number
        const count = entryAt[entry] === scanNumber ? (found[entry] as number) + 1 : 1
        entryAt[entry] = scanNumber
        found[entry] = count
        if (count === missing[entry]) setBit(candidates, ids[entry] as number)
      }
    }
  }

  private nextScan(): number {
    if (this.scanNumber === maxScanNumber) {
      this.scanNumber = 0
      this.metAt.fill(0)
      this.cutAt.fill(0)
      this.entryAt.fill(0)
    }
    return ++this.scanNumber
  }
}
