// What each place of a simulated automaton makes of the next byte, worked out once and kept as numbers in one flat array.
// A place is a state that is reached after a byte, together with all that it leads to without one.

import { Context } from './alphabet.ts'
import { type Nfa, Op } from './nfa.ts'

export interface Closure {
  /** States that consume a byte, count or ask something; most preferred first. */
  readonly states: readonly number[]
  readonly matches: boolean
  readonly asks: boolean
}

/** The numbers of a step: of a place, with what assertions can ask about the bytes on both sides, over a class. */
type MakeStep = (place: number, before: number, after: number, c: number) => readonly number[]

/** Entries of kept steps and of the tables that lead to them (4 bytes each); with more they are made anew. */
const maxKept = 1 << 18

export class StepCache {
  /** Steps, where `at` says. Replaced when it grows. */
  kept = new Int32Array(256)
  /**
   * By place, then by class: where its step stands in `kept`, or 0. Only the rows of `width` entries: those of places
   * that ask something are longer.
   */
  readonly rows: (Int32Array | undefined)[]
  readonly width: number
  private readonly nfa: Nfa
  private readonly reversed: boolean
  private readonly make: MakeStep
  private readonly closures: (Closure | undefined)[]
  /** Kinds of bytes before a position that assertions tell apart, by class. */
  private readonly contextNumber: Uint8Array
  private readonly contextCount: number
  private end = 1
  private rowEntries = 0

  constructor(nfa: Nfa, reversed: boolean, make: MakeStep) {
    this.nfa = nfa
    this.reversed = reversed
    this.make = make
    this.width = nfa.alphabet.classCount + 1
    this.rows = new Array<Int32Array | undefined>(nfa.ops.length).fill(undefined)
    this.closures = new Array<Closure | undefined>(nfa.ops.length).fill(undefined)
    const numbers = new Map<number, number>()
    this.contextNumber = Uint8Array.from({ length: this.width }, (_, c) => {
      const context = this.contextOf(c)
      const number = numbers.get(context) ?? numbers.size
      numbers.set(context, number)
      return number
    })
    this.contextCount = numbers.size
  }

  /** Where the step stands in `kept`. `isFinal`: the byte after the place is the last of the text. */
  at(place: number, classBefore: number, c: number, isFinal: boolean): number {
    const row = this.rows[place]
    if (row === undefined) return this.add(place, classBefore, c, isFinal)
    const at = row[row.length === this.width ? c : this.askingIndex(classBefore, c, isFinal)] as number
    return at === 0 ? this.add(place, classBefore, c, isFinal) : at
  }

  private askingIndex(classBefore: number, c: number, isFinal: boolean): number {
    const context = (this.contextNumber[classBefore] as number) * 2 + (isFinal ? 1 : 0)
    return context * this.width + c
  }

  private add(place: number, classBefore: number, c: number, isFinal: boolean): number {
    const behind = this.contextOf(classBefore)
    const ahead = this.contextOf(c)
    let after = this.reversed ? behind : ahead
    if (isFinal && (after & Context.newline) !== 0) after |= Context.finalNewline
    const step = this.make(place, this.reversed ? ahead : behind, after, c)
    if (this.end + this.rowEntries > maxKept) {
      this.rows.fill(undefined)
      this.end = 1
      this.rowEntries = 0
    }
    const { asks } = this.closure(place)
    let row = this.rows[place]
    if (row === undefined) {
      row = new Int32Array(this.width * (asks ? this.contextCount * 2 : 1))
      this.rows[place] = row
      this.rowEntries += row.length
    }
    const at = this.end
    this.end += step.length
    if (this.end > this.kept.length) {
      const larger = new Int32Array(Math.max(this.end, this.kept.length * 2))
      larger.set(this.kept)
      this.kept = larger
    }
    this.kept.set(step, at)
    row[asks ? this.askingIndex(classBefore, c, isFinal) : c] = at
    return at
  }

  private contextOf(c: number): number {
    return c === this.width - 1 ? Context.edge : (this.nfa.alphabet.contextOf[c] as number)
  }

  closure(from: number): Closure {
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
