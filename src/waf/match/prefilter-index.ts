// The load-time half of prefilter.ts: entries → cuts → flat arrays for the scan.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import type { Node } from '../regex/ast.ts'
import { type ByteSet, emptySet, foldCase, hasByte, setMembers, wordBytes } from '../regex/byte-set.ts'
import { createMatcher } from './aho-corasick.ts'
import { ByteClasses, type ByteMasks } from './byte-classes.ts'
import { type Cut, makeCut } from './cut.ts'
import type { LiteralTables } from './literal-trie.ts'
import { type Requirements, requirementsOf, usefulBytes } from './requirements.ts'

/** What the prefilter watches for. Several entries may share an id: it is a candidate when one of them is. */
export type PrefilterEntry = EntryContent & { readonly id: number }

export type EntryContent =
  | { readonly ast: Node }
  | { readonly requirements: Requirements }
  /** Any of the literals, in any case, or any byte of the set: phrases, or what makes a transformation change a value. */
  | { readonly literals: readonly ByteString[]; readonly bytes?: ByteSet }

export interface PrefilterIndex {
  /**
   * All that the scan looks up for a byte, in one array because V8 reads one faster than four: low masks, high masks and
   * classes of the Aho-Corasick table by byte, then the table itself, whose rows are offsets into this array.
   */
  readonly scanTable: Int32Array
  readonly firstOutput: number
  readonly classCount: number
  readonly classes: ByteClasses
  /** By entry. */
  readonly ids: Int32Array
  readonly minBytes: Int32Array
  /** 1 for an entry with a cut that no byte satisfies. */
  readonly needsLiteral: Uint8Array
  /** cutsOfEntry[e]…cutsOfEntry[e + 1]: the cuts of an entry, those without literals first. */
  readonly cutsOfEntry: Int32Array
  /** The byte classes that can make an entry a candidate without a literal, and those that rule one out in most texts. */
  readonly telling: ByteMasks
  /** By cut: its entry, its bytes as masks of byte classes, whether it has literals. */
  readonly cutEntry: Int32Array
  readonly cutLow: Int32Array
  readonly cutHigh: Int32Array
  readonly cutHasLiterals: Uint8Array
  /** cutsOf[cutsStart[k]…cutsStart[k + 1]]: the cuts that the k-th output state of the tables satisfies. */
  readonly cutsStart: Int32Array
  readonly cutsOf: Int32Array
  readonly largestId: number
}

export function buildIndex(entries: readonly PrefilterEntry[]): PrefilterIndex {
  const wanted = entries.map(requirementsFor)
  const cuts: { entry: number; cut: Cut }[] = []
  const cutsOfEntry = [0]
  wanted.forEach((requirements, entry) => {
    const byUse = [...requirements.cuts].sort((a, b) => Math.min(1, a.literals.length) - Math.min(1, b.literals.length))
    for (const cut of byUse) cuts.push({ entry, cut })
    cutsOfEntry.push(cuts.length)
  })
  const literals: ByteString[] = []
  const cutsOfLiteral: number[][] = []
  const numbers = new Map<ByteString, number>()
  cuts.forEach(({ cut }, index) => {
    for (const literal of cut.literals) {
      const number = numbers.get(literal) ?? literals.push(literal) - 1
      numbers.set(literal, number)
      const list = cutsOfLiteral[number]
      if (list === undefined) cutsOfLiteral[number] = [index]
      else list.push(index)
    }
  })
  const { tables } = createMatcher(literals, { caseInsensitive: true })
  // Sets given as such come first: they stand for detectors and transformations, which cost more than a pattern.
  const classes = new ByteClasses(
    cuts.map(({ entry, cut }) => ({
      set: cut.bytes,
      weight: 1 - cut.cost + ('literals' in (entries[entry] ?? {}) ? 1 : 0),
    })),
  )
  const ids = Int32Array.from(entries, entry => entry.id)
  const cutLow = Int32Array.from(cuts, ({ cut }) => classes.lowMask(cut.bytes))
  const cutHigh = Int32Array.from(cuts, ({ cut }) => classes.highMask(cut.bytes))
  const needsLiteral = Uint8Array.from(wanted, () => 0)
  cuts.forEach(({ entry }, k) => {
    if (cutLow[k] === 0 && cutHigh[k] === 0) needsLiteral[entry] = 1
  })
  const telling = { low: 0, high: 0 }
  cuts.forEach(({ entry, cut }, k) => {
    const isTelling = needsLiteral[entry] === 0 || (cut.literals.length === 0 && isPunctuation(cut.bytes))
    if (!isTelling) return
    telling.low |= cutLow[k] as number
    telling.high |= cutHigh[k] as number
  })
  return {
    scanTable: scanTableOf(tables, classes),
    firstOutput: tableAt + tables.firstOutput,
    classCount: tables.classCount,
    classes,
    ids,
    minBytes: Int32Array.from(wanted, requirements => requirements.minBytes),
    needsLiteral,
    cutsOfEntry: Int32Array.from(cutsOfEntry),
    telling,
    cutEntry: Int32Array.from(cuts, ({ entry }) => entry),
    cutLow,
    cutHigh,
    cutHasLiterals: Uint8Array.from(cuts, ({ cut }) => (cut.literals.length > 0 ? 1 : 0)),
    ...cutsOfOutputs(tables, cutsOfLiteral),
    largestId: ids.reduce((largest, id) => Math.max(largest, id), 0),
  }
}

/** Letters and digits would tell every name from every other. */
function isPunctuation(bytes: ByteSet): boolean {
  return !setMembers(bytes).some(byte => byte > 0x7f || byte === 0x20 || hasByte(wordBytes, byte))
}

/** Where the parts of `scanTable` begin; low masks at 0. */
export const highAt = 256
export const classAt = 512
export const tableAt = 768

function scanTableOf({ table, classOf }: LiteralTables, { low, high }: ByteClasses): Int32Array {
  const all = new Int32Array(tableAt + table.length)
  all.set(low)
  all.set(high, highAt)
  all.set(classOf, classAt)
  for (let i = 0; i < table.length; i++) all[tableAt + i] = tableAt + (table[i] as number)
  return all
}

/** What a value must hold for one entry. */
export function requirementsFor(entry: EntryContent): Requirements {
  if ('requirements' in entry) return entry.requirements
  if ('ast' in entry) return requirementsOf(entry.ast)
  // An empty phrase matches nothing, so it asks for nothing; but a phrase of any number of literals is watched.
  const literals = entry.literals.filter(literal => literal !== '').map(lowerAscii)
  const cut = makeCut(literals, foldCase(entry.bytes ?? emptySet()), Infinity)
  if (cut === undefined) return { minBytes: 1, cuts: [] }
  return { minBytes: 1, cuts: [cut, ...usefulBytes([cut])] }
}

function cutsOfOutputs(
  tables: LiteralTables,
  cutsOfLiteral: readonly (readonly number[])[],
): { cutsStart: Int32Array; cutsOf: Int32Array } {
  const { outputStart, outputs } = tables
  const cutsStart = new Int32Array(outputStart.length)
  const cutsOf: number[] = []
  for (let output = 0; output + 1 < outputStart.length; output++) {
    const cuts = new Set<number>()
    for (let k = outputStart[output] as number; k < (outputStart[output + 1] as number); k++) {
      for (const cut of cutsOfLiteral[outputs[k] as number] ?? []) cuts.add(cut)
    }
    cutsOf.push(...cuts)
    cutsStart[output + 1] = cutsOf.length
  }
  return { cutsStart, cutsOf: Int32Array.from(cutsOf) }
}
