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
    // Where one byte is enough, the newest entry can do all that older ones can, and for longer.
    this.entries = new Int32Array(min === 1 ? 1 : max)
  }

  get isOpen(): boolean {
    return this.size > 0
  }

  clear(): void {
    this.size = 0
  }

  /** The repeat begins at a position. Positions come in order, each followed by `advance` or `clear`. */
  enter(position: number): void {
    const { entries } = this
    if (entries.length === 1) {
      entries[0] = position
      this.size = 1
      return
    }
    if (this.size > 0 && entries[(this.first + this.size - 1) % entries.length] === position) return
    entries[(this.first + this.size) % entries.length] = position
    this.size++
  }

  /** After a byte of the set that ends at `position`: whether the repeat may end here. */
  advance(position: number): boolean {
    const age = position - (this.entries[this.first] as number)
    if (age < this.min) return false
    if (age >= this.max) {
      this.size--
      this.first = this.first + 1 === this.entries.length ? 0 : this.first + 1
    }
    return true
  }
}
