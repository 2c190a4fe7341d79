// Where the leftmost match ends, with PCRE's priorities: a lazy DFA whose states are lists of automaton states, most
// preferred first. A match cuts off what stands behind it; while there is none, every place may start one, less preferred
// than those before it. Saves the walk of a Pike VM over a long match when nobody asks for groups.

import type { ByteString } from '../../lib/bytes.ts'
import { Context, holds } from './alphabet.ts'
import { workLimit } from './dfa.ts'
import { type Nfa, Op } from './nfa.ts'
import { ReachMasks } from './reach-mask.ts'
import { StateTable } from './state-table.ts'

/** Marks in the table, as in dfa.ts: not worked out, no way on, and that after a match. */
const unknown = 0
const dead = 1
const matchedAndDead = 2
const exhausted = -1

/** Flags of states: no match yet; a match ends before the byte that led here. */
const searchingFlag = 1
const matchBeforeFlag = 2

const nothing = new Uint16Array(0)

export class OrderedDfa {
  private readonly nfa: Nfa
  private readonly anchored: boolean
  private readonly endClass: number
  private readonly masks: ReachMasks
  private readonly startMask: number
  private readonly states: StateTable
  private readonly seen: Uint32Array
  private readonly taken: Uint32Array
  private stamp = 0
  private readonly next: number[] = []
  /** `next` holds the match state: nothing less preferred is of use. */
  private isCut = false
  private work = 0
  private maxWork = 0

  /** The pattern has no `textEndNewline`, which needs to know two bytes. */
  constructor(nfa: Nfa, anchored: boolean) {
    this.nfa = nfa
    this.anchored = anchored
    this.endClass = nfa.alphabet.classCount
    this.masks = new ReachMasks(nfa)
    this.seen = new Uint32Array(nfa.ops.length)
    this.taken = new Uint32Array(nfa.ops.length)
    this.clear()
    this.close(nfa.start)
    this.startMask = this.maskOf(this.next)
    this.states = new StateTable(this.endClass + 1, nothing, Context.edge & this.startMask)
  }

  /** Of the leftmost match that starts at or after `from`; -1 for none, undefined when that costs too much here. */
  matchEnd(input: ByteString, from: number): number | undefined {
    const { classOf, contextOf } = this.nfa.alphabet
    const { length } = input
    this.maxWork = this.work + workLimit(input)
    const before =
      from === 0 ? Context.edge : (contextOf[classOf[input.charCodeAt(from - 1) & 0xff] as number] as number)
    let state = this.states.intern(nothing, before & this.startMask, searchingFlag)
    let found = -1
    for (let i = from; i <= length; i++) {
      const c = i === length ? this.endClass : (classOf[input.charCodeAt(i) & 0xff] as number)
      let next = this.states.entries[state + c] as number
      if (next === unknown) next = this.compute(state, c)
      if (next <= matchedAndDead) {
        if (next === exhausted) return undefined
        return next === matchedAndDead ? i : found
      }
      if ((this.states.flag(next) & matchBeforeFlag) !== 0) found = i
      state = next
    }
    return found
  }

  private compute(from: number, c: number): number {
    if (this.work > this.maxWork) return exhausted
    const { states } = this
    const { flushes } = states
    const target = this.step(from, c)
    if (states.flushes === flushes) states.entries[from + c] = target
    return target
  }

  private step(from: number, c: number): number {
    const { states } = this
    const list = states.set(from)
    const context = states.context(from)
    const atEnd = c === this.endClass
    const after = atEnd ? Context.edge : (this.nfa.alphabet.contextOf[c] as number)
    let searching = (states.flag(from) & searchingFlag) !== 0
    let matches = false
    this.clear()
    for (let i = 0; i < list.length && !matches; i++) matches = this.advance(list[i] as number, context, after, c)
    // An anchored search starts once: of its states only the first searches.
    if (searching && !matches) matches = this.advance(this.nfa.start, context, after, c)
    if (matches || this.isCut || this.anchored) searching = false
    if (atEnd || (this.next.length === 0 && !searching)) return matches ? matchedAndDead : dead
    const mask = this.maskOf(this.next) | (searching ? this.startMask : 0)
    const flags = (searching ? searchingFlag : 0) | (matches ? matchBeforeFlag : 0)
    return states.intern(Uint16Array.from(this.next), after & mask, flags)
  }

  /** Follows a state without a byte, most preferred first, then over the byte. True at a match. */
  private advance(from: number, before: number, after: number, c: number): boolean {
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    const { seen, stamp, endClass } = this
    const stack = [from]
    while (stack.length > 0) {
      const state = stack.pop() as number
      this.work++
      if (seen[state] === stamp) continue
      seen[state] = stamp
      const arg = args[state] as number
      switch (ops[state]) {
        case Op.set:
          if (c !== endClass && alphabet.setHas[arg * endClass + c] === 1) this.close(outs[state] as number)
          break
        case Op.match:
          return true
        case Op.assert: {
          const assertion = alphabet.assertions[arg]
          const mask = alphabet.assertionMask[arg] as number
          if (assertion !== undefined && holds(assertion, mask, before, after)) stack.push(outs[state] as number)
          break
        }
        case Op.split:
          stack.push(alternatives[state] as number, outs[state] as number)
          break
        default:
          stack.push(outs[state] as number)
      }
    }
    return false
  }

  /** Adds what a state leads to without a byte and without asking, most preferred first. */
  private close(from: number): void {
    const { ops, outs, alternatives } = this.nfa
    const { taken, stamp, next } = this
    const stack = [from]
    while (stack.length > 0 && !this.isCut) {
      const state = stack.pop() as number
      this.work++
      if (taken[state] === stamp) continue
      taken[state] = stamp
      switch (ops[state]) {
        case Op.match:
          next.push(state)
          this.isCut = true
          break
        case Op.set:
        case Op.assert:
          next.push(state)
          break
        case Op.split:
          stack.push(alternatives[state] as number, outs[state] as number)
          break
        default:
          stack.push(outs[state] as number)
      }
    }
  }

  private clear(): void {
    this.next.length = 0
    this.isCut = false
    this.stamp++
    if (this.stamp === 0xffffffff) {
      this.seen.fill(0)
      this.taken.fill(0)
      this.stamp = 1
    }
  }

  private maskOf(list: readonly number[]): number {
    let mask = 0
    for (const state of list) mask |= this.masks.of(state)
    return mask
  }
}
