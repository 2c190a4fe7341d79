// A cut: something that every value a pattern matches must contain, namely one of some literals or one byte of a set.
// Everything is in lower case, because the scan folds. Costs are guesses of how often harmless values hold the cut.

import type { ByteString } from '../../lib/bytes.ts'
import { addByte, type ByteSet, emptySet, foldCase, hasByte, setKey } from '../regex/byte-set.ts'

export interface Cut {
  /** Two bytes or longer, lower case; no one holds another one. */
  readonly literals: readonly ByteString[]
  /** Closed under ASCII case folding. */
  readonly bytes: ByteSet
  /** Estimated share of harmless values that hold it, 0 to 1. */
  readonly cost: number
}

/** Literals of one cut; beyond it the scan's tables would grow for little. */
const maxCutLiterals = 3_000
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

const placeShare = Float64Array.from({ length: 256 }, (_, byte) => 2 ** -bitsOf(placeDigits, byte))
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
  for (let byte = 0; byte < 256; byte++) {
    // Upper-case letters are in the set with their lower case.
    if (hasByte(bytes, byte) && !(byte >= 0x41 && byte <= 0x5a)) share += valueShare[byte] ?? 0
  }
  return share
}

/** Undefined when the cut says nothing: an empty string, too many literals. */
export function makeCut(
  strings: Iterable<ByteString>,
  bytes: ByteSet,
  maxLiterals: number = maxCutLiterals,
): Cut | undefined {
  const set = foldCase(bytes)
  const wanted = new Set<ByteString>()
  for (const string of strings) {
    if (string.length === 0) return undefined
    if (string.length > 1) wanted.add(shortened(string))
    else {
      addByte(set, string.charCodeAt(0))
    }
  }
  const folded = foldCase(set)
  const literals = withoutContaining(wanted, folded)
  if (literals.length > maxLiterals) return undefined
  let cost = bytesCost(folded)
  for (const literal of literals) cost += literalCost(literal)
  return { literals, bytes: folded, cost: Math.min(1, cost) }
}

export function bytesCut(bytes: ByteSet): Cut {
  return makeCut([], bytes) ?? { literals: [], bytes, cost: 1 }
}

/** The weaker cut "one of these bytes": of each literal the byte that fewest values hold. */
export function rarestBytes(cut: Cut): Cut {
  const bytes = emptySet()
  for (let i = 0; i < 8; i++) bytes[i] = cut.bytes[i] ?? 0
  for (const literal of cut.literals) {
    let rarest = literal.charCodeAt(0)
    for (let i = 1; i < literal.length; i++) {
      const byte = literal.charCodeAt(i)
      if ((valueShare[byte] ?? 1) < (valueShare[rarest] ?? 1)) rarest = byte
    }
    addByte(bytes, rarest)
  }
  return bytesCut(bytes)
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

function withoutContaining(literals: ReadonlySet<ByteString>, bytes: ByteSet): ByteString[] {
  const kept: ByteString[] = []
  for (const literal of literals) if (!holdsAnother(literal, literals, bytes)) kept.push(literal)
  return kept
}

function holdsAnother(literal: ByteString, literals: ReadonlySet<ByteString>, bytes: ByteSet): boolean {
  for (let from = 0; from < literal.length; from++) {
    if (hasByte(bytes, literal.charCodeAt(from))) return true
    for (let to = from + 2; to <= literal.length; to++) {
      if (to - from < literal.length && literals.has(literal.slice(from, to))) return true
    }
  }
  return false
}

/** The cut "one or the other". */
export function eitherCut(a: Cut, b: Cut): Cut | undefined {
  const bytes = emptySet()
  for (let i = 0; i < 8; i++) bytes[i] = ((a.bytes[i] ?? 0) | (b.bytes[i] ?? 0)) >>> 0
  return makeCut([...a.literals, ...b.literals], bytes)
}

/** Whether `a` in a value implies `b`: then `b` adds nothing to `a`. */
export function implies(a: Cut, b: Cut): boolean {
  for (let i = 0; i < 8; i++) if (((a.bytes[i] ?? 0) & ~(b.bytes[i] ?? 0)) !== 0) return false
  const literals = new Set(b.literals)
  return a.literals.every(literal => literals.has(literal) || holdsAnother(literal, literals, b.bytes))
}

export function cutKey(cut: Cut): string {
  return `${setKey(cut.bytes)} ${[...cut.literals].sort().join('\n')}`
}
