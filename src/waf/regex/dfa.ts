// Lazy DFA: subset construction on demand, one table look-up a byte once warm. Forwards it answers "is there a match"
// and stops at the first; reversed it finds the leftmost place where a match starts. Assertions are decided when the
// byte after them is known, from the context that each state keeps of the byte before; the end of text is one more
// class. A full table is thrown away and filled afresh, so memory is bounded. A search that goes on meeting new sets of
// states gives up, and simulate.ts takes its place.

import type { ByteString } from '../../lib/bytes.ts'
import { Context } from './alphabet.ts'
import { Exits, maxExits } from './exits.ts'
import type { Nfa } from './nfa.ts'
import { StateTable } from './state-table.ts'
import { Stepper } from './stepper.ts'

// Marks in the table. Here and not in state-table.ts because V8 loads an imported constant anew for each byte.
const unknown = 0
const dead = 1
const matched = 2
/** Never in the table: the search has cost too much. */
const exhausted = -1

/**
 * Automaton states that one search may follow to find new transitions. A value that needs more has too many different
 * sets of states; the bound keeps that dear for no longer than a simulation of the whole value is.
 */
export function workLimit(input: ByteString): number {
  return 50_000 + input.length
}

/** No state has this offset. */
const never = -2
/** Shorter values are read through as soon. */
const fewestSkipped = 16

const endMatchFlag = 1
const matchBeforeFlag = 2

export class LazyDfa {
  private readonly reversed: boolean
  private readonly unanchored: boolean
  private readonly classOf: Uint8Array
  private readonly contextOf: Int32Array
  private readonly endClass: number
  private readonly hasFinalNewline: boolean
  private readonly stepper: Stepper
  private readonly states: StateTable
  /** Of `states`, at hand for the scan: the table, and where its first state stands. */
  private table: Int32Array
  private readonly start: number
  private maxWork = 0
  /** The state in which nothing is under way and the bytes that lead out of it, as of a number of flushes. */
  private quiet = 0
  private quietAt = -1
  private exits: Exits | undefined

  /** `unanchored`: the search tries every start. */
  constructor(nfa: Nfa, reversed: boolean, unanchored: boolean) {
    const { alphabet } = nfa
    this.reversed = reversed
    this.unanchored = unanchored
    this.classOf = alphabet.classOf
    this.contextOf = alphabet.contextOf
    this.endClass = alphabet.classCount
    this.hasFinalNewline = !reversed && alphabet.assertions.includes('textEndNewline')
    this.stepper = new Stepper(nfa, reversed, unanchored)
    this.stepper.begin()
    const { set, mask } = this.stepper.settle()
    this.states = new StateTable(alphabet.classCount + 1, set, Context.edge & mask)
    this.table = this.states.entries
    this.start = this.states.start
  }

  /** Automaton states followed so far. */
  get work(): number {
    return this.stepper.work
  }

  /**
   * Where the match that ends first ends, or a byte later; -1 when there is none, undefined when that costs too much
   * here.
   */
  matchEnd(input: ByteString): number | undefined {
    this.limitWork(input)
    const exits = input.length < fewestSkipped ? undefined : this.findExits()
    exits?.begin(input)
    const found = this.search(input, exits)
    exits?.end()
    return found
  }

  private search(input: ByteString, exits: Exits | undefined): number | undefined {
    const classOf = this.classOf
    const end = input.length
    const { flushes } = this.states
    const quiet = exits === undefined ? never : this.quiet
    let state = this.start
    let at = 0
    for (;;) {
      // The inner loop has no call, so that V8 keeps all of it in registers.
      const table = this.table
      let next = state
      while (at < end) {
        next = table[state + (classOf[input.charCodeAt(at) & 0xff] as number)] as number
        if (next <= matched || next === quiet) break
        state = next
        at++
      }
      if (next === quiet && exits !== undefined && at < end) {
        // On to the next byte that begins something; after a flush the state may stand for another one.
        state = next
        at = this.states.flushes === flushes ? exits.next(at + 1) : at + 1
        continue
      }
      const c = at < end ? (classOf[input.charCodeAt(at) & 0xff] as number) : this.endClass
      if (at === end) next = table[state + c] as number
      if (next === unknown) next = this.compute(state, c)
      if (next <= matched) return next === exhausted ? undefined : next === matched ? Math.min(at + 1, end) : -1
      state = next
      at++
    }
  }

  /** The bytes that lead out of the state in which nothing is under way, when they are few. */
  private findExits(): Exits | undefined {
    const { states } = this
    if (this.quietAt === states.flushes) return this.exits
    this.quietAt = states.flushes
    this.exits = undefined
    if (!this.unanchored || this.reversed || this.hasFinalNewline) return undefined
    const quiet = states.intern(new Uint16Array(0), 0, 0)
    this.table = states.entries
    const leading = new Set<number>()
    for (let c = 0; c < this.endClass; c++) {
      const next = (this.table[quiet + c] as number) || this.compute(quiet, c)
      if (next === exhausted) return undefined
      if (next !== quiet) leading.add(c)
    }
    const bytes: number[] = []
    for (let byte = 0; byte < 256; byte++) if (leading.has(this.classOf[byte] as number)) bytes.push(byte)
    if (bytes.length > maxExits || states.flushes !== this.quietAt) return undefined
    this.quiet = quiet
    this.exits = new Exits(bytes)
    return this.exits
  }

  /** The last place before `end` that no match which starts before it can get across; undefined when that is not known. */
  lastQuiet(input: ByteString, end: number): number | undefined {
    if (this.stepper.returnsToStart) return undefined
    this.limitWork(input)
    let state = this.start
    let quiet = 0
    for (let i = 0; i < end; i++) {
      const c = this.classOf[input.charCodeAt(i) & 0xff] as number
      let next = this.table[state + c] as number
      if (next === unknown) next = this.compute(state, c)
      if (next === exhausted) return undefined
      if (next <= matched) break
      state = next
      if (this.states.set(state).length === 0 && this.states.flag(state) === 0) quiet = i + 1
    }
    return quiet
  }

  private limitWork(input: ByteString): void {
    this.maxWork = this.stepper.work + workLimit(input)
  }

  /**
   * For a reversed automaton: the leftmost index, not before `from`, where a match starts; -1 for none, undefined when
   * that costs too much here. Where it is anchored, of the matches that end at `end`.
   */
  leftmostStart(input: ByteString, from: number, end: number = input.length): number | undefined {
    this.limitWork(input)
    let state = end === input.length ? this.start : this.startBefore(input.charCodeAt(end) & 0xff)
    let leftmost = -1
    for (let i = end - 1; i >= from - 1; i--) {
      const c = i < 0 ? this.endClass : (this.classOf[input.charCodeAt(i) & 0xff] as number)
      let next = this.table[state + c] as number
      if (next === unknown) next = this.compute(state, c)
      if (next === exhausted) return undefined
      if (next <= matched) return next === matched ? i + 1 : leftmost
      if ((this.states.flag(next) & matchBeforeFlag) !== 0) leftmost = i + 1
      state = next
    }
    return leftmost
  }

  /** The first state where a byte stands behind the end of the match. */
  private startBefore(byte: number): number {
    this.stepper.begin()
    const { set, mask } = this.stepper.settle()
    const context = (this.contextOf[this.classOf[byte] as number] as number) & mask
    const state = this.states.intern(set, context, 0)
    this.table = this.states.entries
    return state
  }

  /** Works out one transition and keeps it. */
  private compute(from: number, c: number): number {
    if (this.stepper.work > this.maxWork) return exhausted
    const { states } = this
    const { flushes } = states
    const target = this.step(from, c)
    // After a flush `from` is gone.
    if (states.flushes === flushes) states.entries[from + c] = target
    else this.stepper.forget()
    this.table = states.entries
    return target
  }

  private step(from: number, c: number): number {
    const { states, stepper } = this
    const set = states.set(from)
    const context = states.context(from)
    const atEnd = c === this.endClass
    const byte = atEnd ? Context.edge : (this.contextOf[c] as number)
    if (atEnd && (states.flag(from) & endMatchFlag) !== 0) return matched
    const isNewline = (byte & Context.newline) !== 0
    let flags =
      this.hasFinalNewline && isNewline && this.matchesAtFinalNewline(set, context, byte, c) ? endMatchFlag : 0
    const matches = stepper.advance(set, context, byte, c)
    if (matches || (stepper.foundMatch && !this.reversed)) {
      // Backwards a match may start further left, so the place is noted and the search goes on.
      if (atEnd || !this.reversed) return matched
      flags = matchBeforeFlag
    }
    if (atEnd || (stepper.targets.length === 0 && flags === 0 && !this.unanchored)) return dead
    const isFinal = this.reversed && isNewline && (context & Context.edge) !== 0
    const { set: next, mask } = stepper.settle()
    return states.intern(next, (isFinal ? byte | Context.finalNewline : byte) & mask, flags)
  }

  /** `$` before a newline needs to know whether the text ends after it: asked now, used if the end comes next. */
  private matchesAtFinalNewline(set: Uint16Array, context: number, byte: number, c: number): boolean {
    if (this.stepper.advance(set, context, byte | Context.finalNewline, c) || this.stepper.foundMatch) return true
    const after = Uint16Array.from(this.stepper.targets)
    return this.stepper.advance(after, byte, Context.edge, this.endClass)
  }
}
