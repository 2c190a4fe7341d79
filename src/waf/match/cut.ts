// A cut: something that every value a pattern matches must contain, namely one of some literals or one byte of a set.
// Everything is in lower case, because the scan folds. Costs are guesses of how often harmless values hold the cut.

import type { ByteString } from '../../lib/bytes.ts'
import {
  addByte,
  addSet,
  type ByteSet,
  emptySet,
  foldCase,
  hasByte,
  setKey,
  setMembers,
  singleByteFolded,
} from '../regex/byte-set.ts'

export interface Cut {
  /** Two bytes or longer, lower case. */
  readonly literals: readonly ByteString[]
  /** Closed under ASCII case folding. */
  readonly bytes: ByteSet
  /** Estimated share of harmless values that hold it, 0 to 1. */
  readonly cost: number
}

/** Literals of one cut; beyond it the scan's tables would grow for little. */
const maxCutLiterals = 6_000
/** Longer literals are cut down to this: what remains is rare enough, and the scan's table stays in the CPU's cache. */
const maxLiteralBytes = 8

// -log2 of the share of places (first line) and of short values (second) that hold a byte, as hexadecimal digits, over
// request values of web applications: names, header values, arguments, JSON members. Upper case is folded.
const placeDigits =
  'fffffffffdbfffffffffffffffffffff5e6ec9bc999b7556666667777787d7dadffffffffffffffffffffffffffbebf8f46454665477555557554676777dddef'
const valueDigits =
  'fffffffffe9ffeffffffffffffffffff4a5a888955674233333444443454a4a59ffffffffffffffffffffffffff8d8d4f131212221542211242112433449aabf'
const highByteBits = 8
const usualBytes = 18

function bitsOf(digits: string, byte: number): number {
  return byte > 0x7f ? highByteBits + 3 : Number.parseInt(digits.charAt(byte), 16)
}

/** Of the places in values, the share that holds a byte. */
export const placeShare = Float64Array.from({ length: 256 }, (_, byte) => 2 ** -bitsOf(placeDigits, byte))
const valueShare = Float64Array.from({ length: 256 }, (_, byte) =>
  byte > 0x7f ? 2 ** -highByteBits / 16 : 2 ** -bitsOf(valueDigits, byte),
)

/** Bytes keep company (words, repeated dots), so the shares of later bytes count for more than chance would have it. */
const company = 2.5

function literalCost(literal: ByteString): number {
  let share = usualBytes * (placeShare[literal.charCodeAt(0)] ?? 1)
  for (let i = 1; i < literal.length; i++) share *= Math.min(0.5, company * (placeShare[literal.charCodeAt(i)] ?? 1))
  return share
}

function bytesCost(bytes: ByteSet): number {
  let share = 0
  for (const byte of setMembers(bytes)) {
    // Upper-case letters are in the set with their lower case.
    if (byte < 0x41 || byte > 0x5a) share += valueShare[byte] ?? 0
  }
  return share
}

/**
 * One of the strings or of the bytes, which are closed under case folding. Undefined when that says nothing: an empty
 * string, too many literals.
 */
export function makeCut(
  strings: Iterable<ByteString>,
  bytes: ByteSet,
  maxLiterals: number = maxCutLiterals,
): Cut | undefined {
  const literals: ByteString[] = []
  const folded = bytes.slice()
  let cost = 0
  for (const string of strings) {
    if (string.length === 0 || literals.length > maxLiterals) return undefined
    if (string.length === 1) addSet(folded, singleByteFolded(string.charCodeAt(0)))
    else {
      literals.push(string)
      cost += literalCost(string)
    }
  }
  return { literals, bytes: folded, cost: Math.min(1, cost + bytesCost(folded)) }
}

export function bytesCut(bytes: ByteSet): Cut {
  const folded = foldCase(bytes)
  return { literals: [], bytes: folded, cost: Math.min(1, bytesCost(folded)) }
}

/** The same cut with its literals shortened, and without those that hold another literal or a byte of the cut. */
export function simplified(cut: Cut): Cut {
  const wanted = new Set(cut.literals.map(shortened))
  const lengths = new Set([...wanted].map(literal => literal.length))
  const literals = [...wanted].filter(literal => !holdsAnother(literal, wanted, lengths, cut.bytes))
  return makeCut(literals, cut.bytes, Infinity) ?? cut
}

/** The weaker cut "one of these bytes": few bytes that values seldom hold, at least one of each literal. */
export function rarestBytes(cut: Cut): Cut {
  const bytes = emptySet()
  addSet(bytes, cut.bytes)
  const counts = new Float64Array(256)
  let open = cut.literals.map(distinctBytes)
  for (const list of open) for (const byte of list) counts[byte] = (counts[byte] ?? 0) + 1
  // Greedily: the byte that covers most literals for what it costs.
  while (open.length > 0) {
    let best = 0
    let bestGain = -1
    for (let byte = 0; byte < 256; byte++) {
      const gain = (counts[byte] ?? 0) / (valueShare[byte] ?? 1)
      if (gain <= bestGain) continue
      best = byte
      bestGain = gain
    }
    addByte(bytes, best)
    open = open.filter(list => {
      if (!list.includes(best)) return true
      for (const byte of list) counts[byte] = (counts[byte] ?? 0) - 1
      return false
    })
  }
  return bytesCut(bytes)
}

function distinctBytes(literal: ByteString): number[] {
  return [...new Set(Array.from(literal, char => char.charCodeAt(0)))]
}

/** The rarest part of a long literal. */
function shortened(literal: ByteString): ByteString {
  if (literal.length <= maxLiteralBytes) return literal
  let best = literal.slice(0, maxLiteralBytes)
  let bestCost = literalCost(best)
  for (let i = 1; i + maxLiteralBytes <= literal.length; i++) {
    const part = literal.slice(i, i + maxLiteralBytes)
    const cost = literalCost(part)
    if (cost < bestCost) {
      best = part
      bestCost = cost
    }
  }
  return best
}

function holdsAnother(
  literal: ByteString,
  literals: ReadonlySet<ByteString>,
  lengths: ReadonlySet<number>,
  bytes: ByteSet,
): boolean {
  for (let i = 0; i < literal.length; i++) if (hasByte(bytes, literal.charCodeAt(i))) return true
  for (const length of lengths) {
    if (length >= literal.length) continue
    for (let i = 0; i + length <= literal.length; i++) if (literals.has(literal.slice(i, i + length))) return true
  }
  return false
}

/** The cut "one of these cuts". */
export function anyCut(cuts: readonly Cut[]): Cut | undefined {
  const bytes = emptySet()
  const literals = new Set<ByteString>()
  for (const cut of cuts) {
    addSet(bytes, cut.bytes)
    for (const literal of cut.literals) literals.add(literal)
  }
  return makeCut(literals, bytes)
}

/** Whether `a` in a value implies `b`: then `b` adds nothing to `a`. */
export function implies(a: Cut, b: Cut): boolean {
  for (let i = 0; i < 8; i++) if (((a.bytes[i] ?? 0) & ~(b.bytes[i] ?? 0)) !== 0) return false
  const literals = new Set(b.literals)
  const lengths = new Set(b.literals.map(literal => literal.length))
  return a.literals.every(literal => literals.has(literal) || holdsAnother(literal, literals, lengths, b.bytes))
}

export function cutKey(cut: Cut): string {
  return `${setKey(cut.bytes)} ${[...cut.literals].sort().join('\n')}`
}
