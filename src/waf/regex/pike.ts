// Captures: a Pike VM runs all threads of the automaton in step, in PCRE's order of preference, from one known start.
// O(input × states); called only after the DFA has said that there is a match and where it starts.

import type { ByteString } from '../../lib/bytes.ts'
import { Context, holds } from './alphabet.ts'
import { type Nfa, Op } from './nfa.ts'

export class PikeVm {
  private readonly nfa: Nfa
  /** Two slots a group, the whole match first. */
  private readonly slots: number
  private current: ThreadList
  private next: ThreadList
  /** Work list of states to follow; a negative entry restores a capture slot from the two above it. */
  private readonly stack: number[] = []
  private readonly captures: Int32Array

  constructor(nfa: Nfa) {
    this.nfa = nfa
    this.slots = nfa.slots
    this.current = new ThreadList(nfa.ops.length, this.slots)
    this.next = new ThreadList(nfa.ops.length, this.slots)
    this.captures = new Int32Array(this.slots)
  }

  /** The preferred match that starts at `start`, as slots, or undefined. */
  matchAt(input: ByteString, start: number): Int32Array | undefined {
    const { ops, args, outs, alphabet } = this.nfa
    const { slots } = this
    let best: Int32Array | undefined
    this.current.clear()
    this.captures.fill(-1)
    this.captures[0] = start
    this.follow(this.current, this.nfa.start, input, start)
    for (let pos = start; this.current.count > 0; pos++) {
      const { current, next } = this
      const c = pos < input.length ? (alphabet.classOf[input.charCodeAt(pos) & 0xff] as number) : -1
      next.clear()
      for (let i = 0; i < current.count; i++) {
        const state = current.states[i] as number
        if (ops[state] === Op.match) {
          best = current.captures.slice(i * slots, (i + 1) * slots)
          best[1] = pos
          // Threads after this one are less preferred.
          break
        }
        if (c === -1 || alphabet.setHas[(args[state] as number) * alphabet.classCount + c] !== 1) continue
        for (let slot = 0; slot < slots; slot++) this.captures[slot] = current.captures[i * slots + slot] as number
        this.follow(next, outs[state] as number, input, pos + 1)
      }
      this.current = next
      this.next = current
    }
    return best
  }

  /** Adds the threads that a state leads to at `pos`, most preferred first. */
  private follow(list: ThreadList, from: number, input: ByteString, pos: number): void {
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    const { stack, captures } = this
    stack.push(from)
    while (stack.length > 0) {
      const state = stack.pop() as number
      if (state < 0) {
        captures[-1 - state] = stack.pop() as number
        continue
      }
      if (!list.mark(state)) continue
      switch (ops[state]) {
        case Op.split:
          stack.push(alternatives[state] as number)
          stack.push(outs[state] as number)
          break
        case Op.save: {
          const slot = args[state] as number
          stack.push(captures[slot] as number, -1 - slot, outs[state] as number)
          captures[slot] = pos
          break
        }
        case Op.assert: {
          const number = args[state] as number
          const assertion = alphabet.assertions[number]
          const mask = alphabet.assertionMask[number] as number
          if (assertion === undefined) break
          if (holds(assertion, mask, this.contextBefore(input, pos), this.contextAfter(input, pos))) {
            stack.push(outs[state] as number)
          }
          break
        }
        default:
          list.push(state, captures)
      }
    }
  }

  private contextBefore(input: ByteString, pos: number): number {
    if (pos === 0) return Context.edge
    const { classOf, contextOf } = this.nfa.alphabet
    return contextOf[classOf[input.charCodeAt(pos - 1) & 0xff] as number] as number
  }

  private contextAfter(input: ByteString, pos: number): number {
    if (pos >= input.length) return Context.edge
    const { classOf, contextOf } = this.nfa.alphabet
    const context = contextOf[classOf[input.charCodeAt(pos) & 0xff] as number] as number
    return pos === input.length - 1 && (context & Context.newline) !== 0 ? context | Context.finalNewline : context
  }
}

/** Threads in order of preference, one a state at most. */
class ThreadList {
  count = 0
  readonly states: Int32Array
  captures: Int32Array
  private readonly slots: number
  private readonly marks: Uint32Array
  private stamp = 0

  constructor(states: number, slots: number) {
    this.states = new Int32Array(states)
    this.captures = new Int32Array(slots * 16)
    this.slots = slots
    this.marks = new Uint32Array(states)
  }

  clear(): void {
    this.count = 0
    this.stamp++
    if (this.stamp === 0xffffffff) {
      this.marks.fill(0)
      this.stamp = 1
    }
  }

  /** False when the state was visited before. */
  mark(state: number): boolean {
    if (this.marks[state] === this.stamp) return false
    this.marks[state] = this.stamp
    return true
  }

  push(state: number, captures: Int32Array): void {
    const at = this.count * this.slots
    if (at + this.slots > this.captures.length) {
      const larger = new Int32Array(this.captures.length * 2)
      larger.set(this.captures)
      this.captures = larger
    }
    this.states[this.count++] = state
    this.captures.set(captures, at)
  }
}
