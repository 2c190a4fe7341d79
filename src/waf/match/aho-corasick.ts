// Many literals at once: Aho-Corasick as one dense table, so that a scan is two look-ups a byte. Bytes that no literal
// tells apart share a class (case folding is part of the class), table entries are premultiplied row offsets, and the
// states that end a literal are numbered last, so that "did anything end here" is one comparison.

import type { ByteString } from '../../lib/bytes.ts'
import { buildLiteralTables, type LiteralTables } from './literal-trie.ts'

interface LiteralMatch {
  /** Of the literal in the list given. */
  readonly index: number
  readonly start: number
  readonly end: number
}

/**
 * Makes a matcher of many literals. `caseInsensitive` folds A-Z and a-z alone. Empty literals never match.
 * @throws RangeError when the literals are too many for the table (64 Mi entries).
 */
export function createMatcher(literals: readonly ByteString[], options: { caseInsensitive: boolean }): LiteralMatcher {
  return new LiteralMatcher(buildLiteralTables(literals, options.caseInsensitive), literals)
}

export class LiteralMatcher {
  readonly tables: LiteralTables
  private readonly lengths: Int32Array

  constructor(tables: LiteralTables, literals: readonly ByteString[]) {
    this.tables = tables
    this.lengths = Int32Array.from(literals, literal => literal.length)
  }

  /** The match that starts first; of those the longest. Undefined when no literal occurs. */
  firstMatch(value: ByteString): LiteralMatch | undefined {
    const { table, classOf, firstOutput } = this.tables
    let state = 0
    for (let i = 0; i < value.length; i++) {
      state = table[state + (classOf[value.charCodeAt(i) & 0xff] as number)] as number
      if (state >= firstOutput) return this.leftmost(value, state, i)
    }
    return undefined
  }

  /** Sets the bit of every literal that occurs in `found` (at least one bit a literal). False when none occurs. */
  scan(value: ByteString, found: Int32Array): boolean {
    const { table, classOf, firstOutput, classCount, outputStart, outputs } = this.tables
    let state = 0
    let any = false
    for (let i = 0; i < value.length; i++) {
      state = table[state + (classOf[value.charCodeAt(i) & 0xff] as number)] as number
      if (state < firstOutput) continue
      any = true
      const output = (state - firstOutput) / classCount
      const last = outputStart[output + 1] as number
      for (let k = outputStart[output] as number; k < last; k++) {
        const literal = outputs[k] as number
        found[literal >>> 5] = (found[literal >>> 5] as number) | (1 << (literal & 31))
      }
    }
    return any
  }

  /**
   * The first end is not always the first start: of "abcd" and "c", the "c" ends first in "abcd". Goes on while the
   * state stands for a prefix that began at or before the best start so far.
   */
  private leftmost(value: ByteString, firstState: number, at: number): LiteralMatch {
    const { table, classOf, firstOutput, classCount, outputStart, outputs, depths } = this.tables
    let state = firstState
    let index = -1
    let start = value.length
    let end = 0
    for (let i = at; ; ) {
      if (state >= firstOutput) {
        // Longest first, so the first literal of the list starts first.
        const literal = outputs[outputStart[(state - firstOutput) / classCount] as number] as number
        const from = i + 1 - (this.lengths[literal] as number)
        // Of equal starts the later end is the longer literal.
        if (from <= start) {
          start = from
          end = i + 1
          index = literal
        }
      }
      i++
      if (i >= value.length) break
      state = table[state + (classOf[value.charCodeAt(i) & 0xff] as number)] as number
      if (i + 1 - (depths[state / classCount] as number) > start) break
    }
    return { index, start, end }
  }
}
