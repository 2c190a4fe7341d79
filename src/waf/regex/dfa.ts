// Lazy DFA: subset construction on demand, one table look-up a byte once warm. Forwards it answers "is there a match"
// and stops at the first; reversed it finds the leftmost place where a match starts. Assertions are decided when the
// byte after them is known, from the context that each state keeps of the byte before; the end of text is one more
// class. A full table is thrown away and filled afresh, so memory is bounded and the work linear in the input.

import type { ByteString } from '../../lib/bytes.ts'
import { Context, holds } from './alphabet.ts'
import { type Nfa, Op } from './nfa.ts'

const unknown = 0
const dead = 1
const matched = 2
/** Table offsets of states start above the marks. */
const firstIndex = 3

/** Entries of one table (4 bytes each) and members of all its sets (2 bytes each); both together cap a regex's memory. */
const maxTableEntries = 1 << 17
const maxSetMembers = 1 << 18

const endMatchFlag = 1
const matchBeforeFlag = 2

interface StartStep {
  readonly matches: boolean
  readonly targets: Uint16Array
}

export class LazyDfa {
  /** How often the table was thrown away. */
  flushes = 0
  /** Automaton states followed so far: what tests hold against the length of the input. */
  work = 0
  private readonly nfa: Nfa
  private readonly reversed: boolean
  /** A search tries every start: the start states are part of every set and never stored in one. */
  private readonly unanchored: boolean
  private readonly classOf: Uint8Array
  private readonly endClass: number
  private readonly stride: number
  private readonly hasFinalNewline: boolean
  private readonly startMask: number

  private table: Int32Array
  private count = 0
  private setMembers = 0
  private sets: Uint16Array[] = []
  private contexts: number[] = []
  private flags: number[] = []
  private nextInBucket: number[] = []
  private readonly buckets = new Map<number, number>()
  private readonly startSteps = new Map<number, StartStep>()

  private readonly reachMask: Int32Array
  private readonly isStart: Uint8Array
  private readonly seen: Uint32Array
  private readonly taken: Uint32Array
  private stamp = 0
  private readonly stack: number[] = []
  private readonly targets: number[] = []
  private foundMatch = false

  constructor(nfa: Nfa, reversed: boolean, unanchored: boolean) {
    const { alphabet } = nfa
    this.nfa = nfa
    this.reversed = reversed
    this.unanchored = unanchored
    this.classOf = alphabet.classOf
    this.endClass = alphabet.classCount
    this.stride = alphabet.classCount + 1
    this.hasFinalNewline = !reversed && alphabet.assertions.includes('textEndNewline')
    const states = nfa.ops.length
    this.reachMask = new Int32Array(states).fill(-1)
    this.seen = new Uint32Array(states)
    this.taken = new Uint32Array(states)
    this.isStart = new Uint8Array(states)
    this.table = new Int32Array(this.stride * 16)
    // Backwards the first state must know that it is at the edge, or a newline before it could not become the final one.
    const edge = reversed && alphabet.assertions.includes('textEndNewline') ? Context.edge : 0
    this.startMask = edge | (unanchored ? this.markStart() : 0)
    this.reset()
  }

  /** Whether the pattern matches anywhere in the input. */
  test(input: ByteString): boolean {
    const classOf = this.classOf
    let table = this.table
    let state = this.stride * firstIndex
    for (let i = 0; i < input.length; i++) {
      const c = classOf[input.charCodeAt(i) & 0xff] as number
      let next = table[state + c] as number
      if (next <= matched) {
        if (next === unknown) {
          next = this.compute(state, c)
          table = this.table
        }
        if (next <= matched) return next === matched
      }
      state = next
    }
    let last = table[state + this.endClass] as number
    if (last === unknown) last = this.compute(state, this.endClass)
    return last === matched
  }

  /** For a reversed automaton: the leftmost index, not before `from`, where a match starts; -1 for none. */
  leftmostStart(input: ByteString, from: number): number {
    let state = this.stride * firstIndex
    let leftmost = -1
    for (let i = input.length - 1; i >= from - 1; i--) {
      const c = i < 0 ? this.endClass : (this.classOf[input.charCodeAt(i) & 0xff] as number)
      let next = this.table[state + c] as number
      if (next === unknown) next = this.compute(state, c)
      if (next <= matched) return next === matched ? i + 1 : leftmost
      if (((this.flags[next / this.stride] as number) & matchBeforeFlag) !== 0) leftmost = i + 1
      state = next
    }
    return leftmost
  }

  private reset(): void {
    this.table.fill(unknown)
    this.count = firstIndex
    this.setMembers = 0
    this.sets = [emptyMembers, emptyMembers, emptyMembers]
    this.contexts = [0, 0, 0]
    this.flags = [0, 0, 0]
    this.nextInBucket = [0, 0, 0]
    this.buckets.clear()
    this.startSteps.clear()
    this.clearTargets()
    if (!this.unanchored) this.close(this.nfa.start, true)
    this.intern(Context.edge, 0)
  }

  /** Marks the states that every position of a search starts in; returns the context bits they depend on. */
  private markStart(): number {
    this.clearTargets()
    this.close(this.nfa.start, true)
    let mask = 0
    for (const state of this.targets) {
      this.isStart[state] = 1
      mask |= this.maskFrom(state)
    }
    return mask
  }

  private compute(from: number, c: number): number {
    const index = from / this.stride
    const set = this.sets[index] as Uint16Array
    const context = this.contexts[index] as number
    const atEnd = c === this.endClass
    const byte = atEnd ? Context.edge : (this.nfa.alphabet.contextOf[c] as number)
    let flags = 0
    if (atEnd && ((this.flags[index] as number) & endMatchFlag) !== 0) return this.remember(from, c, matched)
    if (this.hasFinalNewline && (byte & Context.newline) !== 0 && this.matchesAtFinalNewline(set, context, byte, c)) {
      flags = endMatchFlag
    }
    const matches = this.advance(set, context, byte, c)
    if (!this.reversed) {
      if (matches || this.foundMatch) return this.remember(from, c, matched)
      if (atEnd) return this.remember(from, c, dead)
    } else if (matches) {
      if (atEnd) return this.remember(from, c, matched)
      flags = matchBeforeFlag
    } else if (atEnd) return this.remember(from, c, dead)
    if (this.targets.length === 0 && flags === 0 && !this.unanchored) return this.remember(from, c, dead)
    const context2 =
      this.reversed && (context & Context.edge) !== 0 && (byte & Context.newline) !== 0
        ? byte | Context.finalNewline
        : byte
    const before = this.flushes
    const target = this.intern(context2, flags)
    // After a flush `from` is gone.
    return this.flushes === before ? this.remember(from, c, target) : target
  }

  private remember(from: number, c: number, target: number): number {
    this.table[from + c] = target
    return target
  }

  /** `$` before a newline needs to know whether the text ends after it: asked now, used if the end comes next. */
  private matchesAtFinalNewline(set: Uint16Array, context: number, byte: number, c: number): boolean {
    if (this.advance(set, context, byte | Context.finalNewline, c) || this.foundMatch) return true
    const after = Uint16Array.from(this.targets)
    return this.advance(after, byte, Context.edge, this.endClass)
  }

  /**
   * From `set` (and the start states of a search) over the class `c`: fills `targets`, tells whether the match state
   * was reached before the byte, and leaves in `foundMatch` whether it was reached after it.
   */
  private advance(set: Uint16Array, context: number, byte: number, c: number): boolean {
    const before = this.reversed ? byte : context
    const after = this.reversed ? context : byte
    let start: StartStep | undefined
    if (this.unanchored) {
      // The second round of matchesAtFinalNewline and finalNewline bits would spoil the cache: those are not kept.
      const key = ((context & this.startMask) * this.stride + c) * 2 + ((byte & Context.finalNewline) === 0 ? 0 : 1)
      start = this.startSteps.get(key)
      if (start === undefined) {
        this.clearTargets()
        const matches = this.stepFrom(this.nfa.start, before, after, c)
        start = { matches: matches || (this.foundMatch && !this.reversed), targets: Uint16Array.from(this.targets) }
        this.startSteps.set(key, start)
        this.setMembers += start.targets.length
      }
    }
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

  /** Context bits that the assertions reachable from a state without a byte ask for. */
  private maskFrom(state: number): number {
    const known = this.reachMask[state] as number
    if (known !== -1) return known
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    if (ops[state] === Op.set || ops[state] === Op.match) return 0
    let mask = 0
    const visited = new Set<number>()
    const stack = [state]
    while (stack.length > 0) {
      const next = stack.pop() as number
      if (visited.has(next) || ops[next] === Op.set || ops[next] === Op.match) continue
      visited.add(next)
      if (ops[next] === Op.assert) mask |= alphabet.assertionMask[args[next] as number] as number
      if (ops[next] === Op.split) stack.push(alternatives[next] as number)
      stack.push(outs[next] as number)
    }
    this.reachMask[state] = mask
    return mask
  }

  /** The DFA state for `targets` with a context; makes it if it is new. */
  private intern(fullContext: number, flags: number): number {
    let mask = this.startMask
    let size = 0
    const { targets } = this
    for (let i = 0; i < targets.length; i++) {
      const state = targets[i] as number
      if (this.unanchored && this.isStart[state] === 1) continue
      targets[size++] = state
      if (this.nfa.ops[state] === Op.assert) mask |= this.maskFrom(state)
    }
    targets.length = size
    const set = Uint16Array.from(targets).sort()
    const context = fullContext & mask
    let hash = (context * 31 + flags) | 0
    for (let i = 0; i < set.length; i++) hash = (Math.imul(hash, 0x01000193) ^ (set[i] as number)) | 0
    for (let at = this.buckets.get(hash) ?? 0; at !== 0; at = this.nextInBucket[at] as number) {
      if (this.contexts[at] === context && this.flags[at] === flags && sameMembers(this.sets[at] as Uint16Array, set)) {
        return at * this.stride
      }
    }
    return this.addState(set, context, flags, hash)
  }

  private addState(set: Uint16Array, context: number, flags: number, hash: number): number {
    const full = (this.count + 1) * this.stride > maxTableEntries || this.setMembers + set.length > maxSetMembers
    if (full && this.count > firstIndex + 1) {
      this.flushes++
      this.reset()
    }
    const index = this.count++
    if ((index + 1) * this.stride > this.table.length) {
      const larger = new Int32Array(this.table.length * 2)
      larger.set(this.table)
      this.table = larger
    }
    this.sets[index] = set
    this.setMembers += set.length
    this.contexts[index] = context
    this.flags[index] = flags
    this.nextInBucket[index] = this.buckets.get(hash) ?? 0
    this.buckets.set(hash, index)
    return index * this.stride
  }
}

const emptyMembers = new Uint16Array(0)

function sameMembers(a: Uint16Array, b: Uint16Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
