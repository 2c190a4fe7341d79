// Follows SQL grammar from a place where a value may break out, and adds up what shows that it does: each piece of
// structure that a plain value has no use for counts, and text that is no SQL ends the reading at once. Prose seldom
// gets past its second word.

import { callWeight, isCall, isHarmfulCall, isSystemAt, nameAt, nameEnd } from './sql-names.ts'
import { isShortRest, quotesAnOperator, soundsLikeProse } from './sql-prose.ts'
import { queryPoints } from './sql-query.ts'
import { isStatement } from './sql-statement.ts'
import { type SqlTokens, Token } from './sql-tokens.ts'
import { articles, harmfulFunctions, tellingConstants, Word } from './sql-words.ts'

/**
 * Where the value lands: in a string that its first quote closes, behind an operand that was there before it, or as an
 * expression of its own.
 */
export type Landing = 'string' | 'operand' | 'expression'

/** From here on it is an injection. */
const threshold = 4

/** Tokens followed from one place; attackers may pad, so the limit is what keeps the detector linear. */
const maxTokens = 160

type Operand = 'none' | 'constant' | 'name' | 'call'

export class SqlStructure {
  /** What counted most, for the report. */
  reason = ''
  /** End of the fragment that counted. */
  end = 0

  readonly #tokens: SqlTokens
  #points = 0
  #at = 0
  #broken = false
  #isFirst = true
  #sawBoolean = false
  #sawOperator = false
  #inQuery = false
  #boolean = 0
  #comparisons = 0
  #best = 0
  #left: Operand = 'none'
  #leftName = -1
  #compared: Operand = 'none'
  #comparedName = -1
  #isComparing = false
  /** Behind IN: the parenthesis holds a list of constants. */
  #isList = false
  #depth = 0

  constructor(tokens: SqlTokens) {
    this.#tokens = tokens
  }

  /** Reads from `at` on; true when it found an injection. */
  follow(at: number, landing: Landing): boolean {
    this.#points = 0
    this.reason = ''
    this.#at = at
    this.#broken = landing === 'string'
    this.#sawBoolean = false
    this.#sawOperator = false
    this.#inQuery = false
    this.#boolean = 0
    this.#comparisons = 0
    this.#best = 0
    this.#left = landing === 'expression' ? 'none' : 'constant'
    this.#leftName = -1
    this.#isComparing = false
    this.#isList = false
    this.#depth = 0
    this.#isFirst = true
    const last = Math.min(at + maxTokens, this.#tokens.count + 1)
    let behind = landing !== 'expression'
    while (this.#at < last && this.#points < threshold) {
      const next = behind ? this.#behindOperand() : this.#operand()
      this.#isFirst = false
      if (next === undefined) break
      behind = next
    }
    const end = Math.max(at, Math.min(this.#at, this.#tokens.count - 1))
    this.end = this.#tokens.ends[end] ?? 0
    return this.#points >= threshold
  }

  #count(points: number, reason: string): void {
    this.#points += points
    if (points > this.#best) {
      this.#best = points
      this.reason = reason
    }
  }

  /** @returns whether what comes next stands behind an operand; undefined when this is no SQL, or its end. */
  #behindOperand(): boolean | undefined {
    const tokens = this.#tokens
    switch (tokens.kind(this.#at)) {
      case Token.end:
        this.#endOfValue()
        return undefined
      case Token.comment:
        this.#comment(this.#isFirst)
        return undefined
      case Token.close:
        this.#at++
        // Closing what the value did not open reaches out of it.
        if (this.#depth > 0) this.#depth--
        else if (this.#broken || tokens.word(this.#at) === Word.boolean) this.#count(1, 'parenthesis')
        this.#left = this.#isList ? 'constant' : 'call'
        this.#isList = false
        return true
      case Token.comma:
        this.#finishComparison()
        this.#at++
        return false
      case Token.comparison:
        return this.#comparison()
      case Token.boolean:
        return this.#sign()
      case Token.arithmetic:
      case Token.star:
        return this.#arithmetic()
      case Token.semicolon:
        this.#finishComparison()
        return this.#separator()
      case Token.word:
        return this.#wordBehind()
      case Token.open:
        return this.#appended()
      case Token.dot: // a cast of PostgreSQL: 1::text
        this.#at += tokens.kind(this.#at + 1) === Token.word ? 2 : 1
        return true
      case Token.string:
        // MySQL joins strings that stand side by side.
        if (tokens.kind(this.#at - 1) !== Token.string && !(this.#isFirst && this.#broken)) return undefined
        this.#at++
        return true
      default:
        return undefined
    }
  }

  #endOfValue(): void {
    this.#finishComparison()
    if (!this.#sawBoolean) return
    if (this.#broken && this.#left === 'constant') this.#count(1, 'boolean')
    // Words that empty comments part are not written by anybody else.
    if (this.#tokens.emptyComments > 1) this.#count(3, 'comment')
  }

  #wordBehind(): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    switch (tokens.word(at)) {
      case Word.boolean:
        return this.#connector()
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
        if (isSystemAt(tokens, this.#at)) this.#count(3, 'system table')
        return articles.has(tokens.text(this.#at)) ? undefined : false
      case Word.joint:
        if (!this.#inQuery && !this.#sawOperator && !this.#broken) return undefined
        this.#finishComparison()
        return this.#joint()
      case Word.statement:
        // SQL Server runs statements that nothing separates.
        if (isStatement(tokens, at, this.#broken ? 'broken' : 'separated')) {
          this.#statement(this.#broken || tokens.text(at) === 'waitfor' ? 4 : 3)
        }
        return undefined
      case Word.select:
        this.#query(at, this.#broken ? 'broken' : 'free')
        return undefined
    }
    return this.#appended()
  }

  #joint(): boolean {
    const text = this.#tokens.text(this.#at)
    this.#at++
    return text === 'asc' || text === 'desc' || text === 'end' || text === 'rows' || text === 'last' || text === 'first'
  }

  /**
   * Something without an operator before it. A decoder may have made a space of a plus, so a query or a call in
   * this place counts; an alias is only expected within a query.
   */
  #appended(): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    if (tokens.kind(at) === Token.open) {
      let i = at
      while (tokens.kind(i) === Token.open || tokens.word(i) === Word.prefix) i++
      if (tokens.word(i) !== Word.select) return undefined
      this.#query(i, this.#broken ? 'broken' : 'free')
      this.#count(1.5, 'subquery')
      return undefined
    }
    if (isCall(tokens, at) && (this.#broken || this.#inQuery)) {
      if (callWeight(nameAt(tokens, at)) === 0) return undefined
      this.#call(at)
      return tokens.kind(this.#at) === Token.close
    }
    if (!this.#inQuery) return undefined
    this.#at = nameEnd(tokens, at)
    return true
  }

  /** && || & | ^ */
  #sign(): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    const isSingle = (tokens.ends[at] ?? 0) - (tokens.starts[at] ?? 0) === 1
    // A query string goes on behind the value: `5"&page=1`.
    const isSeparator =
      isSingle &&
      tokens.text(at) === '&' &&
      tokens.kind(at + 1) === Token.word &&
      tokens.kind(at + 2) === Token.comparison
    if (isSeparator) return undefined
    return isSingle && !this.#broken ? this.#arithmetic() : this.#connector()
  }

  #arithmetic(): boolean | undefined {
    if (quotesAnOperator(this.#tokens, this.#at)) return undefined
    this.#at++
    this.#sawOperator = true
    if (this.#broken && this.#boolean === 0) {
      this.#boolean = 0.5
      this.#count(0.5, 'operator')
    }
    return false
  }

  /** AND, OR, || and the like. */
  #connector(): boolean | undefined {
    const tokens = this.#tokens
    if (quotesAnOperator(tokens, this.#at)) return undefined
    this.#finishComparison()
    this.#at++
    while (tokens.word(this.#at) === Word.not || tokens.text(this.#at) === '!') this.#at++
    if (tokens.kind(this.#at) === Token.end) return undefined
    this.#sawBoolean = true
    this.#sawOperator = true
    // "2 or 3" may be prose: outside of a string it takes two values that are no words.
    if (this.#boolean < 1 && (this.#broken || (this.#left !== 'name' && this.#startsValue(this.#at)))) {
      this.#count(1 - this.#boolean, 'boolean')
      this.#boolean = 1
    }
    this.#left = 'none'
    return false
  }

  #startsValue(at: number): boolean {
    const tokens = this.#tokens
    const kind = tokens.kind(at)
    if (kind === Token.word)
      return isCall(tokens, at) || tokens.word(at) === Word.constant || tokens.word(at) === Word.prefix
    return (
      kind === Token.number ||
      kind === Token.string ||
      kind === Token.openString ||
      kind === Token.open ||
      kind === Token.systemVariable
    )
  }

  #comparison(): boolean | undefined {
    if (quotesAnOperator(this.#tokens, this.#at)) return undefined
    this.#at++
    this.#compared = this.#left
    this.#comparedName = this.#leftName
    this.#isComparing = true
    this.#sawOperator = true
    this.#left = 'none'
    return false
  }

  #wordComparison(): boolean | undefined {
    const tokens = this.#tokens
    const text = tokens.text(this.#at)
    if (quotesAnOperator(tokens, this.#at)) return undefined
    if (text === 'is') {
      this.#at++
      if (tokens.word(this.#at) === Word.not) this.#at++
      if (tokens.word(this.#at) !== Word.constant) return undefined
      this.#at++
      this.#count(this.#broken || this.#sawBoolean ? 2 : 0, 'comparison')
      return true
    }
    if (text === 'sounds') this.#at++
    const next = this.#at + 1
    // In a sentence a word follows: "like water", "in the", "between us".
    if (tokens.kind(next) === Token.word && tokens.word(next) === Word.plain && !isCall(tokens, next)) return undefined
    if ((text === 'in' || text === 'against') && tokens.kind(next) !== Token.open) return undefined
    this.#isList = text === 'in' && tokens.kind(next + 1) === Token.string
    return this.#comparison()
  }

  /** Scores the comparison that has both its sides now. */
  #finishComparison(): void {
    if (!this.#isComparing) return
    this.#isComparing = false
    const left = this.#compared
    const right = this.#left
    if (left === 'none' || right === 'none' || this.#comparisons > 2) return
    this.#comparisons++
    const tokens = this.#tokens
    const isSameName =
      left === 'name' && right === 'name' && tokens.text(this.#comparedName) === tokens.text(this.#leftName)
    const isTautology = (left === 'constant' && right === 'constant') || isSameName
    if (this.#broken) this.#count(isTautology ? 3 : 2, isTautology ? 'tautology' : 'comparison')
    else if (isTautology && this.#sawBoolean) this.#count(this.#boolean > 0 ? 3 : 4, 'tautology')
    else if (isTautology && !isSameName) this.#count(1, 'tautology')
    else if (this.#sawBoolean && (left === 'call' || right === 'call')) this.#count(1, 'comparison')
  }

  /** UNION SELECT. */
  #setOperation(): boolean | undefined {
    const tokens = this.#tokens
    this.#at++
    let isAll = false
    while (tokens.text(this.#at) === 'all' || tokens.text(this.#at) === 'distinct') {
      isAll = true
      this.#at++
    }
    const isOpen = tokens.kind(this.#at) === Token.open
    while (tokens.kind(this.#at) === Token.open) this.#at++
    const text = tokens.text(this.#at)
    if (text === 'select') {
      this.#count(isOpen ? 3.5 : 3, 'union select')
      if (tokens.inlineComments > 0) this.#count(1, 'comment')
      this.#query(this.#at, 'union')
    } else if (isAll && tokens.inlineComments > 0) this.#count(4, 'union')
    else if (isAll && isCall(tokens, this.#at) && text.startsWith('select')) this.#count(3, 'union select')
    return undefined
  }

  /** ORDER BY 1, HAVING 1=1, LIMIT 1, INTO OUTFILE '…', PROCEDURE ANALYSE(…). */
  #clause(): boolean | undefined {
    const tokens = this.#tokens
    const text = tokens.text(this.#at)
    this.#at++
    const next = tokens.text(this.#at)
    if (text === 'order' || text === 'group') {
      if (next !== 'by') return undefined
      this.#at++
    } else if (text === 'into' || text === 'procedure') {
      const isFile = (next === 'outfile' || next === 'dumpfile') && tokens.kind(this.#at + 1) !== Token.other
      if (isFile || next === 'analyse') this.#count(4, `${text} ${next}`)
      return undefined
    }
    this.#sawOperator = true
    this.#sawBoolean = this.#sawBoolean || text === 'having' || text === 'where'
    this.#left = 'none'
    if (tokens.kind(this.#at) === Token.number) {
      const after = tokens.kind(this.#at + 1)
      const isListed =
        after === Token.comment ||
        after === Token.comma ||
        after === Token.close ||
        after === Token.comparison ||
        after === Token.semicolon
      if (isListed || (this.#broken && after === Token.end)) this.#count(4, `${text} clause`)
      else if (after === Token.end) this.#count(tokens.kind(this.#at - 3) === Token.number ? 4 : 3.5, `${text} clause`)
    } else if (this.#broken) this.#count(2, `${text} clause`)
    else if (isCall(tokens, this.#at) && callWeight(nameAt(tokens, this.#at)) > 0) this.#count(2, `${text} clause`)
    return false
  }

  /** A semicolon: the next statement, or the comment that cuts off the rest. */
  #separator(): boolean | undefined {
    const tokens = this.#tokens
    const before = tokens.kind(this.#at - 1)
    this.#at++
    if (this.#broken && tokens.kind(this.#at) === Token.comment) {
      this.#comment(true)
      return undefined
    }
    if (isStatement(tokens, this.#at, this.#broken ? 'broken' : 'separated')) this.#statement(4)
    else if (tokens.word(this.#at) === Word.select) {
      if (this.#broken || before === Token.number || before === Token.string || before === Token.close)
        this.#count(2, 'statement')
      this.#query(this.#at, this.#broken ? 'broken' : 'free')
    } else if (tokens.kind(this.#at) === Token.open) return false
    return undefined
  }

  #statement(points: number): void {
    this.#count(points, `${this.#tokens.text(this.#at)} statement`)
    this.#at = Math.min(this.#at + 1, this.#tokens.count)
  }

  #query(at: number, place: 'union' | 'broken' | 'free' | 'whole'): void {
    this.#count(queryPoints(this.#tokens, at, place), 'query')
    this.#at = Math.min(at + 1, this.#tokens.count)
  }

  #operand(): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    switch (tokens.kind(at)) {
      case Token.number:
        if (this.#sawOperator && tokens.text(at).startsWith('0x')) this.#count(0.5, 'hexadecimal')
        this.#at++
        this.#left = 'constant'
        return true
      case Token.string:
        this.#at++
        this.#left = 'constant'
        return true
      case Token.openString:
        this.#reopened(at)
        return undefined
      case Token.variable:
        this.#at++
        this.#left = 'call'
        return true
      case Token.systemVariable:
        this.#at++
        this.#count(2, 'system variable')
        this.#left = 'call'
        return true
      case Token.open:
        return this.#parenthesis()
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
        // A value that starts with a slash is a path.
        if (this.#isFirst && tokens.text(at) === '/') return undefined
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
      case Token.word:
        return this.#wordOperand()
      default:
        return undefined
    }
  }

  #parenthesis(): boolean | undefined {
    const tokens = this.#tokens
    const isStart = this.#isFirst
    this.#at++
    this.#depth++
    let i = this.#at
    while (tokens.word(i) === Word.prefix && tokens.kind(i + 1) === Token.open) i += 2
    if (tokens.word(i) !== Word.select) return false
    const before = this.#points
    this.#query(i, this.#broken ? 'broken' : 'free')
    // A query in parentheses is hardly a phrase.
    if (this.#points > before && (this.#broken || this.#sawOperator || isStart || this.#depth > 1))
      this.#count(1.5, 'subquery')
    return undefined
  }

  #wordOperand(): boolean | undefined {
    const tokens = this.#tokens
    const at = this.#at
    if (isCall(tokens, at) || (tokens.word(at) === Word.comparison && tokens.kind(at + 1) === Token.open)) {
      this.#call(at)
      return tokens.kind(this.#at) === Token.close
    }
    switch (tokens.word(at)) {
      case Word.constant:
        this.#at++
        this.#left = 'constant'
        if (this.#sawOperator && tellingConstants.has(tokens.text(at))) this.#count(3, 'function')
        return true
      case Word.not:
      case Word.prefix:
        this.#at++
        return false
      case Word.select:
        if (this.#isFirst) this.#query(at, 'whole')
        else if (this.#depth > 0 || this.#broken) this.#query(at, this.#broken ? 'broken' : 'free')
        return undefined
      case Word.set:
        return this.#setOperation()
      case Word.statement:
        if (isStatement(tokens, at, this.#isFirst ? 'start' : this.#broken ? 'broken' : 'separated')) this.#statement(4)
        return undefined
      case Word.clause:
        return this.#isFirst ? this.#clause() : undefined
      case Word.joint:
        this.#at++
        return tokens.text(at) === 'end' || tokens.text(at) === 'desc' || tokens.text(at) === 'asc'
      case Word.plain:
        break
      default:
        return undefined
    }
    if (isSystemAt(tokens, at)) this.#count(2, 'system table')
    else if (this.#broken && nameEnd(tokens, at) > at + 1 && harmfulFunctions.has(nameAt(tokens, at)))
      this.#count(4, 'harmful function')
    else if (this.#isComparing && this.#compared === 'constant' && tokens.text(at) === 'user')
      this.#count(1, 'function')
    this.#at = nameEnd(tokens, at)
    this.#left = 'name'
    this.#leftName = at
    return true
  }

  #call(at: number): void {
    const tokens = this.#tokens
    const argument = nameEnd(tokens, at) + 1
    const weight = callWeight(nameAt(tokens, at))
    const isAlone = this.#isFirst && !this.#broken
    // "sleep(8 hours) is the best medicine"
    const isProse = isAlone && tokens.kind(argument) === Token.number && tokens.kind(argument + 1) === Token.word
    if (weight === 1) this.#count(this.#broken || this.#sawOperator ? 1.5 : 1, 'function')
    else if (weight === 2) this.#count(this.#isComparing ? 4 : 2, 'function')
    else if (weight === 4) this.#count(isProse || !this.#isHarmful(at, argument) ? 0 : 4, 'harmful function')
    else if (this.#broken) this.#count(0.5, 'function')
    this.#at = Math.min(argument, tokens.count)
    this.#depth++
    this.#left = 'call'
  }

  /** The argument of a call alone must be one: `sleep(` in a text about code is often followed by none. */
  #isHarmful(at: number, argument: number): boolean {
    const tokens = this.#tokens
    if (!isHarmfulCall(tokens, at)) return false
    if (!this.#isFirst || this.#broken) return true
    const kind = tokens.kind(argument)
    return kind !== Token.close && kind !== Token.end && kind !== Token.other && kind !== Token.openString
  }

  /** The rest of the statement is cut off: `admin'--`, `' or 1#`. */
  #comment(isFirst: boolean): void {
    this.#finishComparison()
    if (!this.#broken) {
      if (this.#points > 0 || this.#sawOperator) this.#count(1, 'comment')
      return
    }
    if (!isFirst && this.#sawOperator) this.#count(3, 'comment')
    else if (isShortRest(this.#tokens, this.#tokens.count - 1)) this.#count(4, 'comment')
  }

  /** The value ends in a string that it opened itself, so that the quote behind it closes that: `' or 'a'='a`. */
  #reopened(at: number): void {
    const tokens = this.#tokens
    const content = tokens.value.slice((tokens.starts[at] ?? 0) + 1)
    this.#left = 'constant'
    this.#at = at + 1
    if (!this.#sawOperator) return
    if (!this.#isComparing && !this.#sawBoolean && content !== '') return
    if (soundsLikeProse(content)) {
      this.#points = Math.min(this.#points, 1)
      return
    }
    const wasComparing = this.#isComparing
    this.#finishComparison()
    const isWord = !wasComparing && content.length > 2 && !/\d/.test(content)
    this.#count(isWord ? 2 : 3, 'string')
  }
}
