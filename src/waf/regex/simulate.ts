// All places of an automaton in step, without remembering sets of them: slower than a warm DFA, but each byte costs at
// most one visit of each place, and a counted repeat is one place (counter.ts). Used where the DFA would go on meeting
// new sets for ever, such as two long gaps in random text.
//
// A place is a state that is reached after a byte, together with all that it leads to without one. What a place makes of
// the next byte is worked out once, so that an alternation of a hundred words is one place until a byte tells them apart.

import type { ByteString } from '../../lib/bytes.ts'
import { Context, holds } from './alphabet.ts'
import { Counter } from './counter.ts'
import { type Nfa, Op } from './nfa.ts'

/** Parts of a step in `kept`: marks, the number of counters that begin before the byte and of places after it, both. */
const matchesBefore = 1
const matchesAfter = 2
const stepHead = 3

interface Closure {
  /** States that consume a byte, count or ask something. */
  readonly states: readonly number[]
  readonly matches: boolean
  readonly asks: boolean
}

/** Entries of kept steps and of the tables that lead to them (4 bytes each); with more they are made anew. */
const maxKept = 1 << 18
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
  private readonly closures: (Closure | undefined)[]
  /** Kinds of bytes before a position that assertions tell apart, by class. */
  private readonly contextNumber: Uint8Array
  private readonly contextCount: number
  /** By place, then by class (and what stands before it, for a place that asks): where its step stands in `kept`. */
  private rows: (Int32Array | undefined)[]
  private kept = new Int32Array(256)
  private keptEnd = 1
  private rowEntries = 0
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
    this.closures = new Array<Closure | undefined>(nfa.ops.length).fill(undefined)
    this.current = new Int32Array(nfa.ops.length)
    this.next = new Int32Array(nfa.ops.length)
    this.open = new Int32Array(nfa.counters.length)
    this.marks = new Int32Array(nfa.ops.length)
    this.rows = new Array<Int32Array | undefined>(nfa.ops.length).fill(undefined)
    const numbers = new Map<number, number>()
    this.contextNumber = Uint8Array.from({ length: this.endClass + 1 }, (_, c) => {
      const context = this.contextOf(c)
      const number = numbers.get(context) ?? numbers.size
      numbers.set(context, number)
      return number
    })
    this.contextCount = numbers.size
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
    const { reversed, endClass, unanchored } = this
    const { length } = input
    const last = length - from
    const { start } = this.nfa
    const width = endClass + 1
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
        const row = this.rows[place]
        let at = row !== undefined && row.length === width ? (row[c] as number) : 0
        if (at === 0) at = this.step(place, classBefore, c, isFinal)
        const { kept } = this
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
        if (this.closure(out).matches) matches = true
        this.add(out, position + 1)
      }
      if (counter.isOpen) open[kept++] = number
    }
    this.work += openCount
    this.openCount = kept
    return matches
  }

  /** Where the step stands in `kept`. */
  private step(place: number, classBefore: number, c: number, isFinal: boolean): number {
    const row = this.rows[place]
    if (row === undefined) return this.addStep(place, classBefore, c, isFinal)
    const width = this.endClass + 1
    const at = row[row.length === width ? c : this.askingIndex(classBefore, c, isFinal)] as number
    return at === 0 ? this.addStep(place, classBefore, c, isFinal) : at
  }

  private askingIndex(classBefore: number, c: number, isFinal: boolean): number {
    const context = (this.contextNumber[classBefore] as number) * 2 + (isFinal ? 1 : 0)
    return context * (this.endClass + 1) + c
  }

  private addStep(place: number, classBefore: number, c: number, isFinal: boolean): number {
    const step = this.makeStep(place, classBefore, c, isFinal)
    if (this.keptEnd + this.rowEntries > maxKept) {
      this.rows.fill(undefined)
      this.keptEnd = 1
      this.rowEntries = 0
    }
    const { asks } = this.closure(place)
    let row = this.rows[place]
    if (row === undefined) {
      row = new Int32Array((this.endClass + 1) * (asks ? this.contextCount * 2 : 1))
      this.rows[place] = row
      this.rowEntries += row.length
    }
    const at = this.keptEnd
    this.keptEnd += step.length
    if (this.keptEnd > this.kept.length) {
      const larger = new Int32Array(Math.max(this.keptEnd, this.kept.length * 2))
      larger.set(this.kept)
      this.kept = larger
    }
    this.kept.set(step, at)
    row[asks ? this.askingIndex(classBefore, c, isFinal) : c] = at
    return at
  }

  private makeStep(place: number, classBefore: number, c: number, isFinal: boolean): number[] {
    const { ops, args, outs, alphabet } = this.nfa
    const behind = this.contextOf(classBefore)
    const ahead = this.contextOf(c)
    const before = this.reversed ? ahead : behind
    let after = this.reversed ? behind : ahead
    if (isFinal && (after & Context.newline) !== 0) after |= Context.finalNewline
    const here = new Set(this.closure(place).states)
    let { matches } = this.closure(place)
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
        const closure = this.closure(outs[state] as number)
        matches ||= closure.matches
        for (const each of closure.states) here.add(each)
      }
    }
    // What leads nowhere but to the match itself is of no further use.
    const places = [...next]
    const marks = (matches ? matchesBefore : 0) | (places.some(each => this.closure(each).matches) ? matchesAfter : 0)
    const going = places.filter(each => this.closure(each).states.length > 0)
    return [marks, counters.length, going.length, ...counters, ...going]
  }

  private contextOf(c: number): number {
    return c === this.endClass ? Context.edge : (this.nfa.alphabet.contextOf[c] as number)
  }

  private closure(from: number): Closure {
    const known = this.closures[from]
    if (known !== undefined) return known
    const { ops, outs, alternatives } = this.nfa
    const states: number[] = []
    const seen = new Set<number>()
    const stack = [from]
    let matches = false
    let asks = false
    while (stack.length > 0) {
      const state = stack.pop() as number
      if (seen.has(state)) continue
      seen.add(state)
      switch (ops[state]) {
        case Op.match:
          matches = true
          break
        case Op.split:
          stack.push(alternatives[state] as number, outs[state] as number)
          break
        default:
          if (ops[state] === Op.assert) asks = true
          states.push(state)
      }
    }
    const closure = { states, matches, asks }
    this.closures[from] = closure
    return closure
  }
}
