// A counted repeat of one byte set while a pattern is simulated: instead of a copy of the set for each count, the places
// where the repeat was entered, oldest first. A byte of the set makes all of them one older, so only the oldest can be
// the one that goes on, and a step costs the same however large the count.

import type { NfaCounter } from './nfa.ts'

export class Counter {
  readonly set: number
  private readonly min: number
  private readonly max: number
  private readonly entries: Int32Array
  private first = 0
  private size = 0

  constructor({ set, min, max }: NfaCounter) {
    this.set = set
    this.min = min
    this.max = max
    // Where one byte is enough, the newest entry can do all that older ones can, and for longer; but not before its
    // first byte, so there are two.
    this.entries = new Int32Array(min === 1 ? 2 : max + 1)
  }

  clear(): void {
    this.size = 0
  }

  /** The repeat begins at a position. Positions come in order. */
  enter(position: number): void {
    const { entries } = this
    const last = this.at(this.size - 1)
    if (this.size > 0 && entries[last] === position) return
    if (this.size === 2 && this.min === 1) {
      entries[last] = position
      return
    }
    entries[this.at(this.size)] = position
    this.size++
  }

  /** After a byte that is not of the set and ends at `position`: forgets all entries but one made there. */
  leave(position: number): void {
    const last = this.at(this.size - 1)
    this.size = this.size > 0 && this.entries[last] === position ? 1 : 0
    this.first = last
  }

  /** After a byte of the set that ends at `position`: whether the repeat may end here. */
  advance(position: number): boolean {
    const age = position - (this.entries[this.first] as number)
    if (this.size === 0 || age < this.min) return false
    if (age >= this.max || (this.min === 1 && this.size === 2)) {
      this.first = this.at(1)
      this.size--
    }
    return true
  }

  /** Whether a further byte is of use. */
  get isOpen(): boolean {
    return this.size > 0
  }

  /** Where the entry of this number stands. */
  private at(number: number): number {
    const { length } = this.entries
    const index = this.first + number
    return index < 0 ? index + length : index < length ? index : index - length
  }
}
