// Tree → Thompson automaton in flat arrays. Built backwards, each piece in front of what follows it, forwards for
// searching and reversed for finding where a match starts. Counted repeats are copied, so size is checked first.

import type { Assertion, Node } from './ast.ts'
import { isNullable } from './ast.ts'
import { type ByteSet, hasByte, setKey, wordBytes } from './byte-set.ts'

/** States of one automaton. The largest pattern of the CRS needs about 12,000. */
export const maxNfaStates = 60_000

export const Op = { match: 0, set: 1, split: 2, assert: 3, save: 4 } as const

export interface Nfa {
  /** Op of each state. */
  readonly ops: Uint8Array
  /** Set number, assertion number or capture slot. */
  readonly args: Int32Array
  readonly outs: Int32Array
  /** Second choice of a split. */
  readonly alternatives: Int32Array
  readonly start: number
  readonly alphabet: Alphabet
}

/** The byte sets and assertions of one pattern, and the bytes that none of them tells apart, numbered as classes. */
export interface Alphabet {
  readonly classOf: Uint8Array
  readonly classCount: number
  /** setHas[set * classCount + class] */
  readonly setHas: Uint8Array
  readonly assertions: readonly Assertion[]
  /** What an assertion can ask about a byte, by class: see the bits below. */
  readonly contextOf: Int32Array
  /** Bits that each assertion asks for. */
  readonly assertionMask: Int32Array
}

/** Context bits of the byte on one side of a position. The bits above belong to `notNext` assertions, in order. */
export const Context = { word: 1, newline: 2, edge: 4, finalNewline: 8, firstSet: 16 } as const
const maxSetAssertions = 24

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
      return limited(countStates(node.node) + 2)
    case 'repeat': {
      const copies = node.max === Infinity ? Math.max(node.min, 1) : node.max
      return limited((countStates(node.node) + 2) * copies)
    }
    default:
      return 1
  }
}

function limited(states: number): number {
  return states > maxNfaStates ? Infinity : states
}

export interface AlphabetIndex extends Alphabet {
  readonly setNumbers: ReadonlyMap<ByteSet, number>
}

export function createAlphabet(root: Node): AlphabetIndex {
  const sets: ByteSet[] = []
  const setNumbers = new Map<ByteSet, number>()
  const byKey = new Map<string, number>()
  const assertions: Assertion[] = []
  const visit = (node: Node): void => {
    if (node.kind === 'set') {
      if (setNumbers.has(node.set)) return
      const key = setKey(node.set)
      let number = byKey.get(key)
      if (number === undefined) {
        number = sets.push(node.set) - 1
        byKey.set(key, number)
      }
      setNumbers.set(node.set, number)
    } else if (node.kind === 'assert') {
      if (assertionNumber(assertions, node.assertion) === -1) assertions.push(node.assertion)
    } else if (node.kind === 'concat') node.parts.forEach(visit)
    else if (node.kind === 'alternate') node.branches.forEach(visit)
    else if (node.kind === 'repeat' || node.kind === 'group') visit(node.node)
  }
  visit(root)

  const classOf = new Uint8Array(256)
  let classCount = 1
  const refine = (has: (byte: number) => boolean): void => {
    const splitOf = new Int16Array(classCount).fill(-1)
    const inside = new Int32Array(classCount)
    const total = new Int32Array(classCount)
    for (let byte = 0; byte < 256; byte++) {
      const c = classOf[byte] ?? 0
      total[c] = (total[c] ?? 0) + 1
      if (has(byte)) inside[c] = (inside[c] ?? 0) + 1
    }
    for (let byte = 0; byte < 256; byte++) {
      const c = classOf[byte] ?? 0
      const count = inside[c] ?? 0
      if (count === 0 || count === total[c] || !has(byte)) continue
      if (splitOf[c] === -1) splitOf[c] = classCount++
      classOf[byte] = splitOf[c] ?? 0
    }
  }
  for (const set of sets) refine(byte => hasByte(set, byte))
  for (const assertion of assertions) {
    if (typeof assertion === 'object') refine(byte => hasByte(assertion.notNext, byte))
    else if (assertion.startsWith('text') && assertion !== 'textEndNewline') continue
    else if (assertion === 'wordBoundary' || assertion === 'notWordBoundary') refine(byte => hasByte(wordBytes, byte))
    else refine(byte => byte === 0x0a)
  }

  const setHas = new Uint8Array(Math.max(1, sets.length * classCount))
  const contextOf = new Int32Array(classCount)
  for (let byte = 0; byte < 256; byte++) {
    const c = classOf[byte] ?? 0
    for (let set = 0; set < sets.length; set++) {
      if (hasByte(sets[set] as ByteSet, byte)) setHas[set * classCount + c] = 1
    }
    contextOf[c] = byteContext(assertions, byte)
  }
  const assertionMask = Int32Array.from(assertions, (assertion, i) => maskOf(assertion, setBit(assertions, i)))
  return { classOf, classCount, setHas, assertions, contextOf, assertionMask, setNumbers }
}

/** Undefined when there are more `notNext` assertions than context bits. */
export function hasRoomForAssertions(alphabet: Alphabet): boolean {
  return alphabet.assertions.filter(assertion => typeof assertion === 'object').length <= maxSetAssertions
}

function assertionNumber(assertions: readonly Assertion[], wanted: Assertion): number {
  if (typeof wanted !== 'object') return assertions.indexOf(wanted)
  const key = setKey(wanted.notNext)
  return assertions.findIndex(assertion => typeof assertion === 'object' && setKey(assertion.notNext) === key)
}

function setBit(assertions: readonly Assertion[], index: number): number {
  let bit: number = Context.firstSet
  for (let i = 0; i < index; i++) if (typeof assertions[i] === 'object') bit <<= 1
  return bit
}

/** What assertions can ask about one byte, whatever they are about. */
function byteContext(assertions: readonly Assertion[], byte: number): number {
  let context = 0
  if (hasByte(wordBytes, byte)) context |= Context.word
  if (byte === 0x0a) context |= Context.newline
  assertions.forEach((assertion, i) => {
    if (typeof assertion === 'object' && hasByte(assertion.notNext, byte)) context |= setBit(assertions, i)
  })
  return context
}

function maskOf(assertion: Assertion, bit: number): number {
  if (typeof assertion === 'object') return bit
  switch (assertion) {
    case 'wordBoundary':
    case 'notWordBoundary':
      return Context.word
    case 'textEndNewline':
      return Context.edge | Context.finalNewline
    case 'lineStart':
    case 'lineEnd':
      return Context.edge | Context.newline
    default:
      return Context.edge
  }
}

/** Whether an assertion holds between a byte with context `before` and one with context `after`. */
export function holds(assertion: Assertion, mask: number, before: number, after: number): boolean {
  if (typeof assertion === 'object') return (after & mask) === 0
  switch (assertion) {
    case 'textStart':
      return (before & Context.edge) !== 0
    case 'textEnd':
      return (after & Context.edge) !== 0
    case 'textEndNewline':
      return (after & (Context.edge | Context.finalNewline)) !== 0
    case 'lineStart':
      // PCRE: not after a newline that ends the text.
      return (before & Context.edge) !== 0 || ((before & Context.newline) !== 0 && (after & Context.edge) === 0)
    case 'lineEnd':
      return (after & (Context.edge | Context.newline)) !== 0
    case 'wordBoundary':
      return ((before ^ after) & Context.word) !== 0
    case 'notWordBoundary':
      return ((before ^ after) & Context.word) === 0
  }
}

/** Builds the automaton. `reversed` matches the reversed text; captures are kept only when asked for. */
export function buildNfa(root: Node, alphabet: AlphabetIndex, reversed: boolean, captures: boolean): Nfa {
  const builder = new Builder(alphabet, reversed, captures)
  const match = builder.add(Op.match, 0, -1, -1)
  const start = builder.build(root, match)
  return {
    ops: Uint8Array.from(builder.ops),
    args: Int32Array.from(builder.args),
    outs: Int32Array.from(builder.outs),
    alternatives: Int32Array.from(builder.alternatives),
    start,
    alphabet,
  }
}

class Builder {
  readonly ops: number[] = []
  readonly args: number[] = []
  readonly outs: number[] = []
  readonly alternatives: number[] = []
  private readonly alphabet: AlphabetIndex
  private readonly reversed: boolean
  private readonly captures: boolean

  constructor(alphabet: AlphabetIndex, reversed: boolean, captures: boolean) {
    this.alphabet = alphabet
    this.reversed = reversed
    this.captures = captures
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
      case 'set':
        return this.add(Op.set, this.alphabet.setNumbers.get(node.set) ?? 0, next, -1)
      case 'assert':
        return this.add(Op.assert, assertionNumber(this.alphabet.assertions, node.assertion), next, -1)
      case 'concat': {
        let state = next
        const parts = node.parts
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
      default:
        // Empty; irregular nodes never get here (index.ts).
        return next
    }
  }

  private buildGroup(index: number, node: Node, next: number): number {
    if (!this.captures) return this.build(node, next)
    const end = this.add(Op.save, index * 2 + 1, next, -1)
    return this.add(Op.save, index * 2, this.build(node, end), -1)
  }

  private buildRepeat(repeat: Node & { kind: 'repeat' }, next: number): number {
    const { node, min, max, greedy } = repeat
    let state = next
    if (max === Infinity) {
      if (min > 0 && !isNullable(node)) {
        state = this.loop(node, greedy, next).body
        for (let i = 1; i < min; i++) state = this.build(node, state)
        return state
      }
      // A body that can be empty loops as (x+)?, so that an empty round still counts once, as in Perl and PCRE.
      const loop = this.loop(node, greedy, next)
      state = isNullable(node) ? this.choice(greedy, loop.body, next) : loop.decision
    } else {
      for (let i = min; i < max; i++) state = this.choice(greedy, this.build(node, state), next)
    }
    for (let i = 0; i < min; i++) state = this.build(node, state)
    return state
  }

  private loop(node: Node, greedy: boolean, next: number): { body: number; decision: number } {
    const decision = this.choice(greedy, -1, next)
    const body = this.build(node, decision)
    if (greedy) this.outs[decision] = body
    else this.alternatives[decision] = body
    return { body, decision }
  }

  private choice(greedy: boolean, body: number, next: number): number {
    return greedy ? this.add(Op.split, 0, body, next) : this.add(Op.split, 0, next, body)
  }
}
