// Captures: a Pike VM runs all threads of the automaton in step, in PCRE's order of preference. Threads of earlier starts
// come first, so one pass from where a match may start gives the leftmost match and its groups.
// O(input × states); called only after the DFA has said that there is a match and about where it starts.

import type { ByteString } from '../../lib/bytes.ts'
import { Context, holds } from './alphabet.ts'
import { type Nfa, Op } from './nfa.ts'

export class PikeVm {
  private readonly nfa: Nfa
  /** Two slots a group, without those of the whole match. */
  private readonly slots: number
  private current: ThreadList
  private next: ThreadList
  /** Work list of states to follow; a negative entry restores a capture slot from the one above it. */
  private readonly stack: number[] = []
  /** Of the thread that is followed. */
  private readonly captures: Int32Array
  private threadStart = 0

  constructor(nfa: Nfa) {
    this.nfa = nfa
    this.slots = nfa.slots - 2
    this.current = new ThreadList(nfa.ops.length, this.slots)
    this.next = new ThreadList(nfa.ops.length, this.slots)
    this.captures = new Int32Array(this.slots)
  }

  /** The preferred match of the leftmost start between `first` and `last`, as slots, or undefined. */
  match(input: ByteString, first: number, last: number): Int32Array | undefined {
    const { ops, args, outs, alphabet } = this.nfa
    const { setHas, classCount } = alphabet
    const { slots, captures } = this
    let best: Int32Array | undefined
    this.current.clear()
    for (let pos = first; ; pos++) {
      const { current, next } = this
      if (best === undefined && pos <= last) {
        captures.fill(-1)
        this.threadStart = pos
        this.follow(current, this.nfa.start, input, pos)
      }
      const { count } = current
      if (count === 0 && (best !== undefined || pos >= last)) return best
      const c = pos < input.length ? (alphabet.classOf[input.charCodeAt(pos) & 0xff] as number) : -1
      next.clear()
      for (let i = 0; i < count; i++) {
        const state = current.states[i] as number
        if (ops[state] === Op.match) {
          best = current.result(i, pos)
          // Threads after this one are less preferred.
          break
        }
        if (c === -1 || setHas[(args[state] as number) * classCount + c] !== 1) continue
        this.threadStart = current.starts[i] as number
        for (let slot = 0, from = i * slots; slot < slots; slot++) captures[slot] = current.captures[from++] as number
        this.follow(next, outs[state] as number, input, pos + 1)
      }
      this.current = next
      this.next = current
    }
  }

  /** Adds the threads that a state leads to at `pos`, most preferred first. */
  private follow(list: ThreadList, from: number, input: ByteString, pos: number): void {
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    const { stack, captures, threadStart } = this
    let state = from
    for (;;) {
      let leads = -1
      if (state < 0) captures[-1 - state] = stack.pop() as number
      else if (list.mark(state)) {
        switch (ops[state]) {
          case Op.split:
            stack.push(alternatives[state] as number)
            leads = outs[state] as number
            break
          case Op.save: {
            const slot = (args[state] as number) - 2
            stack.push(captures[slot] as number, -1 - slot)
            captures[slot] = pos
            leads = outs[state] as number
            break
          }
          case Op.assert: {
            const number = args[state] as number
            const assertion = alphabet.assertions[number]
            const mask = alphabet.assertionMask[number] as number
            if (assertion === undefined) break
            if (holds(assertion, mask, this.contextBefore(input, pos), this.contextAfter(input, pos))) {
              leads = outs[state] as number
            }
            break
          }
          default:
            list.push(state, threadStart, captures)
        }
      }
      if (leads !== -1) state = leads
      else if (stack.length > 0) state = stack.pop() as number
      else return
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
  /** Where the match of each thread starts. */
  readonly starts: Int32Array
  captures: Int32Array
  private readonly slots: number
  private readonly marks: Uint32Array
  private stamp = 0

  constructor(states: number, slots: number) {
    this.states = new Int32Array(states)
    this.starts = new Int32Array(states)
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

  push(state: number, start: number, captures: Int32Array): void {
    const { slots } = this
    let at = this.count * slots
    if (at + slots > this.captures.length) {
      const larger = new Int32Array(this.captures.length * 2)
      larger.set(this.captures)
      this.captures = larger
    }
    this.starts[this.count] = start
    this.states[this.count++] = state
    for (let slot = 0; slot < slots; slot++) this.captures[at++] = captures[slot] as number
  }

  /** Of a thread that has matched: whole match and groups. */
  result(thread: number, end: number): Int32Array {
    const { slots } = this
    const slice = new Int32Array(slots + 2)
    slice[0] = this.starts[thread] as number
    slice[1] = end
    for (let slot = 0; slot < slots; slot++) slice[slot + 2] = this.captures[thread * slots + slot] as number
    return slice
  }
}
