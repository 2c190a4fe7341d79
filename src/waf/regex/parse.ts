// Pattern → tree: PCRE's syntax over bytes (no UTF mode), default newline \n. Escapes and classes are in escapes.ts.
// Lookaround, backreferences, atomic groups and possessive groups are parsed and reported as `irregular`, the first
// one with its offset; recursion, conditions, Unicode properties and verbs are errors.

import type { ByteString } from '../../lib/bytes.ts'
import { alternate, concat, type Node } from './ast.ts'
import { anyByte, notNewline, singleByte, singleByteFolded } from './byte-set.ts'
import { type EscapeReader, parseClass, parseEscape } from './escapes.ts'
import { isGroupName, RegexSyntaxError } from './syntax-error.ts'
import type { RegexOptions } from './types.ts'

/** Groups inside groups: bounds the recursion of everything that walks the tree. */
const maxNesting = 200
/** PCRE's own bound on counts. */
const maxRepeat = 65_535
const maxPatternBytes = 262_144

export interface ParsedRegex {
  readonly node: Node
  readonly groupCount: number
  /** Why the pattern is beyond a finite automaton, if it is. */
  readonly irregular: { readonly message: string; readonly offset: number } | undefined
}

type ParseRegexResult =
  | { readonly ok: true; readonly parsed: ParsedRegex }
  | { readonly ok: false; readonly message: string; readonly offset: number }

export function parseRegex(pattern: ByteString, options: RegexOptions): ParseRegexResult {
  if (pattern.length > maxPatternBytes) {
    return { ok: false, message: `pattern is longer than ${maxPatternBytes} bytes`, offset: maxPatternBytes }
  }
  try {
    return { ok: true, parsed: new Parser(pattern, options).parse() }
  } catch (error) {
    if (!(error instanceof RegexSyntaxError)) throw error
    return { ok: false, message: error.message, offset: error.offset }
  }
}

interface Flags {
  readonly i: boolean
  readonly m: boolean
  readonly s: boolean
  readonly x: boolean
  /** (?U): quantifiers are lazy unless followed by `?`. */
  readonly U: boolean
}

class Parser implements EscapeReader {
  readonly source: ByteString
  pos = 0
  private flags: Flags
  private nesting = 0
  private groups = 0
  private highestReference: { group: number; offset: number } | undefined
  private readonly names = new Map<string, number>()
  private irregular: ParsedRegex['irregular']

  constructor(source: ByteString, options: RegexOptions) {
    this.source = source
    this.flags = {
      i: options.caseInsensitive === true,
      m: options.multiline === true,
      s: options.dotAll === true,
      x: false,
      U: false,
    }
  }

  get caseInsensitive(): boolean {
    return this.flags.i
  }

  parse(): ParsedRegex {
    const node = this.parseAlternation()
    if (this.pos < this.source.length) throw new RegexSyntaxError('unmatched closing parenthesis', this.pos)
    const reference = this.highestReference
    if (reference !== undefined && reference.group > this.groups) {
      throw new RegexSyntaxError(`reference to group ${reference.group}, which does not exist`, reference.offset)
    }
    return { node, groupCount: this.groups, irregular: this.irregular }
  }

  noteIrregular(what: string, offset: number): void {
    this.irregular ??= { message: `${what} can't be matched in linear time`, offset }
  }

  reference(group: number, offset: number): Node {
    this.noteIrregular('a backreference', offset)
    if (this.highestReference === undefined || group > this.highestReference.group) {
      this.highestReference = { group, offset }
    }
    return { kind: 'backreference', group, caseInsensitive: this.flags.i }
  }

  namedReference(name: string, offset: number): Node {
    const group = this.names.get(name)
    if (group === undefined) throw new RegexSyntaxError(`no group is named ${name}`, offset)
    return this.reference(group, offset)
  }

  groupsSoFar(): number {
    return this.groups
  }

  private parseAlternation(): Node {
    const branches: Node[] = [this.parseBranch()]
    while (this.source[this.pos] === '|') {
      this.pos++
      branches.push(this.parseBranch())
    }
    return alternate(branches)
  }

  private parseBranch(): Node {
    const parts: Node[] = []
    for (;;) {
      this.skipIgnored()
      const char = this.source[this.pos]
      if (char === undefined || char === '|' || char === ')') return concat(parts)
      if (this.source.startsWith('\\Q', this.pos)) {
        this.parseQuoted(parts)
        continue
      }
      if (this.source.startsWith('\\E', this.pos)) {
        this.pos += 2
        continue
      }
      const atom = this.parseAtom(char)
      // An option setting such as (?i) is no item: a quantifier after it has nothing to repeat.
      if (atom !== undefined) parts.push(this.parseQuantifiers(atom))
    }
  }

  /** Comments, and white space under (?x). */
  private skipIgnored(): void {
    for (;;) {
      if (this.source.startsWith('(?#', this.pos)) {
        const end = this.source.indexOf(')', this.pos)
        if (end === -1) throw new RegexSyntaxError('comment is not closed', this.pos)
        this.pos = end + 1
        continue
      }
      if (!this.flags.x) return
      const code = this.source.charCodeAt(this.pos)
      if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) this.pos++
      else if (code === 0x23) {
        const end = this.source.indexOf('\n', this.pos)
        this.pos = end === -1 ? this.source.length : end + 1
      } else return
    }
  }

  private parseQuoted(parts: Node[]): void {
    this.pos += 2
    const close = this.source.indexOf('\\E', this.pos)
    const end = close === -1 ? this.source.length : close
    while (this.pos < end) parts.push(this.literal(this.source.charCodeAt(this.pos++)))
    if (close === -1) return
    this.pos += 2
    const last = parts.pop()
    if (last !== undefined) parts.push(this.parseQuantifiers(last))
  }

  private literal(byte: number): Node {
    return { kind: 'set', set: this.flags.i ? singleByteFolded(byte) : singleByte(byte) }
  }

  private parseAtom(char: string): Node | undefined {
    const start = this.pos
    switch (char) {
      case '(':
        return this.parseGroup()
      case '[':
        return { kind: 'set', set: parseClass(this) }
      case '\\':
        return parseEscape(this, byte => this.literal(byte))
      case '.':
        this.pos++
        return { kind: 'set', set: this.flags.s ? anyByte : notNewline }
      case '^':
        this.pos++
        return { kind: 'assert', assertion: this.flags.m ? 'lineStart' : 'textStart' }
      case '$':
        this.pos++
        return { kind: 'assert', assertion: this.flags.m ? 'lineEnd' : 'textEndNewline' }
      case '*':
      case '+':
      case '?':
        throw new RegexSyntaxError('quantifier has nothing to repeat', start)
      case '{':
        if (this.readCounts() !== undefined) throw new RegexSyntaxError('quantifier has nothing to repeat', start)
        this.pos = start + 1
        return this.literal(0x7b)
      default:
        this.pos++
        return this.literal(char.charCodeAt(0))
    }
  }

  private parseQuantifiers(atom: Node): Node {
    let node = atom
    for (let stacked = 0; ; stacked++) {
      this.skipIgnored()
      const start = this.pos
      const counts = this.readQuantifier()
      if (counts === undefined) return node
      if (stacked > 8) throw new RegexSyntaxError('too many quantifiers in a row', start)
      const next = this.source[this.pos]
      if (next === '?' || next === '+') this.pos++
      const greedy = next === '?' ? this.flags.U : !this.flags.U
      const { min, max } = counts
      const repeat: Node = max === 0 ? emptyRepeat(node) : { kind: 'repeat', node, min, max, greedy }
      node = next === '+' ? this.possessive(repeat, start) : repeat
    }
  }

  /** X++ of a byte set is X+ not followed by X, which an automaton can decide. Any other is an atomic group. */
  private possessive(repeat: Node, offset: number): Node {
    if (repeat.kind !== 'repeat') return repeat
    const greedy: Node = { ...repeat, greedy: true }
    if (repeat.node.kind === 'set' && repeat.max === Infinity) {
      return concat([greedy, { kind: 'assert', assertion: { notNext: repeat.node.set } }])
    }
    this.noteIrregular('a possessive quantifier', offset)
    return { kind: 'atomic', node: greedy }
  }

  private readQuantifier(): { min: number; max: number } | undefined {
    switch (this.source[this.pos]) {
      case '*':
        this.pos++
        return { min: 0, max: Infinity }
      case '+':
        this.pos++
        return { min: 1, max: Infinity }
      case '?':
        this.pos++
        return { min: 0, max: 1 }
      case '{':
        return this.readCounts()
      default:
        return undefined
    }
  }

  /** `{n}`, `{n,}` or `{n,m}`; anything else after a brace is a literal brace, and the position stays. */
  private readCounts(): { min: number; max: number } | undefined {
    const start = this.pos
    this.pos++
    const min = this.readNumber()
    let max = min
    if (min !== undefined && this.source[this.pos] === ',') {
      this.pos++
      max = this.source[this.pos] === '}' ? Infinity : this.readNumber()
    }
    if (min === undefined || max === undefined || this.source[this.pos] !== '}') {
      this.pos = start
      return undefined
    }
    this.pos++
    if (min > maxRepeat || (max > maxRepeat && max !== Infinity)) {
      throw new RegexSyntaxError(`repeat count is over ${maxRepeat}`, start)
    }
    if (max < min) throw new RegexSyntaxError('repeat counts are out of order', start)
    return { min, max }
  }

  private readNumber(): number | undefined {
    const start = this.pos
    while (isDigit(this.source.charCodeAt(this.pos))) this.pos++
    return this.pos === start ? undefined : Number(this.source.slice(start, this.pos))
  }

  private parseGroup(): Node | undefined {
    const open = this.pos
    if (++this.nesting > maxNesting) throw new RegexSyntaxError(`groups are nested deeper than ${maxNesting}`, open)
    const outer = this.flags
    this.pos++
    const kind = this.readGroupHead(open)
    if (kind === 'options') {
      this.nesting--
      return undefined
    }
    const index = kind === 'capture' ? ++this.groups : 0
    const node = this.parseAlternation()
    if (this.source[this.pos] !== ')') throw new RegexSyntaxError('group is not closed', open)
    this.pos++
    this.flags = outer
    this.nesting--
    if (kind === 'capture') return { kind: 'group', index, node }
    if (kind === 'plain') return node
    if (kind === 'atomic') return { kind: 'atomic', node }
    return { kind: 'look', ahead: kind.includes('ahead'), negative: kind.startsWith('not'), node }
  }

  private readGroupHead(open: number): GroupKind {
    if (this.source[this.pos] === '*') throw new RegexSyntaxError('verbs such as (*FAIL) are not supported', open)
    if (this.source[this.pos] !== '?') return 'capture'
    this.pos++
    for (const [spelling, kind, what] of groupHeads) {
      if (!this.source.startsWith(spelling, this.pos)) continue
      this.pos += spelling.length
      if (what !== undefined) this.noteIrregular(what, open)
      return kind
    }
    for (const [before, after] of nameMarks) {
      if (!this.source.startsWith(before, this.pos)) continue
      const end = this.source.indexOf(after, this.pos + before.length)
      const name = end === -1 ? '' : this.source.slice(this.pos + before.length, end)
      if (!isGroupName(name)) throw new RegexSyntaxError('bad group name', this.pos)
      if (this.names.has(name)) throw new RegexSyntaxError(`two groups are named ${name}`, this.pos)
      this.names.set(name, this.groups + 1)
      this.pos = end + 1
      return 'capture'
    }
    return this.readFlags(open)
  }

  private readFlags(open: number): GroupKind {
    let on = true
    const flags = { ...this.flags }
    if (this.source[this.pos] === '^') {
      this.pos++
      flags.i = flags.m = flags.s = flags.x = false
    }
    for (;;) {
      const char = this.source[this.pos++]
      if (char === ':') {
        this.flags = flags
        return 'plain'
      }
      if (char === ')') {
        this.flags = flags
        return 'options'
      }
      if (char === '-') on = false
      else if (char === 'i' || char === 'm' || char === 's' || char === 'x' || char === 'U') flags[char] = on
      else throw new RegexSyntaxError(`unknown or unsupported group (?${char ?? ''}`, open)
    }
  }
}

type GroupKind = 'capture' | 'plain' | 'options' | 'atomic' | 'ahead' | 'notahead' | 'behind' | 'notbehind'

const groupHeads: readonly (readonly [string, GroupKind, string?])[] = [
  [':', 'plain'],
  ['=', 'ahead', 'a lookahead'],
  ['!', 'notahead', 'a negative lookahead'],
  ['<=', 'behind', 'a lookbehind'],
  ['<!', 'notbehind', 'a negative lookbehind'],
  ['>', 'atomic', 'an atomic group'],
]

const nameMarks = [
  ['P<', '>'],
  ['<', '>'],
  ["'", "'"],
] as const

/** X{0} matches nothing but keeps the groups of X numbered. */
function emptyRepeat(node: Node): Node {
  return { kind: 'repeat', node, min: 0, max: 0, greedy: true }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
