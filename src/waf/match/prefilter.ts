// Which of many patterns can match a value at all: one pass over its bytes for all of them. The literals of every
// pattern's requirements are in one Aho-Corasick table; the same pass collects which classes of bytes the value has.
// A pattern is a candidate when the value is long enough and holds every one of its cuts. Most harmless values leave
// none or one. Candidates are the same for a value and its lower-cased form.

import type { ByteString } from '../../lib/bytes.ts'
import type { ByteSet } from '../regex/byte-set.ts'
import type { ByteMasks } from './byte-classes.ts'
import {
  buildIndex,
  classAt,
  type EntryContent,
  highAt,
  type PrefilterEntry,
  type PrefilterIndex,
  tableAt,
} from './prefilter-index.ts'
import { Profiles, setBit } from './profiles.ts'

export type { EntryContent, PrefilterEntry }

/** Ids should be small: a set of candidates has one bit for each up to the largest. */
export function createPrefilter(entries: readonly PrefilterEntry[]): Prefilter {
  return new Prefilter(buildIndex(entries))
}

/** Scan numbers stay small integers. */
const maxScanNumber = 0x3fffffff
/** Bytes of a value that are scanned at one go. */
const maxHits = 256

export class Prefilter {
  /** One bit an id: set when the last scanned value may match it. Reused by the next scan. */
  readonly candidates: Int32Array
  /** Of the last scanned value: the classes of bytes that it holds. */
  lowMask = 0
  highMask = 0

  private readonly index: PrefilterIndex
  private readonly profiles: Profiles
  /** Of `index`, at hand for the scan. */
  private readonly table: Int32Array
  private readonly firstOutput: number
  /** What an output state is multiplied by to find its number; a division costs more. */
  private readonly perClass: number
  /** Output states met in one piece of the value. */
  private readonly hits = new Int32Array(maxHits)
  /** Number of the scan that last met an output state, a cut, an entry. */
  private readonly metAt: Int32Array
  private readonly cutAt: Int32Array
  private readonly entryAt: Int32Array
  /** Entries that a literal was met for in this scan. */
  private readonly touched: Int32Array
  private touchedCount = 0
  private scanNumber = 0

  constructor(index: PrefilterIndex) {
    this.index = index
    this.table = index.scanTable
    this.firstOutput = index.firstOutput
    this.perClass = 1 / index.classCount
    this.profiles = new Profiles(index)
    this.candidates = new Int32Array((index.largestId >>> 5) + 1)
    const outputs = index.cutsStart.length - 1
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
    const { table, firstOutput, hits, candidates } = this
    this.beginScan()
    let lowMask = 0
    let highMask = 0
    let state = tableAt
    const { length } = value
    for (let from = 0; from < length; from += maxHits) {
      // The inner loop only notes what it meets, so that V8 keeps all of it in registers.
      const to = Math.min(from + maxHits, length)
      let count = 0
      for (let i = from; i < to; i++) {
        const byte = value.charCodeAt(i) & 0xff
        lowMask |= table[byte] as number
        highMask |= table[byte + highAt] as number
        state = table[state + (table[byte + classAt] as number)] as number
        if (state >= firstOutput) hits[count++] = state
      }
      for (let i = 0; i < count; i++) this.touch(hits[i] as number)
    }
    this.lowMask = lowMask
    this.highMask = highMask
    const profile = this.profiles.get(lowMask, highMask, length)
    for (let i = 0; i < candidates.length; i++) candidates[i] = profile.candidates[i] as number
    if (this.touchedCount > 0) this.judge(length)
  }

  /** Marks the cuts that the literals of an output state satisfy. */
  private touch(state: number): void {
    const output = ((state - this.firstOutput) * this.perClass + 0.5) | 0
    const { scanNumber } = this
    if (this.metAt[output] === scanNumber) return
    this.metAt[output] = scanNumber
    const { cutsStart, cutsOf, cutEntry } = this.index
    const last = cutsStart[output + 1] as number
    for (let k = cutsStart[output] as number; k < last; k++) {
      const cut = cutsOf[k] as number
      const entry = cutEntry[cut] as number
      this.cutAt[cut] = scanNumber
      if (this.entryAt[entry] === scanNumber) continue
      this.entryAt[entry] = scanNumber
      this.touched[this.touchedCount++] = entry
    }
  }

  /** An entry all of whose cuts are satisfied, by literals or by bytes, becomes a candidate. */
  private judge(length: number): void {
    const { ids, minBytes, cutsOfEntry, cutLow, cutHigh } = this.index
    const { touched, touchedCount, cutAt, candidates, lowMask, highMask, scanNumber } = this
    for (let t = 0; t < touchedCount; t++) {
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

  private beginScan(): void {
    this.touchedCount = 0
    if (this.scanNumber === maxScanNumber) {
      this.scanNumber = 0
      this.metAt.fill(0)
      this.cutAt.fill(0)
      this.entryAt.fill(0)
    }
    this.scanNumber++
  }
}
