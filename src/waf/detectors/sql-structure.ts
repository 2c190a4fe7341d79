// Follows SQL grammar from a place where a value may break out, and adds up what shows that it does: each piece of
// structure that a plain value has no use for counts, and text that is no SQL ends the reading at once. Prose seldom
// gets past its second word.

import { type SqlTokens, Token } from './sql-tokens.ts'
import {
  articles,
  commonFunctions,
  harmfulFunctions,
  isSystemName,
  statementFollowers,
  tellingFunctions,
  Word,
} from './sql-words.ts'

/** Where the value lands: a string that its first quote closes, or an expression as it is. */
export type Landing = 'string' | 'expression'

/** From here on it is an injection. */
export const threshold = 4

/** Tokens followed from one place; attackers may pad, so the limit is what keeps the detector linear. */
const maxTokens = 160

type Operand = 'none' | 'constant' | 'name' | 'call'

export class SqlStructure {
  points = 0
  /** What counted most, for the report. */
  reason = ''
  end = 0

  readonly #tokens: SqlTokens
  #at = 0
  #landing: Landing = 'expression'
  #sawBoolean = false
  #sawOperator = false
  #sawStatement = false
  #boolean = 0
  #comparisons = 0
  #best = 0
  #left: Operand = 'none'
  #compared: Operand = 'none'
  #isComparing = false
  #depth = 0

  constructor(tokens: SqlTokens) {
    this.#tokens = tokens
  }

  /** Reads on behind an operand (a string that was just closed, a number), or from an operand on. */
  follow(at: number, landing: Landing, afterOperand: boolean, left: Operand = 'constant'): boolean {
    this.points = 0
    this.reason = ''
    this.#at = at
    this.#landing = landing
    this.#sawBoolean = false
    this.#sawOperator = false
    this.#sawStatement = false
    this.#boolean = 0
    this.#comparisons = 0
    this.#best = 0
    this.#left = afterOperand ? left : 'none'
    this.#isComparing = false
    this.#depth = 0
    const last = Math.min(at + maxTokens, this.#tokens.count + 1)
    let behind = afterOperand
    let isFirst = true
    while (this.#at < last && this.points < threshold) {
      const next = behind ? this.#behindOperand(isFirst) : this.#operand(isFirst)
      isFirst = false
      if (next === undefined) break
      behind = next
    }
    this.end = this.#tokens.ends[Math.max(0, Math.min(this.#at, this.#tokens.count) - 1)] ?? 0
    return this.points >= threshold
  }

  #count(points: number, reason: string): void {
    this.points += points
    if (points > this.#best) {
      this.#best = points
      this.reason = reason
    }
  }

  get #broken(): boolean {
    return this.#landing === 'string'
  }

  /** @returns whether what comes next stands behind an operand; undefined when this is no SQL, or its end. */
  #behindOperand(isFirst: boolean): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    switch (tokens.kind(at)) {
      case Token.end:
        this.#endOfValue()
        return undefined
      case Token.comment:
        this.#comment(isFirst)
        return undefined
      case Token.close:
        this.#at++
        // Closing what the value did not open reaches out of it.
        if (this.#depth === 0) this.#count(this.#broken ? 1 : 0, 'parenthesis')
        else this.#depth--
        this.#left = 'call'
        return true
      case Token.comma:
        this.#at++
        this.#finishComparison()
        return false
      case Token.comparison:
        return this.#comparison(1)
      case Token.boolean:
        return this.#connector(1)
      case Token.arithmetic:
      case Token.star:
        this.#at++
        this.#sawOperator = true
        if (this.#boolean === 0) this.#count(0.5, 'operator')
        this.#boolean = Math.max(this.#boolean, 0.5)
        return false
      case Token.semicolon:
        this.#finishComparison()
        return this.#separator()
      case Token.word:
        return this.#wordBehind(isFirst)
      case Token.dot:
        this.#at++
        return false
      default:
        return undefined
    }
  }

  #wordBehind(isFirst: boolean): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    switch (tokens.word(at)) {
      case Word.boolean:
        return this.#connector(1)
      case Word.comparison:
        return this.#wordComparison()
      case Word.not:
        this.#at++
        return tokens.word(this.#at) === Word.comparison ? this.#wordComparison() : undefined
      case Word.arithmetic:
        this.#at++
        this.#sawOperator = true
        return false
      case Word.set:
        this.#finishComparison()
        return this.#setOperation()
      case Word.clause:
        this.#finishComparison()
        return this.#clause()
      case Word.from:
        this.#at++
        this.#finishComparison()
        if (this.#systemNameAt(this.#at)) this.#count(3, 'system table')
        return articles.has(tokens.text(this.#at)) ? undefined : false
      case Word.joint:
        return this.#joint()
      case Word.statement:
        if (this.#statement(at)) return undefined
        break
      case Word.select:
        // SQL Server runs statements that nothing separates.
        if (this.#broken) this.#select(at)
        return undefined
    }
    // An alias; or the harmful call that somebody appends without any operator.
    if (this.#callAt(at) && harmfulFunctions.has(this.#nameAt(at))) {
      this.#count(this.#broken ? 4 : 0, 'harmful function')
      return undefined
    }
    if (isFirst || !this.#sawStatement) return undefined
    this.#at = this.#nameEnd(at)
    return true
  }

  #joint(): boolean | undefined {
    const tokens = this.#tokens
    const text = tokens.text(this.#at)
    if (!this.#sawStatement && !this.#sawOperator && !this.#sawBoolean && !this.#broken) return undefined
    this.#at++
    this.#finishComparison()
    if (text === 'asc' || text === 'desc' || text === 'end' || text === 'rows' || text === 'last' || text === 'first')
      return true
    return false
  }

  /** Reads AND, OR, ||, & and the like. */
  #connector(points: number): boolean | undefined {
    const tokens = this.#tokens
    if (this.#quotesAnOperator(this.#at)) return undefined
    this.#finishComparison()
    this.#at++
    while (tokens.word(this.#at) === Word.not || tokens.text(this.#at) === '!') this.#at++
    const kind = tokens.kind(this.#at)
    if (kind === Token.end) return false
    this.#sawBoolean = true
    this.#sawOperator = true
    // A number and another value joined by OR may be prose ("2 or 3"): only a string that was left counts by itself.
    if (this.#broken && this.#boolean < points) {
      this.#count(points - this.#boolean, 'boolean')
      this.#boolean = points
    } else if (!this.#broken && this.#boolean === 0 && this.#left !== 'name' && this.#startsOperand(this.#at)) {
      this.#count(points, 'boolean')
      this.#boolean = points
    }
    this.#left = 'none'
    return false
  }

  #startsOperand(at: number): boolean {
    const kind = this.#tokens.kind(at)
    if (kind === Token.word) return this.#callAt(at)
    return (
      kind === Token.number ||
      kind === Token.string ||
      kind === Token.openString ||
      kind === Token.open ||
      kind === Token.systemVariable
    )
  }

  #comparison(length: number): boolean | undefined {
    if (this.#quotesAnOperator(this.#at)) return undefined
    this.#at += length
    // `!=-1`, `=~`, `==`: what follows is read as an operand.
    this.#compared = this.#left
    this.#isComparing = true
    this.#sawOperator = true
    this.#left = 'none'
    return false
  }

  #wordComparison(): boolean | undefined {
    const tokens = this.#tokens
    const text = tokens.text(this.#at)
    if (this.#quotesAnOperator(this.#at)) return undefined
    if (text === 'is' || text === 'isnull' || text === 'notnull') {
      this.#at++
      if (text === 'is' && tokens.word(this.#at) === Word.not) this.#at++
      if (text === 'is') {
        const value = tokens.text(this.#at)
        if (value !== 'null' && value !== 'true' && value !== 'false') return undefined
        this.#at++
      }
      this.#count(this.#broken || this.#sawBoolean ? 2 : 0, 'comparison')
      return true
    }
    const next = tokens.kind(this.#at + 1)
    // In a sentence a word follows: "like water", "in the", "between us".
    if (next === Token.word && tokens.word(this.#at + 1) === Word.plain && !this.#callAt(this.#at + 1)) {
      if (text === 'in' || text === 'like' || text === 'is') return undefined
    }
    if (text === 'in' && next !== Token.open) return undefined
    return this.#comparison(1)
  }

  /** Scores the comparison that has both its sides now. */
  #finishComparison(): void {
    if (!this.#isComparing) return
    this.#isComparing = false
    const left = this.#compared
    const right = this.#left
    if (left === 'none' || right === 'none' || this.#comparisons > 2) return
    this.#comparisons++
    const isConstant = left === 'constant' && right === 'constant'
    if (this.#broken) this.#count(isConstant ? 3 : 2, isConstant ? 'tautology' : 'comparison')
    else if (isConstant) this.#count(this.#sawBoolean ? 3 : 1, 'tautology')
    else if (this.#sawBoolean && (left === 'call' || right === 'call')) this.#count(1, 'comparison')
  }

  /** UNION SELECT. */
  #setOperation(): boolean | undefined {
    const tokens = this.#tokens
    this.#at++
    const modifier = tokens.text(this.#at)
    const isAll = modifier === 'all' || modifier === 'distinct'
    if (isAll) this.#at++
    const isEnd = tokens.kind(this.#at) === Token.end
    while (tokens.kind(this.#at) === Token.open) this.#at++
    const text = tokens.text(this.#at)
    if (text !== 'select' && text !== 'values' && text !== 'table') {
      // Hidden by comments it needs no more.
      if (isAll && tokens.inlineComments > 0) this.#count(4, 'union')
      return isEnd && this.#broken && tokens.inlineComments > 0 ? true : undefined
    }
    this.#count(3, 'union select')
    if (tokens.inlineComments > 0) this.#count(1, 'comment')
    this.#sawStatement = true
    if (text !== 'select') {
      this.#at++
      return false
    }
    this.#select(this.#at)
    return undefined
  }

  /** ORDER BY 1, HAVING 1=1, LIMIT 1, INTO OUTFILE '…', PROCEDURE ANALYSE(…). */
  #clause(): boolean | undefined {
    const tokens = this.#tokens
    const text = tokens.text(this.#at)
    this.#at++
    if (text === 'order' || text === 'group') {
      if (tokens.text(this.#at) !== 'by') return undefined
      this.#at++
    }
    if (text === 'into') {
      const target = tokens.text(this.#at)
      if (target === 'outfile' || target === 'dumpfile') this.#count(4, 'into outfile')
      return undefined
    }
    if (text === 'procedure') {
      if (tokens.text(this.#at) === 'analyse' && tokens.kind(this.#at + 1) === Token.open)
        this.#count(4, 'procedure analyse')
      return undefined
    }
    const kind = tokens.kind(this.#at)
    this.#sawOperator = true
    this.#sawBoolean = this.#sawBoolean || text === 'having' || text === 'where'
    if (kind === Token.number) {
      const after = tokens.kind(this.#at + 1)
      const isList = after === Token.end || after === Token.comment || after === Token.comma || after === Token.close
      if (isList || after === Token.comparison || after === Token.semicolon)
        this.#count(this.#broken || after !== Token.end ? 4 : 3.5, `${text} clause`)
      return false
    }
    if (this.#broken) this.#count(2, `${text} clause`)
    this.#left = 'none'
    return false
  }

  #separator(): boolean | undefined {
    const tokens = this.#tokens
    this.#at++
    if (this.#broken && tokens.kind(this.#at) === Token.comment) {
      this.#comment(true)
      return undefined
    }
    if (!this.#statement(this.#at) && tokens.word(this.#at) === Word.select) this.#select(this.#at)
    return undefined
  }

  /** Whether a statement starts here, by its first word and what must follow it. */
  #statement(at: number): boolean {
    const tokens = this.#tokens
    const text = tokens.text(at)
    const next = at + 1
    const followers = statementFollowers.get(text)
    let found = false
    if (tokens.word(at) !== Word.statement) found = isSystemName(text) || text.startsWith('master..')
    else if (followers?.has(tokens.text(next))) found = text !== 'load' || tokens.kind(next + 1) === Token.word
    else if (text === 'exec' || text === 'execute') {
      const kind = tokens.kind(next)
      found =
        kind === Token.variable ||
        kind === Token.open ||
        kind === Token.string ||
        isSystemName(this.#nameAt(next)) ||
        this.#nameAt(next).includes('.')
      found ||= this.#broken && kind === Token.word
    } else if (text === 'declare') found = tokens.kind(next) === Token.variable
    else if (text === 'update') found = tokens.kind(next) === Token.word && tokens.text(this.#nameEnd(next)) === 'set'
    else if (text === 'set') found = tokens.kind(next) === Token.variable || tokens.kind(next) === Token.systemVariable
    else if (text === 'if' || text === 'while') {
      found = (tokens.kind(next) === Token.open || this.#callAt(next)) && (this.#broken || this.#sawBoolean)
    } else if (text === 'shutdown' || text === 'truncate') {
      const kind = tokens.kind(next)
      found =
        (this.#broken || kind === Token.comment) &&
        (kind === Token.end || kind === Token.comment || kind === Token.semicolon)
    } else if (text === 'call' || text === 'kill' || text === 'openrowset') found = this.#broken && this.#callAt(next)
    else if (text === 'copy')
      found = tokens.kind(next) === Token.word && (tokens.text(next + 1) === 'from' || tokens.text(next + 1) === 'to')
    else if (text === 'drop')
      found = this.#broken && this.#landing === 'string' && tokens.kind(next + 1) === Token.comment
    if (!found) return false
    this.#count(4, `${text} statement`)
    this.#at = Math.min(next + 1, tokens.count)
    return true
  }

  /** A query from its SELECT on: counts when its list can't be a phrase of English. */
  #select(at: number): void {
    const tokens = this.#tokens
    let i = at + 1
    const modifier = tokens.text(i)
    if (modifier === 'all' || modifier === 'distinct') i++
    if (modifier === 'top' && tokens.kind(i + 1) === Token.number) i += 2
    while (tokens.kind(i) === Token.open) i++
    this.#at = Math.min(i + 1, tokens.count)
    const kind = tokens.kind(i)
    const inUnion = this.#sawStatement
    this.#sawStatement = true
    if (tokens.word(i) === Word.select) {
      this.#count(4, 'subquery')
      return
    }
    if (kind === Token.word && articles.has(tokens.text(i))) return
    if (kind === Token.star || kind === Token.systemVariable || this.#callAt(i) || tokens.word(i) === Word.constant) {
      this.#count(this.#callAt(i) && !inUnion ? this.#callPoints(i) + 2 : 3, 'query')
    } else if (kind === Token.number || kind === Token.string || kind === Token.openString) {
      const after = tokens.kind(i + 1)
      const isProse = kind === Token.number && after === Token.word && tokens.word(i + 1) === Word.plain
      if (!isProse) this.#count(inUnion ? 3 : 2.5, 'query')
    } else if (tokens.word(i) === Word.prefix) this.#count(2, 'query')
    else if (kind === Token.arithmetic || kind === Token.open) this.#count(1, 'query')
    else if (kind !== Token.word && kind !== Token.variable) {
      if (kind === Token.comment) this.#count(1, 'query')
      return
    }
    this.#queryTail(i, inUnion)
  }

  /** Looks at the rest of a query for what makes it one: a list, FROM with a table, WHERE, LIMIT, a comment. */
  #queryTail(from: number, inUnion: boolean): void {
    const tokens = this.#tokens
    const last = Math.min(from + maxTokens, tokens.count)
    let depth = 0
    let words = 0 // of a row without anything between them
    for (let i = from; i < last && this.points < threshold; i++) {
      const kind = tokens.kind(i)
      if (kind === Token.open) depth++
      else if (kind === Token.close && --depth < 0) {
        this.#count(this.#depth > 0 ? 1 : 0, 'subquery')
        return
      }
      if (kind !== Token.word) words = 0
      else if (tokens.word(i) === Word.plain && ++words > 2) return // not even an alias: a sentence
      if (depth > 0) continue
      if (kind === Token.comma) this.#count(inUnion || this.#broken ? 1 : 0.5, 'query')
      else if (kind === Token.comment) this.#count(inUnion || this.#broken ? 2 : 1, 'query')
      else if (kind === Token.dot && this.#broken) this.#count(0.5, 'query')
      else if (kind === Token.word && tokens.word(i) === Word.from) {
        words = 0
        const table = tokens.kind(i + 1)
        if (this.#systemNameAt(i + 1)) this.#count(3, 'system table')
        else if (table === Token.open) this.#count(2, 'subquery')
        else if (table === Token.word && !articles.has(tokens.text(i + 1))) this.#count(this.#broken ? 2 : 1.5, 'query')
        else return
      } else if (kind === Token.word && tokens.word(i) === Word.clause) {
        words = 0
        this.#count(1, 'query')
      } else if (kind === Token.word && tokens.word(i) !== Word.plain) words = 0
    }
  }

  #operand(isFirst: boolean): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    const kind = tokens.kind(at)
    switch (kind) {
      case Token.number:
      case Token.string:
        this.#at++
        this.#left = 'constant'
        return true
      case Token.openString:
        this.#reopened(at)
        return undefined
      case Token.variable:
        this.#at++
        this.#left = 'name'
        return true
      case Token.systemVariable:
        this.#at++
        this.#count(2, 'system variable')
        this.#left = 'call'
        return true
      case Token.open:
        this.#at++
        this.#depth++
        if (tokens.word(this.#at) === Word.select) {
          const before = this.points
          this.#select(this.#at)
          // A query in parentheses is hardly a phrase.
          if (this.points > before && (this.#broken || this.#sawOperator || isFirst)) this.#count(1.5, 'subquery')
          return undefined
        }
        return false
      case Token.close:
        if (this.#depth === 0) return undefined
        this.#at++
        this.#depth--
        this.#left = 'call'
        return true
      case Token.star:
        this.#at++
        return true
      case Token.arithmetic:
        this.#at++
        return false
      case Token.comparison:
      case Token.boolean:
        // `=+`, `||-`, `<>!`: signs in a row, as long as there is a string to leave.
        this.#at++
        return this.#broken ? false : undefined
      case Token.comment:
        this.#comment(false)
        return undefined
      case Token.end:
        return undefined
      case Token.word:
        return this.#wordOperand(isFirst)
      default:
        return undefined
    }
  }

  #wordOperand(isFirst: boolean): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    const word = tokens.word(at)
    if (this.#callAt(at)) return this.#call(at, isFirst)
    switch (word) {
      case Word.constant:
        this.#at++
        this.#left = 'constant'
        return true
      case Word.not:
      case Word.prefix:
        this.#at++
        return false
      case Word.select:
        if (isFirst || this.#depth > 0 || this.#broken) this.#select(at)
        return undefined
      case Word.set:
        return isFirst ? this.#setOperation() : undefined
      case Word.statement:
        this.#statement(at)
        return undefined
      case Word.clause:
        return isFirst ? this.#clause() : undefined
      case Word.joint:
        this.#at++
        return tokens.text(at) === 'end'
      case Word.plain:
        break
      default:
        return undefined
    }
    if (this.#systemNameAt(at)) this.#count(2, 'system table')
    this.#at = this.#nameEnd(at)
    this.#left = 'name'
    return true
  }

  #call(at: number, isFirst: boolean): boolean {
    this.#count(this.#callPoints(at), harmfulFunctions.has(this.#nameAt(at)) ? 'harmful function' : 'function')
    if (this.points >= threshold && isFirst && !this.#broken) {
      // A call alone is only an attack with arguments that a call of SQL has.
      const argument = this.#tokens.kind(this.#nameEnd(at) + 1)
      if (argument === Token.openString || argument === Token.other) this.points = 0
    }
    this.#at = this.#nameEnd(at) + 1
    this.#depth++
    this.#left = 'call'
    const next = this.#tokens.kind(this.#at)
    return next === Token.close
  }

  #callPoints(at: number): number {
    const name = this.#nameAt(at)
    if (harmfulFunctions.has(name)) return 4
    if (tellingFunctions.has(name)) return 2
    if (commonFunctions.has(name)) return this.#broken || this.#sawOperator ? 1.5 : 1
    return this.#broken ? 0.5 : 0
  }

  /** A dotted name: `mysql.user`, `dbms_pipe.receive_message`. */
  #nameAt(at: number): string {
    const end = this.#nameEnd(at)
    if (end === at + 1) return this.#tokens.text(at)
    return this.#tokens.value.slice(this.#tokens.starts[at], this.#tokens.ends[end - 1]).toLowerCase()
  }

  #nameEnd(at: number): number {
    const tokens = this.#tokens
    let i = at + 1
    while (
      i < at + 8 &&
      tokens.kind(i) === Token.dot &&
      (tokens.kind(i + 1) === Token.word || tokens.kind(i + 1) === Token.dot)
    )
      i += 2
    return i
  }

  #callAt(at: number): boolean {
    const tokens = this.#tokens
    return (
      tokens.kind(at) === Token.word &&
      tokens.kind(this.#nameEnd(at)) === Token.open &&
      tokens.word(at) !== Word.boolean &&
      tokens.word(at) !== Word.comparison &&
      tokens.word(at) !== Word.select &&
      tokens.word(at) !== Word.not &&
      tokens.word(at) !== Word.set
    )
  }

  #systemNameAt(at: number): boolean {
    const tokens = this.#tokens
    return tokens.kind(at) === Token.word && (isSystemName(tokens.text(at)) || isSystemName(this.#nameAt(at)))
  }

  /** The end of the value behind a whole operand. */
  #endOfValue(): void {
    this.#finishComparison()
    if (this.#sawBoolean && this.#broken && this.#left === 'constant') this.#count(1, 'boolean')
  }

  /** The rest of the statement is cut off: `admin'--`, `' or 1#`. */
  #comment(isFirst: boolean): void {
    this.#finishComparison()
    const tokens = this.#tokens
    if (!this.#broken) {
      if (this.points > 0 || this.#sawOperator) this.#count(1, 'comment')
      return
    }
    const text = tokens.text(Math.min(this.#at, tokens.count - 1))
    if (isFirst || !this.#sawOperator) {
      if (isShortRest(text)) this.#count(4, 'comment')
    } else this.#count(3, 'comment')
  }

  /** The value ends in a string that it opened itself, so that the quote behind it closes that: `' or 'a'='a`. */
  #reopened(at: number): void {
    const tokens = this.#tokens
    const content = tokens.value.slice((tokens.starts[at] ?? 0) + 1)
    this.#left = 'constant'
    this.#at = at + 1
    if (!this.#sawOperator) return
    const isShort = content.length <= 24 && !content.includes(' ')
    if (!this.#isComparing && !this.#sawBoolean && content !== '') return
    if (!isShort && startsProse(content)) {
      this.points = Math.min(this.points, 1)
      return
    }
    this.#finishComparison()
    this.#count(isShort ? 3 : 2, 'string')
  }

  /**
   * Somebody writes about an operator: "use '=' for". The quotes hug it and the text beside them has spaces, so the
   * quotes open where we took them to close.
   */
  #quotesAnOperator(at: number): boolean {
    const tokens = this.#tokens
    const { value } = tokens
    const start = tokens.starts[at] ?? 0
    const end = tokens.ends[at] ?? 0
    const open = value.charAt(start - 1)
    if ((open !== "'" && open !== '"') || value.charAt(end) !== open) return false
    const before = value.charAt(start - 2)
    const after = value.charAt(end + 1)
    return before === ' ' || before === '(' || after === ' ' || after === ',' || after === '.' || after === ')'
  }
}

/** Of what `--` or `#` cuts off: nothing, a few signs, or one word. A sentence is prose behind a dash. */
function isShortRest(text: string): boolean {
  let words = 0
  let inWord = false
  for (let i = 0; i < text.length && i < 200; i++) {
    const c = text.charCodeAt(i)
    const isLetter = c >= 0x61 && c <= 0x7a
    if (isLetter && !inWord) words++
    inWord = isLetter
  }
  return words <= 2
}

function startsProse(content: string): boolean {
  let words = 0
  for (let i = 0; i < content.length && i < 80; i++) {
    if (content.charCodeAt(i) === 0x20 && (content.charCodeAt(i + 1) | 0x20) >= 0x61) words++
  }
  return words > 0
}
