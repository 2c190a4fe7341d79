// What one pattern can tell about a byte: its sets, its assertions, and the classes of bytes that none of them parts.
// Assertions are decided from a few context bits of the byte before a position and the byte after it.

import { type Assertion, children, type Node } from './ast.ts'
import { type ByteSet, hasByte, setKey, singleByte, wordBytes } from './byte-set.ts'

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

export interface AlphabetIndex extends Alphabet {
  readonly setNumbers: ReadonlyMap<ByteSet, number>
}

export function createAlphabet(root: Node): AlphabetIndex {
  const { sets, setNumbers, assertions } = collect(root)
  const { classOf, classCount } = partition(sets, assertions)
  const setHas = new Uint8Array(Math.max(1, sets.length * classCount))
  const contextOf = new Int32Array(classCount)
  for (let byte = 0; byte < 256; byte++) {
    const c = classOf[byte] ?? 0
    sets.forEach((set, number) => {
      if (hasByte(set, byte)) setHas[number * classCount + c] = 1
    })
    contextOf[c] = byteContext(assertions, byte)
  }
  const assertionMask = Int32Array.from(assertions, (assertion, i) => maskOf(assertion, setBit(assertions, i)))
  return { classOf, classCount, setHas, assertions, contextOf, assertionMask, setNumbers }
}

function collect(root: Node): { sets: ByteSet[]; setNumbers: Map<ByteSet, number>; assertions: Assertion[] } {
  const sets: ByteSet[] = []
  const setNumbers = new Map<ByteSet, number>()
  const assertions: Assertion[] = []
  const byKey = new Map<string, number>()
  const visit = (node: Node): void => {
    if (node.kind === 'set') {
      if (setNumbers.has(node.set)) return
      const key = setKey(node.set)
      const number = byKey.get(key) ?? sets.push(node.set) - 1
      byKey.set(key, number)
      setNumbers.set(node.set, number)
    } else if (node.kind === 'assert') {
      if (assertionNumber(assertions, node.assertion) === -1) assertions.push(node.assertion)
    } else for (const child of children(node)) visit(child)
  }
  visit(root)
  return { sets, setNumbers, assertions }
}

function partition(
  sets: readonly ByteSet[],
  assertions: readonly Assertion[],
): { classOf: Uint8Array; classCount: number } {
  const classOf = new Uint8Array(256)
  let classCount = 1
  const refine = (set: ByteSet): void => {
    const splitOf = new Int16Array(classCount).fill(-1)
    const inside = new Int32Array(classCount)
    const total = new Int32Array(classCount)
    for (let byte = 0; byte < 256; byte++) {
      const c = classOf[byte] ?? 0
      total[c] = (total[c] ?? 0) + 1
      if (hasByte(set, byte)) inside[c] = (inside[c] ?? 0) + 1
    }
    for (let byte = 0; byte < 256; byte++) {
      const c = classOf[byte] ?? 0
      if (!hasByte(set, byte) || inside[c] === total[c]) continue
      if (splitOf[c] === -1) splitOf[c] = classCount++
      classOf[byte] = splitOf[c] ?? 0
    }
  }
  sets.forEach(refine)
  for (const assertion of assertions) {
    if (typeof assertion === 'object') refine(assertion.notNext)
    else if (assertion === 'wordBoundary' || assertion === 'notWordBoundary') refine(wordBytes)
    else if (assertion !== 'textStart' && assertion !== 'textEnd') refine(singleByte(0x0a))
  }
  return { classOf, classCount }
}

/** Whether there are no more `notNext` assertions than context bits. */
export function hasRoomForAssertions(alphabet: Alphabet): boolean {
  return alphabet.assertions.filter(assertion => typeof assertion === 'object').length <= maxSetAssertions
}

export function assertionNumber(assertions: readonly Assertion[], wanted: Assertion): number {
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
