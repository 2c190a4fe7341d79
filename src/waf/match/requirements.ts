// What a value must contain for a pattern to match, read off the pattern's tree: cuts (see cut.ts) and a minimum
// length. Bottom-up each node gets the finite set of strings it can be, or the strings it can begin and end with, and
// the cuts inside it. Sound: a requirement may be weaker than the truth, never stronger. Letters are lower case.

import type { ByteString } from '../../lib/bytes.ts'
import type { Node } from '../regex/ast.ts'
import { type ByteSet, emptySet, foldCase, setMembers, singleByte } from '../regex/byte-set.ts'
import { anyCut, bytesCut, type Cut, cutKey, implies, makeCut, rarestBytes, simplified } from './cut.ts'

export interface Requirements {
  /** Bytes that the shortest match has. */
  readonly minBytes: number
  /** All of them must be in the value. */
  readonly cuts: readonly Cut[]
}

const maxStrings = 600
const maxStringBytes = 24
/** Classes with more members (in lower case) are not spelt out as strings. */
const maxSpeltOut = 16
const maxUnrolled = 4
const maxCutsOfNode = 6
const maxCuts = 4
/** A cut that more values than this hold is not worth its check. */
const usefulCost = 0.7
/** Rarer than this no further literals are looked for. */
const rareCost = 0.001
const usefulBytesCost = 0.3

/**
 * How rare an optional part must be to be taken as absent: `c['\]*url` is then "curl", or a quote or backslash
 * anywhere. One analysis for each, because what pays depends on the pattern.
 */
const absenceThresholds = [0, 0.02, 0.12] as const

/** Strings that may stand at a place, or else the cut is in the value. */
interface Affix {
  readonly strings: readonly ByteString[]
  readonly orElse: Cut | undefined
}

interface Info {
  readonly exact: Affix | undefined
  readonly prefix: Affix
  readonly suffix: Affix
  readonly cuts: readonly Cut[]
  readonly minBytes: number
  /** Bytes (in both cases) that every match has. */
  readonly required: ByteSet
}

export function requirementsOf(ast: Node): Requirements {
  const pool = new Map<string, Cut>()
  let minBytes = 0
  let refused = 0
  for (const threshold of absenceThresholds) {
    // No optional part was too dear last time and is cheap enough now: the outcome would be the same.
    if (refused > threshold) continue
    const analysis = new Analysis(threshold)
    const info = analysis.visit(ast)
    refused = analysis.cheapestRefused
    minBytes = info.minBytes
    for (const found of cutsOf(info)) {
      const cut = simplified(found)
      pool.set(cutKey(cut), cut)
    }
  }
  return { minBytes, cuts: choose([...pool.values()]) }
}

/**
 * The rarest cut, and what makes it rarer still: literals grow the scan's table, bytes are almost free. So each cut of
 * literals is joined by the rarest bytes of its literals, which often rule a pattern out before any literal is met.
 */
function choose(pool: readonly Cut[]): Cut[] {
  const cuts: Cut[] = []
  let cost = 1
  for (const cut of cheapest(pool, pool.length)) {
    if (cuts.length === maxCuts || cut.cost > usefulCost) break
    if (cut.literals.length > 0 && cost < rareCost) continue
    if (cuts.some(chosen => implies(chosen, cut))) continue
    cuts.push(cut)
    cost *= cut.cost
  }
  return [...cuts, ...usefulBytes(cuts)]
}

/** The rarest bytes of cuts of literals, where few values hold any of them. */
export function usefulBytes(cuts: readonly Cut[]): Cut[] {
  const found: Cut[] = []
  for (const cut of cuts) {
    if (cut.literals.length === 0) continue
    const bytes = rarestBytes(cut)
    const known = [...cuts, ...found]
    if (bytes.cost < usefulBytesCost && !known.some(other => other.literals.length === 0 && implies(other, bytes))) {
      found.push(bytes)
    }
  }
  return found
}

const nothing: Affix = { strings: [''], orElse: undefined }
const emptyInfo: Info = {
  exact: nothing,
  prefix: nothing,
  suffix: nothing,
  cuts: [],
  minBytes: 0,
  required: emptySet(),
}
const unknownInfo: Info = { ...emptyInfo, exact: undefined }

class Analysis {
  /** Cost of the cheapest optional part that was not taken as absent. */
  cheapestRefused = Infinity
  private readonly threshold: number

  constructor(threshold: number) {
    this.threshold = threshold
  }

  visit(node: Node): Info {
    switch (node.kind) {
      case 'set':
        return setInfo(node.set)
      case 'concat':
        return node.parts.map(part => this.visit(part)).reduce(sequence, emptyInfo)
      case 'alternate':
        return alternativeInfo(node.branches.map(branch => this.visit(branch)))
      case 'repeat':
        return this.repeat(this.visit(node.node), node.min, node.max)
      case 'group':
        return this.visit(node.node)
      default:
        return emptyInfo
    }
  }

  private repeat(info: Info, min: number, max: number): Info {
    if (max === 0) return emptyInfo
    let result = emptyInfo
    const copies = Math.min(min, maxUnrolled)
    for (let i = 0; i < copies; i++) result = sequence(result, info)
    const rest = max - copies
    if (rest > 0) result = sequence(result, this.optional(info, rest))
    return { ...result, minBytes: Math.min(1_000_000, min * info.minBytes) }
  }

  private optional(info: Info, max: number): Info {
    if (max === 1 && info.exact !== undefined) {
      const strings = new Set(['', ...info.exact.strings])
      if (strings.size <= maxStrings)
        return exactInfo({ strings: [...strings], orElse: info.exact.orElse }, [], 0, emptySet())
    }
    // As if it were absent; where it is not, its best cut is in the value.
    const cut = bestCuts(info)[0]
    if (cut === undefined) return unknownInfo
    if (cut.cost >= this.threshold) {
      this.cheapestRefused = Math.min(this.cheapestRefused, cut.cost)
      return unknownInfo
    }
    return exactInfo({ strings: [''], orElse: cut }, [], 0, emptySet())
  }
}

function exactInfo(exact: Affix, cuts: readonly Cut[], minBytes: number, required: ByteSet): Info {
  return { exact, prefix: exact, suffix: exact, cuts, minBytes, required }
}

function setInfo(set: ByteSet): Info {
  const known = setInfos.get(set)
  if (known !== undefined) return known
  const info = makeSetInfo(set)
  setInfos.set(set, info)
  return info
}

/** Sets of single bytes are shared by all patterns (byte-set.ts). */
const setInfos = new WeakMap<ByteSet, Info>()

function makeSetInfo(set: ByteSet): Info {
  const folded = new Set<number>()
  for (const byte of setMembers(set)) folded.add(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)
  if (folded.size > maxSpeltOut || folded.size === 0) return { ...unknownInfo, cuts: [bytesCut(set)], minBytes: 1 }
  const strings = [...folded].map(byte => String.fromCharCode(byte))
  return exactInfo({ strings, orElse: undefined }, [], 1, folded.size === 1 ? foldCase(set) : emptySet())
}

function sequence(a: Info, b: Info): Info {
  const minBytes = a.minBytes + b.minBytes
  const required = a.required.map((word, i) => (word | (b.required[i] ?? 0)) >>> 0)
  const cuts = [...a.cuts, ...b.cuts]
  const exact = a.exact && b.exact && product(a.exact, b.exact)
  if (exact !== undefined) return { exact, prefix: exact, suffix: exact, cuts, minBytes, required }
  const seam = seamOf(a.suffix, b.prefix)
  // An exact `b` goes on growing the suffix, which is the better cut later; anything else ends it here.
  const grown = b.exact && seam
  if (grown === undefined || a.exact !== undefined) addCut(cuts, affixCut(a.suffix))
  if (b.exact === undefined) addCut(cuts, seam && affixCut(seam))
  return {
    exact: undefined,
    prefix: (a.exact && product(a.exact, b.prefix)) ?? a.prefix,
    suffix: grown ?? b.suffix,
    cuts: cheapest(cuts, maxCutsOfNode),
    minBytes,
    required,
  }
}

/** What stands where `a` ends and `b` begins, with less of `a` when all of it is too much. */
function seamOf(a: Affix, b: Affix): Affix | undefined {
  const whole = product(a, b)
  for (let keep = 4; whole === undefined && keep > 0; keep--) {
    const strings = [...new Set(a.strings.map(string => string.slice(-keep)))]
    const trimmed = product({ strings, orElse: a.orElse }, b)
    if (trimmed !== undefined) return trimmed
  }
  return whole
}

function product(a: Affix, b: Affix): Affix | undefined {
  const orElse = a.orElse && b.orElse ? anyCut([a.orElse, b.orElse]) : (a.orElse ?? b.orElse)
  if (a.orElse && b.orElse && orElse === undefined) return undefined
  if (a.strings.length * b.strings.length > maxStrings) return undefined
  const strings = new Set<ByteString>()
  for (const head of a.strings) {
    for (const tail of b.strings) {
      if (head.length + tail.length > maxStringBytes) return undefined
      strings.add(head + tail)
    }
  }
  return { strings: [...strings], orElse }
}

function alternativeInfo(branches: readonly Info[]): Info {
  const minBytes = Math.min(...branches.map(branch => branch.minBytes))
  const required = emptySet().map((_, i) =>
    branches.reduce((word, branch) => (word & (branch.required[i] ?? 0)) >>> 0, 0xffffffff),
  )
  const exact = branches.every(branch => branch.exact !== undefined)
    ? unionOf(branches.map(branch => branch.exact ?? nothing))
    : undefined
  if (exact !== undefined && exact.strings.length <= maxStrings) return exactInfo(exact, [], minBytes, required)
  const cuts = commonCuts(branches)
  addCut(cuts, exact && affixCut(exact))
  return {
    exact: undefined,
    prefix: trimmed(unionOf(branches.map(branch => branch.prefix)), (string, keep) => string.slice(0, keep)),
    suffix: trimmed(unionOf(branches.map(branch => branch.suffix)), (string, keep) => string.slice(-keep)),
    cuts: cheapest(cuts, maxCutsOfNode),
    minBytes,
    required,
  }
}

/** One cut of each branch, ORed: the best ones, the second best ones and the third best ones. */
function commonCuts(branches: readonly Info[]): Cut[] {
  const ranked = branches.map(branch => bestCuts(branch))
  const cuts: Cut[] = []
  for (let rank = 0; rank < 3; rank++) {
    const chosen: Cut[] = []
    for (const list of ranked) {
      const cut = list[Math.min(rank, list.length - 1)]
      if (cut !== undefined) chosen.push(cut)
    }
    if (chosen.length < branches.length) return []
    addCut(cuts, anyCut(chosen))
  }
  return cuts
}

function unionOf(affixes: readonly Affix[]): Affix | undefined {
  const escapes = affixes.flatMap(affix => affix.orElse ?? [])
  const orElse = escapes.length === 0 ? undefined : anyCut(escapes)
  if (escapes.length > 0 && orElse === undefined) return undefined
  return { strings: [...new Set(affixes.flatMap(affix => affix.strings))], orElse }
}

function trimmed(affix: Affix | undefined, trim: (string: ByteString, keep: number) => ByteString): Affix {
  if (affix === undefined) return nothing
  if (affix.strings.length <= maxStrings) return affix
  for (let keep = 6; keep > 0; keep--) {
    const strings = [...new Set(affix.strings.map(string => trim(string, keep)))]
    if (strings.length <= maxStrings) return { strings, orElse: affix.orElse }
  }
  return nothing
}

function affixCut(affix: Affix): Cut | undefined {
  return makeCut([...affix.strings, ...(affix.orElse?.literals ?? [])], affix.orElse?.bytes ?? emptySet())
}

/** All cuts that a node gives, those of its strings included. */
function cutsOf(info: Info): Cut[] {
  const cuts = [...info.cuts]
  if (info.exact !== undefined) addCut(cuts, affixCut(info.exact))
  else {
    addCut(cuts, affixCut(info.prefix))
    addCut(cuts, affixCut(info.suffix))
  }
  for (const byte of setMembers(info.required)) addCut(cuts, byteCuts[byte])
  return cuts
}

const byteCuts = Array.from({ length: 256 }, (_, byte) => bytesCut(foldCase(singleByte(byte))))

function bestCuts(info: Info): Cut[] {
  return cheapest(cutsOf(info), 3)
}

function cheapest(cuts: readonly Cut[], count: number): Cut[] {
  return [...cuts].sort((a, b) => a.cost - b.cost).slice(0, count)
}

function addCut(cuts: Cut[], cut: Cut | undefined): void {
  if (cut !== undefined && cut.cost < 1) cuts.push(cut)
}
