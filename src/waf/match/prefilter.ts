// Which of many patterns can match a value at all: one pass over its bytes for all of them. The literals of every
// pattern's requirements are in one Aho-Corasick table; the same pass collects which classes of bytes the value has.
// A pattern is a candidate when the value is long enough and holds every one of its cuts. Most harmless values leave
// none or one. Candidates are the same for a value and its lower-cased form.

import type { ByteString } from '../../lib/bytes.ts'
import type { ByteSet } from '../regex/byte-set.ts'
import type { ByteMasks } from './byte-classes.ts'
import { buildIndex, type EntryContent, type PrefilterEntry, type PrefilterIndex } from './prefilter-index.ts'
import { Profiles, setBit } from './profiles.ts'

export type { EntryContent, PrefilterEntry }

/** Ids should be small: a set of candidates has one bit for each up to the largest. */
export function createPrefilter(entries: readonly PrefilterEntry[]): Prefilter {
  return new Prefilter(buildIndex(entries))
}

/** Scan numbers stay small integers. */
const maxScanNumber = 0x3fffffff

export class Prefilter {
  /** One bit an id: set when the last scanned value may match it. Reused by the next scan. */
  readonly candidates: Int32Array
  /** Of the last scanned value: the classes of bytes that it holds. */
  lowMask = 0
  highMask = 0

  private readonly index: PrefilterIndex
  private readonly profiles: Profiles
  /** Of `index`, at hand for the scan. */
  private readonly low: Int32Array
  private readonly high: Int32Array
  private readonly table: Int32Array
  private readonly classOf: Uint8Array
  private readonly firstOutput: number
  /** What an output state is multiplied by to find its number; a division costs more. */
  private readonly perClass: number
  /** Output states met in this scan, and the number of the scan that last met a state, a cut, an entry. */
  private readonly met: Int32Array
  private readonly metAt: Int32Array
  private readonly cutAt: Int32Array
  private readonly entryAt: Int32Array
  /** Entries that a literal was met for in this scan. */
  private readonly touched: Int32Array
  private scanNumber = 0

  constructor(index: PrefilterIndex) {
    this.index = index
    this.low = index.classes.low
    this.high = index.classes.high
    this.table = index.tables.table
    this.classOf = index.tables.classOf
    this.firstOutput = index.tables.firstOutput
    this.perClass = 1 / index.tables.classCount
    this.profiles = new Profiles(index)
    this.candidates = new Int32Array((index.largestId >>> 5) + 1)
    const outputs = index.tables.outputStart.length - 1
    this.met = new Int32Array(outputs)
    this.metAt = new Int32Array(outputs)
    this.cutAt = new Int32Array(index.cutEntry.length)
    this.entryAt = new Int32Array(index.ids.length)
    this.touched = new Int32Array(index.ids.length)
  }

  has(id: number): boolean {
    return (((this.candidates[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1
  }

  /** Distinct combinations of byte classes and lengths that were met and are kept. */
  get profileCount(): number {
    return this.profiles.count
  }

  /**
   * The ids that a value of at most so many bytes, of these classes and those of `more`, may match, whatever literals it
   * holds: one bit each, good until the next call.
   */
  possibleFor(low: number, high: number, bytes: number, more: ByteMasks): Int32Array {
    return this.profiles.get(low | more.low, high | more.high, bytes).possible
  }

  /** Of what any of the ids can match. */
  fewestBytes(ids: readonly number[]): number {
    const wanted = new Set(ids)
    return this.index.minBytes.reduce(
      (fewest, bytes, entry) => (wanted.has(this.index.ids[entry] as number) ? Math.min(fewest, bytes) : fewest),
      Infinity,
    )
  }

  masksOf(set: ByteSet): ByteMasks {
    return { low: this.index.classes.lowMask(set), high: this.index.classes.highMask(set) }
  }

  /** Fills `candidates` for a value; allocates nothing but a profile that was not seen before. */
  scan(value: ByteString): void {
    const { low, high, table, classOf, firstOutput, candidates } = this
    const scanNumber = this.nextScan()
    let lowMask = 0
    let highMask = 0
    let state = 0
    let metCount = 0
    const { length } = value
    for (let i = 0; i < length; ) {
      // The inner loop does nothing about outputs, so that V8 keeps all of it in registers.
      do {
        const byte = value.charCodeAt(i++) & 0xff
        lowMask |= low[byte] as number
        highMask |= high[byte] as number
        state = table[state + (classOf[byte] as number)] as number
      } while (state < firstOutput && i < length)
      if (state >= firstOutput) metCount = this.meet(state, metCount, scanNumber)
    }
    this.lowMask = lowMask
    this.highMask = highMask
    const profile = this.profiles.get(lowMask, highMask, length)
    for (let i = 0; i < candidates.length; i++) candidates[i] = profile.candidates[i] as number
    if (metCount > 0) this.judge(this.touch(metCount, scanNumber), scanNumber, length)
  }

  private meet(state: number, metCount: number, scanNumber: number): number {
    const output = ((state - this.firstOutput) * this.perClass + 0.5) | 0
    if (this.metAt[output] === scanNumber) return metCount
    this.metAt[output] = scanNumber
    this.met[metCount] = output
    return metCount + 1
  }

  /** Marks the cuts that the literals met satisfy; returns how many entries have such cuts. */
  private touch(metCount: number, scanNumber: number): number {
    const { cutsStart, cutsOf, cutEntry } = this.index
    const { met, cutAt, entryAt, touched } = this
    let count = 0
    for (let m = 0; m < metCount; m++) {
      const output = met[m] as number
      const last = cutsStart[output + 1] as number
      for (let k = cutsStart[output] as number; k < last; k++) {
        const cut = cutsOf[k] as number
        const entry = cutEntry[cut] as number
        cutAt[cut] = scanNumber
        if (entryAt[entry] === scanNumber) continue
        entryAt[entry] = scanNumber
        touched[count++] = entry
      }
    }
    return count
  }

  /** An entry all of whose cuts are satisfied, by literals or by bytes, becomes a candidate. */
  private judge(count: number, scanNumber: number, length: number): void {
    const { ids, minBytes, cutsOfEntry, cutLow, cutHigh } = this.index
    const { touched, cutAt, candidates, lowMask, highMask } = this
    for (let t = 0; t < count; t++) {
      const entry = touched[t] as number
      const last = cutsOfEntry[entry + 1] as number
      let cut = cutsOfEntry[entry] as number
      while (cut < last) {
        const isHeld = ((cutLow[cut] as number) & lowMask) !== 0 || ((cutHigh[cut] as number) & highMask) !== 0
        if (!isHeld && cutAt[cut] !== scanNumber) break
        cut++
      }
      if (cut === last && (minBytes[entry] as number) <= length) setBit(candidates, ids[entry] as number)
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
