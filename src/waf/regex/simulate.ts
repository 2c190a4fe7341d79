// All states of an automaton in step, without remembering sets of states: slower than a warm DFA, but each byte costs at
// most one visit of each state, and a counted repeat is one state (counter.ts). Used where the DFA would go on meeting
// new sets for ever, such as two long gaps in random text.

import type { ByteString } from '../../lib/bytes.ts'
import { Context, holds } from './alphabet.ts'
import { Counter } from './counter.ts'
import { type Nfa, Op } from './nfa.ts'

/** What every position of a search adds, by the bytes on both sides. */
interface StartStep {
  /** Met before the byte. */
  readonly matches: boolean
  readonly counters: readonly number[]
  /** States after the byte; `matchesAfter` when the match state is among them. */
  readonly next: readonly number[]
  readonly matchesAfter: boolean
}

interface Closure {
  readonly states: readonly number[]
  readonly matches: boolean
}

/** Members of kept start steps; beyond that they are made anew. */
const maxKeptMembers = 1 << 16

export class Simulator {
  /** States visited so far. */
  work = 0
  private readonly nfa: Nfa
  private readonly reversed: boolean
  private readonly unanchored: boolean
  private readonly endClass: number
  private readonly counters: readonly Counter[]
  private readonly closures: (Closure | undefined)[]
  private readonly startSteps = new Map<number, StartStep>()
  private keptMembers = 0
  /** States at this position and the next, and the stamps that say which are in them already. */
  private current: number[] = []
  private next: number[] = []
  private currentMarks: Uint32Array
  private nextMarks: Uint32Array
  private stamp = 1

  /** `nfa` is built with counters. `unanchored`: the search tries every start. */
  constructor(nfa: Nfa, reversed: boolean, unanchored: boolean) {
    this.nfa = nfa
    this.reversed = reversed
    this.unanchored = unanchored
    this.endClass = nfa.alphabet.classCount
    this.counters = nfa.counters.map(counter => new Counter(counter))
    this.closures = new Array<Closure | undefined>(nfa.ops.length).fill(undefined)
    this.currentMarks = new Uint32Array(nfa.ops.length)
    this.nextMarks = new Uint32Array(nfa.ops.length)
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
    const { classOf, contextOf } = this.nfa.alphabet
    const { reversed, endClass } = this
    const { length } = input
    const steps = length - from
    for (const counter of this.counters) counter.clear()
    this.current.length = 0
    this.next.length = 0
    this.restamp()
    let found = -1
    let context: number = Context.edge
    let classBefore = endClass
    for (let step = 0; step <= steps; step++) {
      const index = reversed ? length - 1 - step : step
      const c = index < 0 || index >= length ? endClass : (classOf[input.charCodeAt(index) & 0xff] as number)
      const byte = c === endClass ? Context.edge : (contextOf[c] as number)
      const isLast =
        (reversed ? step === 1 : step === length - 1) && ((reversed ? context : byte) & Context.newline) !== 0
      const before = reversed ? byte : context
      const after = (reversed ? context : byte) | (isLast ? Context.finalNewline : 0)
      let matches = false
      let matchesAfter = false
      if (this.unanchored || step === 0) {
        const start = this.startStep(classBefore, c, before, after)
        matches = start.matches
        matchesAfter = start.matchesAfter
        for (let i = 0; i < start.counters.length; i++) this.enter(start.counters[i] as number, step)
        for (let i = 0; i < start.next.length; i++) this.addNext(start.next[i] as number, step + 1)
      }
      const outcome = this.advance(before, after, c, step)
      matches ||= (outcome & matchedBefore) !== 0
      matchesAfter ||= (outcome & matchedAfter) !== 0
      if (matches || matchesAfter) {
        // A match after the byte at the last step lies before `from`.
        if (!reversed) return step
        if (matchesAfter && step < steps) found = index
        else if (matches) found = index + 1
      }
      if (this.next.length === 0 && !this.unanchored) break
      this.turn()
      context = byte
      classBefore = c
    }
    return found
  }

  /** Takes all states of this position over a byte. */
  private advance(before: number, after: number, c: number, position: number): number {
    const { ops, args, outs, alphabet } = this.nfa
    const { current } = this
    let outcome = 0
    // Assertions that hold add to the list on the way.
    for (let i = 0; i < current.length; i++) {
      const state = current[i] as number
      const arg = args[state] as number
      switch (ops[state]) {
        case Op.set:
          if (c !== this.endClass && alphabet.setHas[arg * this.endClass + c] === 1) {
            if (this.follow(outs[state] as number, position + 1)) outcome |= matchedAfter
          }
          break
        case Op.count:
          if (c !== this.endClass && this.count(state, arg, c, position)) outcome |= matchedAfter
          break
        default: {
          const assertion = alphabet.assertions[arg]
          if (assertion === undefined || !holds(assertion, alphabet.assertionMask[arg] as number, before, after)) break
          const { states, matches } = this.closure(outs[state] as number)
          if (matches) outcome |= matchedBefore
          for (let k = 0; k < states.length; k++) this.addCurrent(states[k] as number, position)
        }
      }
    }
    this.work += current.length
    return outcome
  }

  /** Adds what follows a consumed byte; whether the match state does. */
  private follow(out: number, position: number): boolean {
    const { states, matches } = this.closures[out] ?? this.closure(out)
    for (let i = 0; i < states.length; i++) this.addNext(states[i] as number, position)
    return matches
  }

  private count(state: number, arg: number, c: number, position: number): boolean {
    const counter = this.counters[arg] as Counter
    if (this.nfa.alphabet.setHas[counter.set * this.endClass + c] !== 1) {
      counter.leave(position + 1)
      return false
    }
    const ends = counter.advance(position + 1)
    if (counter.isOpen && this.nextMarks[state] !== this.stamp) {
      this.nextMarks[state] = this.stamp
      this.next.push(state)
    }
    return ends && this.follow(this.nfa.outs[state] as number, position + 1)
  }

  private addNext(state: number, position: number): void {
    if (this.nfa.ops[state] === Op.count) this.counters[this.nfa.args[state] as number]?.enter(position)
    if (this.nextMarks[state] === this.stamp) return
    this.nextMarks[state] = this.stamp
    this.next.push(state)
  }

  private addCurrent(state: number, position: number): void {
    if (this.nfa.ops[state] === Op.count) this.enter(state, position)
    else if (this.currentMarks[state] !== this.stamp - 1) {
      this.currentMarks[state] = this.stamp - 1
      this.current.push(state)
    }
  }

  private enter(state: number, position: number): void {
    this.counters[this.nfa.args[state] as number]?.enter(position)
    if (this.currentMarks[state] === this.stamp - 1) return
    this.currentMarks[state] = this.stamp - 1
    this.current.push(state)
  }

  /** The next position becomes this one. A state of `current` bears the stamp before the one of `next`. */
  private turn(): void {
    const { current, currentMarks } = this
    this.current = this.next
    this.currentMarks = this.nextMarks
    this.next = current
    this.nextMarks = currentMarks
    this.next.length = 0
    this.stamp++
    if (this.stamp === 0xffffffff) this.restamp()
  }

  private restamp(): void {
    this.stamp = 2
    this.nextMarks.fill(0)
    this.currentMarks.fill(0)
    for (const state of this.current) this.currentMarks[state] = 1
  }

  private closure(from: number): Closure {
    const known = this.closures[from]
    if (known !== undefined) return known
    const { ops, outs, alternatives } = this.nfa
    const states: number[] = []
    const seen = new Set<number>()
    const stack = [from]
    let matches = false
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
          states.push(state)
      }
    }
    const closure = { states, matches }
    this.closures[from] = closure
    return closure
  }

  private startStep(classBefore: number, c: number, before: number, after: number): StartStep {
    const isFinal = (after & Context.finalNewline) === 0 ? 0 : 1
    const key = (classBefore * (this.endClass + 1) + c) * 2 + isFinal
    const known = this.startSteps.get(key)
    if (known !== undefined) return known
    const step = this.makeStartStep(before, after, c)
    if (this.keptMembers > maxKeptMembers) {
      this.startSteps.clear()
      this.keptMembers = 0
    }
    this.keptMembers += step.next.length + step.counters.length + 1
    this.startSteps.set(key, step)
    return step
  }

  private makeStartStep(before: number, after: number, c: number): StartStep {
    const { ops, args, outs, alphabet } = this.nfa
    const here = new Set<number>(this.closure(this.nfa.start).states)
    let { matches } = this.closure(this.nfa.start)
    let matchesAfter = false
    const counters: number[] = []
    const next = new Set<number>()
    for (const state of here) {
      const arg = args[state] as number
      if (ops[state] === Op.count) counters.push(state)
      else if (ops[state] === Op.set) {
        if (c === this.endClass || alphabet.setHas[arg * this.endClass + c] !== 1) continue
        const closure = this.closure(outs[state] as number)
        matchesAfter ||= closure.matches
        for (const each of closure.states) next.add(each)
      } else {
        const assertion = alphabet.assertions[arg]
        if (assertion === undefined || !holds(assertion, alphabet.assertionMask[arg] as number, before, after)) continue
        const closure = this.closure(outs[state] as number)
        matches ||= closure.matches
        for (const each of closure.states) here.add(each)
      }
    }
    return { matches, counters, next: [...next], matchesAfter }
  }
}

const matchedBefore = 1
const matchedAfter = 2
