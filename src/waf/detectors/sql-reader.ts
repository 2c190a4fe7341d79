// What the reading of one place has found so far, and the pieces of SQL that count wherever they stand.

import { callWeight, isHarmfulCall, nameAt, nameEnd } from './sql-names.ts'
import { isShortRest, soundsLikeProse } from './sql-prose.ts'
import { type QueryPlace, queryPoints } from './sql-query.ts'
import { type SqlTokens, Token } from './sql-tokens.ts'

/**
 * Where the value lands: in a string that its first quote closes, behind an operand that was there before it, or as an
 * expression of its own.
 */
export type Landing = 'string' | 'operand' | 'expression'

/** From here on it is an injection. */
export const threshold = 4

type Operand = 'none' | 'constant' | 'name' | 'call'

export class SqlReader {
  readonly tokens: SqlTokens
  points = 0
  /** What counted most, for the report. */
  reason = ''
  at = 0
  /** The value left a string: structure of any kind counts more. */
  broken = false
  isFirst = true
  sawBoolean = false
  sawOperator = false
  /** Points given for operators so far, at most one. */
  boolean = 0
  left: Operand = 'none'
  leftName = -1
  /** The left side of a comparison, while its right side is read. */
  compared: Operand = 'none'
  comparedName = -1
  isComparing = false
  /** Behind IN: the parenthesis holds a list of constants. */
  isList = false
  depth = 0
  /** One bit a level: its parenthesis holds the arguments of a call. */
  calls = 0
  /** Level at which the comparison at hand began. */
  comparedDepth = 0
  private comparisons = 0
  private best = 0

  constructor(tokens: SqlTokens) {
    this.tokens = tokens
  }

  reset(at: number, landing: Landing): void {
    this.points = 0
    this.reason = ''
    this.at = at
    this.broken = landing === 'string'
    this.isFirst = true
    this.sawBoolean = false
    this.sawOperator = false
    this.boolean = 0
    this.left = landing === 'expression' ? 'none' : 'constant'
    this.leftName = -1
    this.isComparing = false
    this.isList = false
    this.depth = 0
    this.calls = 0
    this.comparedDepth = 0
    this.comparisons = 0
    this.best = 0
  }

  count(points: number, reason: string): void {
    this.points += points
    if (points > this.best) {
      this.best = points
      this.reason = reason
    }
  }

  open(isCall: boolean): void {
    this.depth++
    const bit = 1 << (this.depth & 31)
    this.calls = isCall ? this.calls | bit : this.calls & ~bit
  }

  /** Closes a parenthesis: a group is what it holds, `(1)` a constant; what a call gives is not known. */
  close(): void {
    const isCall = this.depth === 0 || (this.calls & (1 << (this.depth & 31))) !== 0
    if (!isCall && this.isComparing && this.comparedDepth === this.depth) this.finishComparison()
    if (this.isList) this.left = 'constant'
    else if (isCall || this.left === 'none') this.left = 'call'
    this.isList = false
    this.depth = Math.max(0, this.depth - 1)
  }

  /** Scores the comparison that has both its sides now. */
  finishComparison(): void {
    if (!this.isComparing) return
    this.isComparing = false
    const left = this.compared
    const right = this.left
    if (left === 'none' || right === 'none' || this.comparisons > 2) return
    const points = this.comparisonPoints(left, right)
    if (points === 0) return
    this.comparisons++
    this.count(points, points >= 3 ? 'tautology' : 'comparison')
  }

  private comparisonPoints(left: Operand, right: Operand): number {
    const { tokens } = this
    const areNames = left === 'name' && right === 'name'
    const isSameName = areNames && tokens.text(this.comparedName) === tokens.text(this.leftName)
    const isTautology = isSameName || (left === 'constant' && right === 'constant')
    if (this.broken) return isTautology ? 3 : 2
    if (isTautology && this.sawBoolean) return this.boolean > 0 ? 3 : 4
    if (isTautology) return isSameName ? 0 : 1
    return this.sawBoolean && (left === 'call' || right === 'call') ? 1 : 0
  }

  call(at: number): void {
    const tokens = this.tokens
    const argument = nameEnd(tokens, at) + 1
    const weight = callWeight(nameAt(tokens, at))
    const isAlone = this.isFirst && !this.broken
    // "sleep(8 hours) is the best medicine"
    const isProse = isAlone && tokens.kind(argument) === Token.number && tokens.kind(argument + 1) === Token.word
    if (weight === 1) this.count(this.broken || this.sawOperator ? 1.5 : 1, 'function')
    else if (weight === 2) this.count(this.isComparing ? 4 : 2, 'function')
    else if (weight === 4) this.count(isProse || !this.isHarmful(at, argument) ? 0 : 4, 'harmful function')
    else if (this.broken) this.count(0.5, 'function')
    this.at = argument
    this.open(true)
    this.left = 'call'
  }

  /** The argument of a call alone must be one: `sleep(` in a text about code is often followed by none. */
  isHarmful(at: number, argument: number): boolean {
    const tokens = this.tokens
    if (!isHarmfulCall(tokens, at)) return false
    if (!this.isFirst || this.broken) return true
    const kind = tokens.kind(argument)
    return kind !== Token.close && kind !== Token.end && kind !== Token.other && kind !== Token.openString
  }

  /** The rest of the statement is cut off: `admin'--`, `' or 1#`. */
  comment(isFirst: boolean): void {
    this.finishComparison()
    if (!this.broken) {
      if (this.points > 0 || this.sawOperator) this.count(1, 'comment')
      return
    }
    if (!isFirst && this.sawOperator) this.count(3, 'comment')
    else if (isShortRest(this.tokens, this.at)) this.count(4, 'comment')
  }

  /** The value ends in a string that it opened itself, so that the quote behind it closes that: `' or 'a'='a`. */
  reopened(at: number): void {
    const tokens = this.tokens
    const content = tokens.value.slice((tokens.starts[at] ?? 0) + 1)
    this.left = 'constant'
    this.at = at + 1
    if (!this.sawOperator) return
    if (!this.isComparing && !this.sawBoolean && content !== '') return
    if (soundsLikeProse(content)) {
      this.points = Math.min(this.points, 1)
      return
    }
    const wasComparing = this.isComparing
    this.finishComparison()
    const isWord = !wasComparing && content.length > 2 && !hasDigit(content)
    this.count(isWord ? 2 : 3, 'string')
  }

  statement(points: number): void {
    this.count(points, `${this.tokens.text(this.at)} statement`)
    this.at++
  }

  query(at: number, place: QueryPlace): void {
    this.count(queryPoints(this.tokens, at, place), 'query')
    this.at = at + 1
  }

  endOfValue(): void {
    this.finishComparison()
    if (!this.sawBoolean) return
    if (this.broken && this.left === 'constant') this.count(1, 'boolean')
    // Words that empty comments part are not written by anybody else.
    if (this.tokens.emptyComments > 1) this.count(3, 'comment')
  }
}

function hasDigit(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x30 && text.charCodeAt(i) <= 0x39) return true
  return false
}
