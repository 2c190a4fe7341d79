// One step of the subset construction: from a set of automaton states over one class of bytes to the next set. Which
// assertions hold is known here, because both the byte before and the byte after the position are.

import { Context, holds } from './alphabet.ts'
import { type Nfa, Op } from './nfa.ts'
import { ReachMasks } from './reach-mask.ts'

/** Steps from the start that are kept: contexts × classes, and few patterns have many contexts. */
const maxStartSteps = 2_048

interface StartStep {
  readonly matches: boolean
  readonly targets: Uint16Array
}

export class Stepper {
  /** Automaton states followed so far: what tests hold against the length of the input. */
  work = 0
  /** Filled by `advance`: the states after the byte that consume one or ask something. */
  readonly targets: number[] = []
  /** Set by `advance`: the match state was reached after the byte. */
  foundMatch = false
  /** Context bits that the states of every position depend on. */
  readonly startMask: number
  /** Whether a match can come back to a state that it started in: then an empty set of states does not mean no match under way. */
  readonly returnsToStart: boolean
  private readonly nfa: Nfa
  private readonly reversed: boolean
  /** A search tries every start: the start states are part of every set and never stored in one. */
  private readonly unanchored: boolean
  private readonly endClass: number
  private readonly isStart: Uint8Array
  private readonly masks: ReachMasks
  private readonly seen: Uint32Array
  private readonly taken: Uint32Array
  private stamp = 0
  private readonly stack: number[] = []
  private readonly startSteps = new Map<number, StartStep>()

  constructor(nfa: Nfa, reversed: boolean, unanchored: boolean) {
    this.nfa = nfa
    this.reversed = reversed
    this.unanchored = unanchored
    this.endClass = nfa.alphabet.classCount
    const states = nfa.ops.length
    this.isStart = new Uint8Array(states)
    this.masks = new ReachMasks(nfa)
    this.seen = new Uint32Array(states)
    this.taken = new Uint32Array(states)
    // Backwards the first state must know that it is at the edge, or a newline before it could not become the final one.
    const edge = reversed && nfa.alphabet.assertions.includes('textEndNewline') ? Context.edge : 0
    this.startMask = edge | (unanchored ? this.markStart() : 0)
    this.returnsToStart = unanchored && this.findReturn()
  }

  /** Leaves in `targets` what the first state of a table holds. */
  begin(): void {
    this.clearTargets()
    if (!this.unanchored) this.close(this.nfa.start, true)
  }

  /** Forgets what it kept of steps from the start. */
  forget(): void {
    this.startSteps.clear()
  }

  /** The members of `targets` that a state must store, in order, and the context bits that it depends on. */
  settle(): { readonly set: Uint16Array; readonly mask: number } {
    let mask = this.startMask
    let size = 0
    const { targets } = this
    for (let i = 0; i < targets.length; i++) {
      const state = targets[i] as number
      if (this.unanchored && this.isStart[state] === 1) continue
      targets[size++] = state
      if (this.nfa.ops[state] === Op.assert) mask |= this.masks.of(state)
    }
    targets.length = size
    return { set: Uint16Array.from(targets).sort(), mask }
  }

  /**
   * From `set` (and the start states of a search) over the class `c`: fills `targets`, tells whether the match state
   * was reached before the byte, and leaves in `foundMatch` whether it was reached after it.
   */
  advance(set: Uint16Array, context: number, byte: number, c: number): boolean {
    const before = this.reversed ? byte : context
    const after = this.reversed ? context : byte
    const start = this.unanchored ? this.startStep(context, byte, c) : undefined
    this.clearTargets()
    let matches = false
    if (start !== undefined) {
      matches = start.matches
      for (let i = 0; i < start.targets.length; i++) this.take(start.targets[i] as number)
    }
    for (let i = 0; i < set.length; i++) {
      if (this.stepFrom(set[i] as number, before, after, c)) matches = true
    }
    return matches
  }

  /** The step from the start states, which every set takes: worked out once for each context and class. */
  private startStep(context: number, byte: number, c: number): StartStep {
    const isFinal = (byte & Context.finalNewline) === 0 ? 0 : 1
    const key = ((context & this.startMask) * (this.endClass + 1) + c) * 2 + isFinal
    let step = this.startSteps.get(key)
    if (step === undefined) {
      this.clearTargets()
      const matches = this.stepFrom(this.nfa.start, this.reversed ? byte : context, this.reversed ? context : byte, c)
      step = { matches: matches || (this.foundMatch && !this.reversed), targets: Uint16Array.from(this.targets) }
      if (this.startSteps.size >= maxStartSteps) this.forget()
      this.startSteps.set(key, step)
    }
    return step
  }

  /** Marks the states that every position of a search starts in; returns the context bits they depend on. */
  private markStart(): number {
    this.clearTargets()
    this.close(this.nfa.start, true)
    let mask = 0
    for (const state of this.targets) {
      this.isStart[state] = 1
      mask |= this.masks.of(state)
    }
    return mask
  }

  private findReturn(): boolean {
    const { ops, outs } = this.nfa
    this.clearTargets()
    for (let state = 0; state < ops.length; state++) if (ops[state] === Op.set) this.close(outs[state] as number, false)
    return this.targets.some(state => this.isStart[state] === 1)
  }

  /** Follows empty moves from a state with both sides known, then the byte. True when the match state was met. */
  private stepFrom(from: number, before: number, after: number, c: number): boolean {
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    const { stack, seen, stamp } = this
    let matches = false
    stack.push(from)
    while (stack.length > 0) {
      const state = stack.pop() as number
      this.work++
      if (seen[state] === stamp) continue
      seen[state] = stamp
      const arg = args[state] as number
      switch (ops[state]) {
        case Op.set:
          if (c !== this.endClass && alphabet.setHas[arg * this.endClass + c] === 1)
            this.close(outs[state] as number, false)
          break
        case Op.match:
          matches = true
          break
        case Op.assert: {
          const assertion = alphabet.assertions[arg]
          const mask = alphabet.assertionMask[arg] as number
          if (assertion !== undefined && holds(assertion, mask, before, after)) stack.push(outs[state] as number)
          break
        }
        case Op.split:
          stack.push(alternatives[state] as number)
          stack.push(outs[state] as number)
          break
        default:
          stack.push(outs[state] as number)
      }
    }
    return matches
  }

  private clearTargets(): void {
    this.targets.length = 0
    this.foundMatch = false
    this.stamp++
    if (this.stamp === 0xffffffff) {
      this.seen.fill(0)
      this.taken.fill(0)
      this.stamp = 1
    }
  }

  /** Adds what can be reached from a state by empty moves that ask nothing. */
  private close(from: number, atStart: boolean): void {
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    const { taken, stamp } = this
    const stack = [from]
    while (stack.length > 0) {
      const state = stack.pop() as number
      this.work++
      if (taken[state] === stamp) continue
      taken[state] = stamp
      switch (ops[state]) {
        case Op.match:
          this.foundMatch = true
          // Forwards one match is enough; backwards the place where it starts is known at the next byte.
          if (this.reversed || atStart) this.targets.push(state)
          break
        case Op.assert:
          // The edge lies behind: these can't hold any more.
          if (!atStart && alphabet.assertions[args[state] as number] === (this.reversed ? 'textEnd' : 'textStart'))
            break
          this.targets.push(state)
          break
        case Op.set:
          this.targets.push(state)
          break
        case Op.split:
          stack.push(alternatives[state] as number)
          stack.push(outs[state] as number)
          break
        default:
          stack.push(outs[state] as number)
      }
    }
  }

  private take(state: number): void {
    if (this.taken[state] === this.stamp) return
    this.taken[state] = this.stamp
    this.targets.push(state)
  }
}
