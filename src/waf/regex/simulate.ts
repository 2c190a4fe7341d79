// All places of an automaton in step, without remembering sets of them: slower than a warm DFA, but each byte costs at
// most one visit of each place, and a counted repeat is one place (counter.ts). Used where the DFA would go on meeting
// new sets for ever, such as two long gaps in random text.
// An alternation of a hundred words is one place (step-cache.ts) until a byte tells them apart.

import type { ByteString } from '../../lib/bytes.ts'
import { holds } from './alphabet.ts'
import { Counter } from './counter.ts'
import { type Nfa, Op } from './nfa.ts'
import { StepCache } from './step-cache.ts'

/** Parts of a step in `kept`: marks, the number of counters that begin before the byte and of places after it, both. */
const matchesBefore = 1
const matchesAfter = 2
const stepHead = 3

const maxMark = 0x3fffffff

export class Simulator {
  /** Places visited so far. */
  work = 0
  /** The last place of the last search that no match which starts before it can get across. */
  quiet = 0
  private readonly nfa: Nfa
  private readonly reversed: boolean
  private readonly unanchored: boolean
  private readonly endClass: number
  private readonly counters: readonly Counter[]
  /** State of the automaton that each counter leads to. */
  private readonly counterOuts: Int32Array
  private readonly cache: StepCache
  /** Places at this position and the next. */
  private current: Int32Array
  private next: Int32Array
  private nextCount = 0
  /** Numbers of the counters that have begun. */
  private readonly open: Int32Array
  private openCount = 0
  /** Of a place: the position plus `firstMark` that it was last added for. */
  private readonly marks: Int32Array
  private firstMark = 1
  private nextMark = 1

  /** `nfa` is built with counters. `unanchored`: the search tries every start. */
  constructor(nfa: Nfa, reversed: boolean, unanchored: boolean) {
    this.nfa = nfa
    this.reversed = reversed
    this.unanchored = unanchored
    this.endClass = nfa.alphabet.classCount
    this.counters = nfa.counters.map(counter => new Counter(counter))
    this.counterOuts = new Int32Array(nfa.counters.length)
    for (let state = 0; state < nfa.ops.length; state++) {
      if (nfa.ops[state] === Op.count) this.counterOuts[nfa.args[state] as number] = nfa.outs[state] as number
    }
    this.cache = new StepCache(nfa, reversed, (place, before, after, c) => this.makeStep(place, before, after, c))
    this.current = new Int32Array(nfa.ops.length)
    this.next = new Int32Array(nfa.ops.length)
    this.open = new Int32Array(nfa.counters.length)
    this.marks = new Int32Array(nfa.ops.length)
  }

  /** Where the match that ends first ends, or a byte later; -1 when there is none. Sets `quiet`. */
  matchEnd(input: ByteString): number {
    const end = this.run(input, 0)
    return end === -1 ? -1 : Math.min(end + 1, input.length)
  }

  /** For a reversed automaton: the leftmost index, not before `from`, where a match starts; -1 for none. */
  leftmostStart(input: ByteString, from: number): number {
    return this.run(input, from)
  }

  /** Forwards ends at the first match, backwards goes on to the leftmost. */
  private run(input: ByteString, from: number): number {
    const { classOf } = this.nfa.alphabet
    const { reversed, endClass, unanchored, cache } = this
    const { length } = input
    const last = length - from
    const { start } = this.nfa
    const { width } = cache
    this.reset(last + 2)
    let found = -1
    let classBefore = endClass
    for (let position = 0; position <= last; position++) {
      const index = reversed ? length - 1 - position : position
      const c = index < 0 || index >= length ? endClass : (classOf[input.charCodeAt(index) & 0xff] as number)
      const isFinal = reversed ? position === 1 : position === length - 1
      if (unanchored && position > 0) {
        if (this.nextCount === 0 && this.openCount === 0) this.quiet = position
        this.add(start, position)
      }
      // What was added last is this position's.
      const { next, nextCount, marks } = this
      const added = this.current
      const mark = this.firstMark + position + 1
      let addedCount = 0
      let outcome = 0
      for (let i = 0; i < nextCount; i++) {
        const place = next[i] as number
        const row = cache.rows[place]
        let at = row !== undefined && row.length === width ? (row[c] as number) : 0
        if (at === 0) at = cache.at(place, classBefore, c, isFinal)
        const { kept } = cache
        outcome |= kept[at] as number
        const counters = kept[at + 1] as number
        const places = kept[at + 2] as number
        at += stepHead
        for (let k = 0; k < counters; k++) this.enter(kept[at++] as number, position)
        for (let k = 0; k < places; k++) {
          const place = kept[at++] as number
          if (marks[place] === mark) continue
          marks[place] = mark
          added[addedCount++] = place
        }
      }
      this.work += nextCount
      this.next = added
      this.current = next
      this.nextCount = addedCount
      if (this.openCount > 0 && this.count(c, position)) outcome |= matchesAfter
      if (outcome !== 0) {
        if (!reversed) return position
        // Of a match after the last byte, the start lies before `from`.
        if ((outcome & matchesAfter) !== 0 && position < last) found = index
        else if ((outcome & matchesBefore) !== 0) found = index + 1
      }
      if (!unanchored && this.nextCount === 0 && this.openCount === 0) break
      classBefore = c
    }
    return found
  }

  private reset(positions: number): void {
    for (let i = 0; i < this.openCount; i++) this.counters[this.open[i] as number]?.clear()
    this.openCount = 0
    this.nextCount = 0
    this.quiet = 0
    if (this.nextMark + positions > maxMark) {
      this.marks.fill(0)
      this.nextMark = 1
    }
    this.firstMark = this.nextMark
    this.nextMark += positions
    this.add(this.nfa.start, 0)
  }

  private add(place: number, position: number): void {
    const mark = this.firstMark + position
    if (this.marks[place] === mark) return
    this.marks[place] = mark
    this.next[this.nextCount++] = place
  }

  private enter(number: number, position: number): void {
    const counter = this.counters[number] as Counter
    if (!counter.isOpen) this.open[this.openCount++] = number
    counter.enter(position)
  }

  /** Takes all counters over a byte; whether one of them leads to the match state. */
  private count(c: number, position: number): boolean {
    const { open, openCount, counters, counterOuts } = this
    const { setHas } = this.nfa.alphabet
    let matches = false
    let kept = 0
    for (let i = 0; i < openCount; i++) {
      const number = open[i] as number
      const counter = counters[number] as Counter
      if (c === this.endClass || setHas[counter.set * this.endClass + c] !== 1) {
        counter.clear()
        continue
      }
      if (counter.advance(position + 1)) {
        const out = counterOuts[number] as number
        if (this.cache.closure(out).matches) matches = true
        this.add(out, position + 1)
      }
      if (counter.isOpen) open[kept++] = number
    }
    this.work += openCount
    this.openCount = kept
    return matches
  }

  private makeStep(place: number, before: number, after: number, c: number): readonly number[] {
    const { ops, args, outs, alphabet } = this.nfa
    const { cache } = this
    const here = new Set(cache.closure(place).states)
    let { matches } = cache.closure(place)
    const counters: number[] = []
    const next = new Set<number>()
    // Assertions that hold add to the set on the way.
    for (const state of here) {
      const arg = args[state] as number
      if (ops[state] === Op.count) counters.push(arg)
      else if (ops[state] === Op.set) {
        if (c !== this.endClass && alphabet.setHas[arg * this.endClass + c] === 1) next.add(outs[state] as number)
      } else {
        const assertion = alphabet.assertions[arg]
        if (assertion === undefined || !holds(assertion, alphabet.assertionMask[arg] as number, before, after)) continue
        const closure = cache.closure(outs[state] as number)
        matches ||= closure.matches
        for (const each of closure.states) here.add(each)
      }
    }
    // What leads nowhere but to the match itself is of no further use.
    const places = [...next]
    const marks = (matches ? matchesBefore : 0) | (places.some(each => cache.closure(each).matches) ? matchesAfter : 0)
    const going = places.filter(each => cache.closure(each).states.length > 0)
    return [marks, counters.length, going.length, ...counters, ...going]
  }
}
