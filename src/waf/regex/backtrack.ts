// Lookaround, backreferences and atomic groups, which CRS 3.3.4 has in three rules: a backtracking matcher that spends
// at most a number of steps linear in the input. It runs only on values that the relaxed pattern's DFA lets through,
// and a value that exhausts the steps counts as matched, because for a rule that is the safe side.

import type { ByteString } from '../../lib/bytes.ts'
import { Context, holds } from './alphabet.ts'
import { type Nfa, Op } from './nfa.ts'

const baseSteps = 200_000
const stepsPerByte = 32

const failed = -1
const exhausted = -2

export class Backtracker {
  private readonly nfa: Nfa
  /** Groups, then one slot for each loop whose body can be empty. */
  private readonly slots: Int32Array
  /** Choices not taken, as [state, position]; an undone save is [-1 - slot, old value]. */
  private readonly stack: number[] = []
  /** Left of the bound. */
  private steps = 0

  constructor(nfa: Nfa) {
    this.nfa = nfa
    this.slots = new Int32Array(nfa.slots)
  }

  /** The leftmost match at or after `start`: its slots, undefined, or 'exhausted'. */
  match(input: ByteString, start: number, groupCount: number): Int32Array | 'exhausted' | undefined {
    this.steps = baseSteps + stepsPerByte * input.length
    for (let from = start; from <= input.length; from++) {
      this.slots.fill(-1)
      this.stack.length = 0
      const end = this.run(this.nfa.start, input, from, false)
      if (end === exhausted) return 'exhausted'
      if (end === failed) continue
      const match = this.slots.slice(0, (groupCount + 1) * 2)
      match[0] = from
      match[1] = end
      return match
    }
    return undefined
  }

  /** Where the program that starts at `state` ends when run from `from`; leaves its captures in the slots. */
  private run(start: number, input: ByteString, from: number, backwards: boolean): number {
    const { ops, args, outs, alternatives, alphabet } = this.nfa
    const { stack, slots } = this
    const floor = stack.length
    let state = start
    let pos = from
    for (;;) {
      if (--this.steps < 0) return exhausted
      const arg = args[state] as number
      let ok = true
      switch (ops[state]) {
        case Op.match:
          stack.length = floor
          return pos
        case Op.set: {
          const at = backwards ? pos - 1 : pos
          const c = at >= 0 && at < input.length ? (alphabet.classOf[input.charCodeAt(at) & 0xff] as number) : -1
          ok = c !== -1 && alphabet.setHas[arg * alphabet.classCount + c] === 1
          pos += backwards ? -1 : 1
          break
        }
        case Op.split:
          stack.push(alternatives[state] as number, pos)
          break
        case Op.assert: {
          const assertion = alphabet.assertions[arg]
          const mask = alphabet.assertionMask[arg] as number
          ok = assertion !== undefined && holds(assertion, mask, this.context(input, pos - 1), this.context(input, pos))
          break
        }
        case Op.save:
          this.save(arg, pos)
          break
        case Op.progress:
          if (slots[arg] !== pos) break
          state = alternatives[state] as number
          continue
        case Op.part: {
          const end = this.runPart(arg, input, pos, backwards)
          if (end === exhausted) return exhausted
          ok = end !== failed
          pos = end
          break
        }
        default: {
          const end = this.backreference(arg, alternatives[state] === 1, input, pos, backwards)
          ok = end !== failed
          pos = end
        }
      }
      if (ok) {
        state = outs[state] as number
        continue
      }
      for (;;) {
        if (stack.length === floor) return failed
        pos = stack.pop() as number
        state = stack.pop() as number
        if (state >= 0) break
        slots[-1 - state] = pos
      }
    }
  }

  private save(slot: number, value: number): void {
    this.stack.push(-1 - slot, this.slots[slot] as number)
    this.slots[slot] = value
  }

  /** Position after a lookaround (unchanged) or an atomic group; -1 when it fails. */
  private runPart(number: number, input: ByteString, pos: number, backwards: boolean): number {
    const part = this.nfa.parts[number]
    if (part === undefined) return failed
    const before = this.slots.slice()
    const end = this.run(part.start, input, pos, part.kind === 'atomic' ? backwards : part.kind === 'behind')
    if (end === exhausted) return exhausted
    const keepsCaptures = end !== failed && !part.negative
    const after = keepsCaptures ? this.slots.slice() : before
    this.slots.set(before)
    // Saved again one by one, so that backtracking over the part undoes them.
    for (let slot = 0; slot < after.length; slot++) {
      if (after[slot] !== before[slot]) this.save(slot, after[slot] as number)
    }
    if (part.kind === 'atomic') return end
    return (end !== failed) === !part.negative ? pos : failed
  }

  private backreference(group: number, fold: boolean, input: ByteString, pos: number, backwards: boolean): number {
    const from = this.slots[group * 2] as number
    const to = this.slots[group * 2 + 1] as number
    if (from === -1 || to < from) return failed
    const length = to - from
    const at = backwards ? pos - length : pos
    if (at < 0 || at + length > input.length) return failed
    this.steps -= length
    for (let i = 0; i < length; i++) {
      const a = input.charCodeAt(from + i)
      const b = input.charCodeAt(at + i)
      if (a !== b && !(fold && sameLetter(a, b))) return failed
    }
    return backwards ? at : at + length
  }

  private context(input: ByteString, at: number): number {
    if (at < 0 || at >= input.length) return Context.edge
    const { classOf, contextOf } = this.nfa.alphabet
    const context = contextOf[classOf[input.charCodeAt(at) & 0xff] as number] as number
    return at === input.length - 1 && (context & Context.newline) !== 0 ? context | Context.finalNewline : context
  }
}

function sameLetter(a: number, b: number): boolean {
  const lower = a | 0x20
  return lower === (b | 0x20) && lower >= 0x61 && lower <= 0x7a
}
