// Front door of the regex engine: pattern in, `Regex` or an error with an offset out. Parsing happens at once so that
// errors come at load; automata are built when a value first asks for them.

import type { ByteString } from '../../lib/bytes.ts'
import { type AlphabetIndex, createAlphabet, hasRoomForAssertions } from './alphabet.ts'
import { isAnchored, type Node } from './ast.ts'
import { Backtracker } from './backtrack.ts'
import { LazyDfa } from './dfa.ts'
import { Follower } from './follow.ts'
import { buildNfa, countStates, maxNfaStates } from './nfa.ts'
import { OrderedDfa } from './ordered.ts'
import { type ParsedRegex, parseRegex } from './parse.ts'
import { PikeVm } from './pike.ts'
import { relax } from './relax.ts'
import { Simulator } from './simulate.ts'
import type { CompileRegexResult, Regex, RegexOptions } from './types.ts'

export function compileRegex(pattern: ByteString, options: RegexOptions = {}): CompileRegexResult {
  const result = parseRegex(pattern, options)
  if (!result.ok) return result
  const { parsed } = result
  const node = parsed.irregular === undefined ? parsed.node : relax(parsed.node)
  if (countStates(node) > maxNfaStates || countStates(parsed.node) > maxNfaStates) {
    return { ok: false, message: `pattern needs more than ${maxNfaStates} states`, offset: 0 }
  }
  const alphabet = createAlphabet(node)
  if (!hasRoomForAssertions(alphabet)) return { ok: false, message: 'too many possessive quantifiers', offset: 0 }
  const regular = new RegularRegex(pattern, parsed.groupCount, node, alphabet)
  if (parsed.irregular === undefined) return { ok: true, regex: regular }
  return { ok: true, regex: new IrregularRegex(regular, parsed) }
}

/**
 * A match may start anywhere from the first place to the last. Over a long way, threads for all places cost more than
 * finding the start from behind, which always takes the whole value.
 */
function isNear(input: ByteString, first: number, last: number): boolean {
  return last - first <= Math.max(2048, input.length / 4)
}

/** In shorter values a Pike VM is the quickest way to place and groups. */
const shortBytes = 1024
/** Places visited for a match that is short and near, and at most; with more, the start is found from behind. */
const shortVisits = 30_000
const visitsPerByte = 60

class RegularRegex implements Regex {
  readonly source: ByteString
  readonly groupCount: number
  readonly ast: Node
  private readonly alphabet: AlphabetIndex
  /** Whether every match starts at the start of the text; and of a text of one line. */
  private readonly anchored: boolean
  private readonly lineAnchored: boolean
  private search: LazyDfa | undefined
  private starts: LazyDfa | undefined
  private follower: Follower | undefined
  private ordered: OrderedDfa | undefined
  private endOfFirst: OrderedDfa | undefined
  private startsOfEnd: LazyDfa | undefined
  private slowSearch: Simulator | undefined
  private slowStarts: Simulator | undefined
  private captures: PikeVm | undefined

  constructor(source: ByteString, groupCount: number, ast: Node, alphabet: AlphabetIndex) {
    this.source = source
    this.groupCount = groupCount
    this.ast = ast
    this.alphabet = alphabet
    this.anchored = isAnchored(ast)
    this.lineAnchored = isAnchored(ast, ['textStart', 'lineStart'])
  }

  test(input: ByteString): boolean {
    return this.matchEnd(input) !== -1
  }

  exec(input: ByteString, from = 0): Int32Array | undefined {
    if (this.lineAnchored && this.groupCount === 0 && from === 0 && input.length <= shortBytes) {
      const end = this.endAtStart(input)
      if (end !== undefined) return end < 0 ? undefined : Int32Array.of(0, end)
    }
    const whole = input.length > shortBytes ? this.matchAt(input, from) : undefined
    if (whole !== undefined && this.groupCount === 0) return whole
    let first = whole === undefined ? -1 : (whole[0] as number)
    let last = first
    if (whole === undefined) {
      const range = this.startRange(input, from)
      if (range === undefined) return undefined
      first = range.first
      last = range.last
    }
    this.captures ??= new PikeVm(buildNfa(this.ast, this.alphabet, { captureGroups: this.groupCount }))
    return this.captures.match(input, first, last)
  }

  /**
   * Where a match that can start nowhere but at the start of the text ends: one walk of a DFA, where a Pike VM would
   * carry threads. -1 for no match; undefined when it may start elsewhere or that costs too much.
   */
  private endAtStart(input: ByteString): number | undefined {
    if (this.alphabet.assertions.includes('textEndNewline')) return undefined
    if (!this.anchored && input.includes('\n')) return undefined
    this.endOfFirst ??= new OrderedDfa(buildNfa(this.ast, this.alphabet, {}), true)
    return this.endOfFirst.matchEnd(input, 0)
  }

  /** Start and end of a match in a long value, without groups; undefined when there is none or that costs too much. */
  private matchAt(input: ByteString, from: number): Int32Array | undefined {
    const firstEnd = from > input.length ? -1 : this.matchEnd(input)
    if (firstEnd === -1) return undefined
    const { anchored } = this
    const first = anchored || from > 0 ? from : (this.search?.lastQuiet(input, firstEnd) ?? 0)
    this.follower ??= new Follower(buildNfa(this.ast, this.alphabet, {}), anchored)
    return (
      this.follower.match(input, first, shortVisits) ??
      this.matchByDfa(input, first, anchored) ??
      this.follower.match(input, first, visitsPerByte * input.length)
    )
  }

  private matchByDfa(input: ByteString, first: number, anchored: boolean): Int32Array | undefined {
    if (this.alphabet.assertions.includes('textEndNewline')) return undefined
    this.ordered ??= new OrderedDfa(buildNfa(this.ast, this.alphabet, {}), anchored)
    const end = this.ordered.matchEnd(input, first)
    if (end === undefined || end === -1) return undefined
    if (anchored) return Int32Array.of(0, end)
    this.startsOfEnd ??= new LazyDfa(buildNfa(this.ast, this.alphabet, { reversed: true }), true, false)
    const start = this.startsOfEnd.leftmostStart(input, first, end)
    return start === undefined ? undefined : Int32Array.of(start, end)
  }

  /** Where the leftmost match at or after `from` starts, or -1. */
  startOf(input: ByteString, from: number): number {
    if (from > input.length || !this.test(input)) return -1
    return this.startFromBehind(input, from) ?? this.simulateFromBehind(input, from)
  }

  /** Where the leftmost match at or after `from` starts: somewhere from the first place to the last. */
  private startRange(input: ByteString, from: number): { readonly first: number; readonly last: number } | undefined {
    if (from > input.length) return undefined
    const end = this.matchEnd(input)
    if (end === -1) return undefined
    if (from === 0) {
      if (this.anchored) return { first: 0, last: 0 }
      const first = this.search?.lastQuiet(input, end)
      if (first !== undefined && isNear(input, first, end)) return { first, last: end }
    }
    let start = this.startFromBehind(input, from)
    if (start === undefined && from === 0) {
      const { quiet } = this.simulated(input)
      if (isNear(input, quiet, end)) return { first: quiet, last: end }
    }
    start ??= this.simulateFromBehind(input, from)
    return start === -1 ? undefined : { first: start, last: start }
  }

  private startFromBehind(input: ByteString, from: number): number | undefined {
    this.starts ??= new LazyDfa(buildNfa(this.ast, this.alphabet, { reversed: true }), true, true)
    return this.starts.leftmostStart(input, from)
  }

  private simulateFromBehind(input: ByteString, from: number): number {
    this.slowStarts ??= new Simulator(buildNfa(this.ast, this.alphabet, { reversed: true, counters: true }), true, true)
    return this.slowStarts.leftmostStart(input, from)
  }

  /** Where the match that ends first ends, or a byte later; -1 for no match. */
  private matchEnd(input: ByteString): number {
    if (this.search === undefined) {
      this.search = new LazyDfa(buildNfa(this.ast, this.alphabet, {}), false, !this.anchored)
    }
    return this.search.matchEnd(input) ?? this.simulated(input).end
  }

  private simulated(input: ByteString): { readonly end: number; readonly quiet: number } {
    this.slowSearch ??= new Simulator(buildNfa(this.ast, this.alphabet, { counters: true }), false, !this.anchored)
    const end = this.slowSearch.matchEnd(input)
    return { end, quiet: this.slowSearch.quiet }
  }
}

/** A pattern with lookaround, backreferences or atomic groups: see backtrack.ts. */
class IrregularRegex implements Regex {
  readonly source: ByteString
  readonly groupCount: number
  readonly ast: Node
  private readonly relaxed: RegularRegex
  private readonly backtracker: Backtracker

  constructor(relaxed: RegularRegex, parsed: ParsedRegex) {
    this.source = relaxed.source
    this.groupCount = parsed.groupCount
    this.ast = relaxed.ast
    this.relaxed = relaxed
    this.backtracker = new Backtracker(
      buildNfa(parsed.node, createAlphabet(parsed.node), { captureGroups: parsed.groupCount, irregular: true }),
    )
  }

  test(input: ByteString): boolean {
    return this.exec(input) !== undefined
  }

  exec(input: ByteString, from = 0): Int32Array | undefined {
    const start = this.relaxed.startOf(input, from)
    if (start === -1) return undefined
    const match = this.backtracker.match(input, start, this.groupCount)
    return match === 'exhausted' ? this.relaxed.exec(input, from) : match
  }
}
