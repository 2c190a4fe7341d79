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

interface Step {
  /** The match state is there before the byte, or after it. */
  readonly matches: boolean
  readonly matchesAfter: boolean
  /** Counters that begin before the byte. */
  readonly counters: readonly number[]
  /** Places after it. */
  readonly next: readonly number[]
}

interface Closure {
  /** States that consume a byte, count or ask something. */
  readonly states: readonly number[]
  readonly matches: boolean
  readonly asks: boolean
}

/** Members of kept steps; with more they are made anew. */
const maxKeptMembers = 1 << 17

export class Simulator {
  /** Places visited so far. */
  work = 0
  private readonly nfa: Nfa
  private readonly reversed: boolean
  private readonly unanchored: boolean
  private readonly endClass: number
  private readonly counters: readonly Counter[]
  /** State of the automaton that each counter leads to. */
  private readonly counterOuts: Int32Array
  private readonly closures: (Closure | undefined)[]
  /** By place, then by class; for places that ask something also by the class before. */
  private steps: (Map<number, Step> | undefined)[] = []
  private keptMembers = 0
  private current: number[] = []
  private next: number[] = []
  /** Numbers of the counters that have begun. */
  private open: number[] = []
  /** Of a place: the position plus `firstMark` that it was last added for. */
  private readonly marks: Float64Array
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
    this.marks = new Float64Array(nfa.ops.length)
  }

  /** Whether the pattern matches anywhere in the input. */
  test(input: ByteString): boolean {
    return this.run(input, 0) !== -1
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
    this.reset()
    this.nextMark = this.firstMark + last + 2
    let found = -1
    let classBefore = endClass
    for (let position = 0; position <= last; position++) {
      const index = reversed ? length - 1 - position : position
      const c = index < 0 || index >= length ? endClass : (classOf[input.charCodeAt(index) & 0xff] as number)
      const isFinal = reversed ? position === 1 : position === length - 1
      if (unanchored && position > 0) this.add(start, position)
      // What was added last is this position's.
      const { next } = this
      this.next = this.current
      this.current = next
      this.next.length = 0
      let matches = false
      let matchesAfter = false
      for (let i = 0; i < next.length; i++) {
        const step = this.step(next[i] as number, classBefore, c, isFinal)
        if (step.matches) matches = true
        if (step.matchesAfter) matchesAfter = true
        for (let k = 0; k < step.counters.length; k++) this.enter(step.counters[k] as number, position)
        for (let k = 0; k < step.next.length; k++) this.add(step.next[k] as number, position + 1)
      }
      this.work += next.length
      if (this.open.length > 0 && this.count(c, position)) matchesAfter = true
      if (matches || matchesAfter) {
        if (!reversed) return position
        // Of a match after the last byte, the start lies before `from`.
        if (matchesAfter && position < last) found = index
        else if (matches) found = index + 1
      }
      if (!unanchored && this.next.length === 0 && this.open.length === 0) break
      classBefore = c
    }
    return found
  }

  private reset(): void {
    for (const number of this.open) this.counters[number]?.clear()
    this.open.length = 0
    this.next.length = 0
    this.firstMark = this.nextMark
    this.add(this.nfa.start, 0)
  }

  private add(place: number, position: number): void {
    const mark = this.firstMark + position
    if (this.marks[place] === mark) return
    this.marks[place] = mark
    this.next.push(place)
  }

  private enter(number: number, position: number): void {
    const counter = this.counters[number] as Counter
    if (!counter.isOpen) this.open.push(number)
    counter.enter(position)
  }

  /** Takes all counters over a byte; whether one of them leads to the match state. */
  private count(c: number, position: number): boolean {
    const { open, counters, counterOuts } = this
    const { setHas } = this.nfa.alphabet
    let matches = false
    let kept = 0
    for (let i = 0; i < open.length; i++) {
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
    this.work += open.length
    open.length = kept
    return matches
  }

  private step(place: number, classBefore: number, c: number, isFinal: boolean): Step {
    const width = this.endClass + 1
    const key = this.closure(place).asks ? ((isFinal ? width : 0) + classBefore + 1) * width + c : c
    let steps = this.steps[place]
    const known = steps?.get(key)
    if (known !== undefined) return known
    const made = this.makeStep(place, classBefore, c, isFinal)
    this.keptMembers += made.next.length + made.counters.length + 4
    if (this.keptMembers > maxKeptMembers) {
      this.steps = []
      this.keptMembers = 0
      steps = undefined
    }
    steps ??= new Map()
    this.steps[place] = steps
    steps.set(key, made)
    return made
  }

  private makeStep(place: number, classBefore: number, c: number, isFinal: boolean): Step {
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
    return { matches, matchesAfter: [...next].some(each => this.closure(each).matches), counters, next: [...next] }
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
