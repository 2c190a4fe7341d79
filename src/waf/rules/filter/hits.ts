// Which values may match which patterns, as found when a phase begins: by pattern a chain of values, each with the number of
// the target that has it, so that a rule goes to those few values straight away. In flat arrays that are used again for
// the next phase; what stands in them is let go when the phase ends.

import type { Value } from '../../variables/value.ts'
import { bitOfUnit } from './units.ts'

/** Links of chains to begin with, and again after a request that needed many more. */
const usualLinks = 256
const mostKeptLinks = 16_384

export class Hits {
  /** By pattern: bits of the units that have values which may match it. */
  readonly #units: Int32Array
  /** By pattern: the first and the last link of its chain; 0 for none. */
  readonly #first: Int32Array
  readonly #last: Int32Array
  /** By link. */
  #next = new Int32Array(usualLinks)
  #unitOf = new Int32Array(usualLinks)
  #values: (Value | undefined)[] = []
  #count = 1

  constructor(patternEnd: number) {
    this.#units = new Int32Array(patternEnd)
    this.#first = new Int32Array(patternEnd)
    this.#last = new Int32Array(patternEnd)
  }

  add(pattern: number, unit: number, value: Value): void {
    if (this.#count === this.#next.length) this.#grow()
    const link = this.#count++
    const last = this.#last[pattern] as number
    if (last === 0) this.#first[pattern] = link
    else this.#next[last] = link
    this.#last[pattern] = link
    this.#next[link] = 0
    this.#unitOf[link] = unit
    this.#values[link] = value
    this.#units[pattern] = (this.#units[pattern] as number) | bitOfUnit(unit)
  }

  /** Whether none of the units, given by their bits, has a value that may match. */
  isNone(pattern: number, units: number): boolean {
    return ((this.#units[pattern] as number) & units) === 0
  }

  /** The first link of a pattern for values of a unit; 0 for none. */
  firstOf(pattern: number, unit: number): number {
    return this.#ofUnit(this.#first[pattern] as number, unit)
  }

  /** The next one for the same pattern and unit. */
  after(link: number): number {
    return this.#ofUnit(this.#next[link] as number, this.#unitOf[link] as number)
  }

  valueAt(link: number): Value {
    return this.#values[link] as Value
  }

  clear(): void {
    if (this.#count === 1) return
    this.#units.fill(0)
    this.#first.fill(0)
    this.#last.fill(0)
    this.#values.fill(undefined, 0, this.#count)
    this.#count = 1
    if (this.#next.length <= mostKeptLinks) return
    this.#next = new Int32Array(usualLinks)
    this.#unitOf = new Int32Array(usualLinks)
    this.#values = []
  }

  #ofUnit(from: number, unit: number): number {
    let link = from
    while (link !== 0 && this.#unitOf[link] !== unit) link = this.#next[link] as number
    return link
  }

  #grow(): void {
    const next = new Int32Array(this.#next.length * 2)
    next.set(this.#next)
    this.#next = next
    const unitOf = new Int32Array(next.length)
    unitOf.set(this.#unitOf)
    this.#unitOf = unitOf
  }
}
