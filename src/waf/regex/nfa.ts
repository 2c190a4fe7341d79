// Tree → Thompson automaton in flat arrays. Built backwards, each piece in front of what follows it, forwards for
// searching and reversed for finding where a match starts. Counted repeats are copied, so size is checked first.

import { type Alphabet, type AlphabetIndex, assertionNumber } from './alphabet.ts'
import { isNullable, type Node } from './ast.ts'

/** States of one automaton. The largest pattern of the CRS needs about 12,000. */
export const maxNfaStates = 60_000

/** `count` occurs only in the programs of simulate.ts, the three before it only in those of backtrack.ts. */
export const Op = {
  match: 0,
  set: 1,
  split: 2,
  assert: 3,
  save: 4,
  /** Runs a part: lookaround or atomic group. */
  part: 5,
  backreference: 6,
  /** Goes on only if the input moved since the slot was saved; else takes the second choice. */
  progress: 7,
  /** A counted repeat of one byte set, as one state: see NfaCounter. */
  count: 8,
} as const

export interface Nfa {
  /** Op of each state. */
  readonly ops: Uint8Array
  /** Set number, assertion number, capture slot or part number. */
  readonly args: Int32Array
  readonly outs: Int32Array
  /** Second choice of a split. */
  readonly alternatives: Int32Array
  readonly start: number
  readonly alphabet: Alphabet
  readonly parts: readonly NfaPart[]
  readonly slots: number
  readonly counters: readonly NfaCounter[]
}

/** From `min` (1 at least) to `max` bytes of a set. */
export interface NfaCounter {
  readonly set: number
  readonly min: number
  readonly max: number
}

/** Shorter repeats are cheap enough as copies. */
const minCounted = 4

/** A lookaround or an atomic group: a program of its own inside the program. */
interface NfaPart {
  readonly kind: 'ahead' | 'behind' | 'atomic'
  readonly negative: boolean
  readonly start: number
}

/** States that the tree expands to, or Infinity when that is over the limit; bounded work. */
export function countStates(node: Node): number {
  switch (node.kind) {
    case 'set':
    case 'assert':
      return 1
    case 'concat':
      return limited(node.parts.reduce((sum, part) => sum + countStates(part), 0))
    case 'alternate':
      return limited(node.branches.reduce((sum, branch) => sum + countStates(branch) + 1, 0))
    case 'group':
    case 'look':
    case 'atomic':
      return limited(countStates(node.node) + 3)
    case 'repeat': {
      const copies = node.max === Infinity ? Math.max(node.min, 1) : node.max
      return limited((countStates(node.node) + 3) * copies)
    }
    default:
      return 1
  }
}

function limited(states: number): number {
  return states > maxNfaStates ? Infinity : states
}

interface BuildOptions {
  /** The automaton matches the reversed text. */
  readonly reversed?: boolean
  /** Keeps capture groups; 0 for none. */
  readonly captureGroups?: number
  /** Builds irregular nodes and guards loops against empty rounds, for backtrack.ts. */
  readonly irregular?: boolean
  /** Counted repeats of one set become one state each. */
  readonly counters?: boolean
}

export function buildNfa(root: Node, alphabet: AlphabetIndex, options: BuildOptions): Nfa {
  const builder = new Builder(alphabet, options)
  const start = builder.build(root, builder.add(Op.match, 0, -1, -1))
  return {
    ops: Uint8Array.from(builder.ops),
    args: Int32Array.from(builder.args),
    outs: Int32Array.from(builder.outs),
    alternatives: Int32Array.from(builder.alternatives),
    start,
    alphabet,
    parts: builder.parts,
    slots: builder.slots,
    counters: builder.counters,
  }
}

class Builder {
  readonly ops: number[] = []
  readonly args: number[] = []
  readonly outs: number[] = []
  readonly alternatives: number[] = []
  readonly parts: NfaPart[] = []
  readonly counters: NfaCounter[] = []
  slots: number
  private readonly alphabet: AlphabetIndex
  private reversed: boolean
  private readonly captureGroups: number
  private readonly irregular: boolean
  private readonly counts: boolean

  constructor(alphabet: AlphabetIndex, options: BuildOptions) {
    this.alphabet = alphabet
    this.reversed = options.reversed === true
    this.captureGroups = options.captureGroups ?? 0
    this.slots = ((options.captureGroups ?? 0) + 1) * 2
    this.irregular = options.irregular === true
    this.counts = options.counters === true
  }

  add(op: number, arg: number, out: number, alternative: number): number {
    this.ops.push(op)
    this.args.push(arg)
    this.outs.push(out)
    this.alternatives.push(alternative)
    return this.ops.length - 1
  }

  /** The state where `node`, followed by `next`, begins. */
  build(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next
      case 'set':
        return this.add(Op.set, this.alphabet.setNumbers.get(node.set) ?? 0, next, -1)
      case 'assert':
        return this.add(Op.assert, assertionNumber(this.alphabet.assertions, node.assertion), next, -1)
      case 'concat': {
        let state = next
        const { parts } = node
        for (let i = 0; i < parts.length; i++) {
          state = this.build(parts[this.reversed ? i : parts.length - 1 - i] as Node, state)
        }
        return state
      }
      case 'alternate': {
        const starts = node.branches.map(branch => this.build(branch, next))
        let state = starts[starts.length - 1] ?? next
        for (let i = starts.length - 2; i >= 0; i--) state = this.add(Op.split, 0, starts[i] ?? next, state)
        return state
      }
      case 'group':
        return this.buildGroup(node.index, node.node, next)
      case 'repeat':
        return this.buildRepeat(node, next)
      case 'look':
        return this.buildPart(node.ahead ? 'ahead' : 'behind', node.negative, node.node, next)
      case 'atomic':
        return this.buildPart('atomic', false, node.node, next)
      case 'backreference':
        return this.add(Op.backreference, node.group, next, node.caseInsensitive ? 1 : 0)
    }
  }

  private buildGroup(index: number, node: Node, next: number): number {
    if (index > this.captureGroups) return this.build(node, next)
    const first = index * 2 + (this.reversed ? 1 : 0)
    const end = this.add(Op.save, first ^ 1, next, -1)
    return this.add(Op.save, first, this.build(node, end), -1)
  }

  private buildPart(kind: NfaPart['kind'], negative: boolean, node: Node, next: number): number {
    const outer = this.reversed
    if (kind !== 'atomic') this.reversed = kind === 'behind'
    const start = this.build(node, this.add(Op.match, 0, -1, -1))
    this.reversed = outer
    return this.add(Op.part, this.parts.push({ kind, negative, start }) - 1, next, -1)
  }

  private buildRepeat(repeat: Node & { kind: 'repeat' }, next: number): number {
    const { node, min, max, greedy } = repeat
    if (this.counts && node.kind === 'set' && (max === Infinity ? min : max) >= minCounted) {
      return this.buildCounter(repeat, node, next)
    }
    let state = next
    let copies = min
    if (max === Infinity) {
      const decision = this.choice(greedy, -1, next)
      const body = this.buildLoopBody(node, decision, next)
      if (greedy) this.outs[decision] = body
      else this.alternatives[decision] = body
      if (min > 0) copies--
      // A body that can be empty loops as (x+)?, so that an empty round still counts once, as in Perl and PCRE.
      if (min > 0) state = body
      else state = isNullable(node) ? this.choice(greedy, body, next) : decision
    } else {
      for (let i = min; i < max; i++) state = this.choice(greedy, this.build(node, state), next)
    }
    for (let i = 0; i < copies; i++) state = this.build(node, state)
    return state
  }

  private buildCounter(repeat: Node & { kind: 'repeat' }, set: Node & { kind: 'set' }, next: number): number {
    const { min, max, greedy } = repeat
    const number = this.alphabet.setNumbers.get(set.set) ?? 0
    if (max === Infinity) {
      // The last of at least `min` bytes goes on alone.
      const tail = this.buildRepeat({ ...repeat, min: 1 }, next)
      const counter = this.counters.push({ set: number, min: min - 1, max: min - 1 }) - 1
      return this.add(Op.count, counter, tail, -1)
    }
    const counter = this.counters.push({ set: number, min: Math.max(1, min), max }) - 1
    const state = this.add(Op.count, counter, next, -1)
    return min === 0 ? this.choice(greedy, state, next) : state
  }

  /** A backtracker would go round an empty body for ever; automata mark the states they have seen instead. */
  private buildLoopBody(node: Node, decision: number, next: number): number {
    if (!this.irregular || !isNullable(node)) return this.build(node, decision)
    const slot = this.slots++
    return this.add(Op.save, slot, this.build(node, this.add(Op.progress, slot, decision, next)), -1)
  }

  private choice(greedy: boolean, body: number, next: number): number {
    return greedy ? this.add(Op.split, 0, body, next) : this.add(Op.split, 0, next, body)
  }
}
