// What may stand behind an operand: operators, comparisons, clauses, another query or statement, or the end. Each
// function reads on and returns whether the next token stands behind an operand again; undefined ends the reading.

import { callWeight, isCall, isSystemAt, nameAt } from './sql-names.ts'
import { quotesAnOperator } from './sql-prose.ts'
import type { SqlReader } from './sql-reader.ts'
import { isStatement } from './sql-statement.ts'
import { Token } from './sql-tokens.ts'
import { articles, Word } from './sql-words.ts'

/** @returns whether what comes next stands behind an operand; undefined when this is no SQL, or its end. */
export function behindOperand(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  switch (tokens.kind(reader.at)) {
    case Token.end:
      reader.endOfValue()
      return undefined
    case Token.comment:
      reader.comment(reader.isFirst)
      return undefined
    case Token.close:
      reader.at++
      // Closing what the value did not open reaches out of it.
      if (reader.depth === 0 && (reader.broken || tokens.word(reader.at) === Word.boolean))
        reader.count(1, 'parenthesis')
      reader.close()
      return true
    case Token.comma:
      reader.finishComparison()
      reader.at++
      return false
    case Token.comparison:
      return comparison(reader)
    case Token.boolean:
      return sign(reader)
    case Token.arithmetic:
    case Token.star:
      return arithmetic(reader)
    case Token.semicolon:
      reader.finishComparison()
      return separator(reader)
    case Token.word:
      return wordBehind(reader)
    case Token.open:
      return appended(reader)
    case Token.dot: // a cast of PostgreSQL: 1::text
      reader.at += tokens.kind(reader.at + 1) === Token.word ? 2 : 1
      return true
    case Token.string:
      // MySQL joins strings that stand side by side.
      if (tokens.kind(reader.at - 1) !== Token.string && !(reader.isFirst && reader.broken)) return undefined
      reader.at++
      return true
    default:
      return undefined
  }
}

function wordBehind(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const at = reader.at
  switch (tokens.word(at)) {
    case Word.boolean:
      return connector(reader)
    case Word.comparison:
      return wordComparison(reader)
    case Word.not:
      reader.at++
      return tokens.word(reader.at) === Word.comparison ? wordComparison(reader) : undefined
    case Word.arithmetic:
      reader.at++
      reader.sawOperator = true
      return false
    case Word.set:
      reader.finishComparison()
      return setOperation(reader)
    case Word.clause:
      reader.finishComparison()
      return clause(reader)
    case Word.from:
      reader.at++
      reader.finishComparison()
      if (isSystemAt(tokens, reader.at)) reader.count(3, 'system table')
      return articles.has(tokens.text(reader.at)) ? undefined : false
    case Word.joint:
      if (!reader.sawOperator && !reader.broken) return undefined
      reader.finishComparison()
      return joint(reader)
    case Word.statement:
      // SQL Server runs statements that nothing separates.
      if (isStatement(tokens, at, reader.broken ? 'broken' : 'separated')) {
        reader.statement(reader.broken || tokens.text(at) === 'waitfor' ? 4 : 3)
      }
      return undefined
    case Word.select:
      reader.query(at, reader.broken ? 'broken' : 'free')
      return undefined
  }
  return appended(reader)
}

function joint(reader: SqlReader): boolean {
  const text = reader.tokens.text(reader.at)
  reader.at++
  return text === 'asc' || text === 'desc' || text === 'end' || text === 'rows' || text === 'last' || text === 'first'
}

/**
 * Something without an operator before it. A decoder may have made a space of a plus, so a query or a call in
 * this place counts.
 */
function appended(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const at = reader.at
  if (tokens.kind(at) === Token.open) {
    let i = at
    while (tokens.kind(i) === Token.open || tokens.word(i) === Word.prefix) i++
    if (tokens.word(i) !== Word.select) return undefined
    reader.query(i, reader.broken ? 'broken' : 'free')
    reader.count(1.5, 'subquery')
    return undefined
  }
  if (isCall(tokens, at) && reader.broken) {
    if (callWeight(nameAt(tokens, at)) === 0) return undefined
    reader.call(at)
    return tokens.kind(reader.at) === Token.close
  }
  return undefined
}

/** && || & | ^ */
function sign(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const at = reader.at
  const isSingle = (tokens.ends[at] ?? 0) - (tokens.starts[at] ?? 0) === 1
  // A query string goes on behind the value: `5"&page=1`.
  const isSeparator =
    isSingle &&
    tokens.text(at) === '&' &&
    tokens.kind(at + 1) === Token.word &&
    tokens.kind(at + 2) === Token.comparison
  if (isSeparator) return undefined
  return isSingle && !reader.broken ? arithmetic(reader) : connector(reader)
}

function arithmetic(reader: SqlReader): boolean | undefined {
  if (quotesAnOperator(reader.tokens, reader.at)) return undefined
  reader.at++
  reader.sawOperator = true
  if (reader.broken && reader.boolean === 0) {
    reader.boolean = 0.5
    reader.count(0.5, 'operator')
  }
  return false
}

/** AND, OR, || and the like. */
function connector(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  if (quotesAnOperator(tokens, reader.at)) return undefined
  reader.finishComparison()
  reader.at++
  while (tokens.word(reader.at) === Word.not || tokens.text(reader.at) === '!') reader.at++
  if (tokens.kind(reader.at) === Token.end) return undefined
  reader.sawBoolean = true
  reader.sawOperator = true
  // "2 or 3" may be prose: outside of a string it takes two values that are no words.
  if (reader.boolean < 1 && (reader.broken || (reader.left !== 'name' && startsValue(reader, reader.at)))) {
    reader.count(1 - reader.boolean, 'boolean')
    reader.boolean = 1
  }
  reader.left = 'none'
  return false
}

function startsValue(reader: SqlReader, at: number): boolean {
  const tokens = reader.tokens
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

function comparison(reader: SqlReader): boolean | undefined {
  if (quotesAnOperator(reader.tokens, reader.at)) return undefined
  reader.at++
  reader.compared = reader.left
  reader.comparedName = reader.leftName
  reader.isComparing = true
  reader.comparedDepth = reader.depth
  reader.sawOperator = true
  reader.left = 'none'
  return false
}

function wordComparison(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const text = tokens.text(reader.at)
  if (quotesAnOperator(tokens, reader.at)) return undefined
  if (text === 'is') {
    reader.at++
    if (tokens.word(reader.at) === Word.not) reader.at++
    if (tokens.word(reader.at) !== Word.constant) return undefined
    reader.at++
    reader.count(reader.broken || reader.sawBoolean ? 2 : 0, 'comparison')
    return true
  }
  if (text === 'sounds') reader.at++
  const next = reader.at + 1
  // In a sentence a word follows: "like water", "in the", "between us".
  if (tokens.kind(next) === Token.word && tokens.word(next) === Word.plain && !isCall(tokens, next)) return undefined
  if ((text === 'in' || text === 'against') && tokens.kind(next) !== Token.open) return undefined
  reader.isList = text === 'in' && tokens.kind(next + 1) === Token.string
  return comparison(reader)
}

/** UNION SELECT. */
export function setOperation(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  reader.at++
  let isAll = false
  while (tokens.text(reader.at) === 'all' || tokens.text(reader.at) === 'distinct') {
    isAll = true
    reader.at++
  }
  const isOpen = tokens.kind(reader.at) === Token.open
  while (tokens.kind(reader.at) === Token.open) reader.at++
  const text = tokens.text(reader.at)
  if (text === 'values' && tokens.kind(reader.at + 1) === Token.open) reader.count(4, 'union values')
  else if (text === 'select') {
    reader.count(isOpen ? 3.5 : 3, 'union select')
    if (tokens.inlineComments > 0) reader.count(1, 'comment')
    reader.query(reader.at, 'union')
  } else if (isAll && tokens.inlineComments > 0) reader.count(4, 'union')
  else if (isAll && isCall(tokens, reader.at) && text.startsWith('select')) reader.count(3, 'union select')
  return undefined
}

/** ORDER BY 1, HAVING 1=1, LIMIT 1, INTO OUTFILE '…', PROCEDURE ANALYSE(…). */
export function clause(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const text = tokens.text(reader.at)
  reader.at++
  const next = tokens.text(reader.at)
  if (text === 'order' || text === 'group') {
    if (next !== 'by') return undefined
    reader.at++
  } else if (text === 'into' || text === 'procedure') {
    const isFile = (next === 'outfile' || next === 'dumpfile') && tokens.kind(reader.at + 1) !== Token.other
    if (isFile || next === 'analyse') reader.count(4, `${text} ${next}`)
    return undefined
  }
  reader.sawOperator = true
  reader.sawBoolean = reader.sawBoolean || text === 'having' || text === 'where'
  reader.left = 'none'
  if (tokens.kind(reader.at) === Token.number) {
    const after = tokens.kind(reader.at + 1)
    const isListed =
      after === Token.comment ||
      after === Token.comma ||
      after === Token.close ||
      after === Token.comparison ||
      after === Token.semicolon
    if (isListed || (reader.broken && after === Token.end)) reader.count(4, `${text} clause`)
    else if (after === Token.end) reader.count(tokens.kind(reader.at - 3) === Token.number ? 4 : 3.5, `${text} clause`)
  } else if (reader.broken) reader.count(2, `${text} clause`)
  else if (isCall(tokens, reader.at) && callWeight(nameAt(tokens, reader.at)) > 0) reader.count(2, `${text} clause`)
  return false
}

/** A semicolon: the next statement, or the comment that cuts off the rest. */
function separator(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const before = tokens.kind(reader.at - 1)
  reader.at++
  if (reader.broken && tokens.kind(reader.at) === Token.comment) {
    reader.comment(true)
    return undefined
  }
  if (isStatement(tokens, reader.at, reader.broken ? 'broken' : 'separated')) reader.statement(4)
  else if (tokens.word(reader.at) === Word.select) {
    if (reader.broken || before === Token.number || before === Token.string || before === Token.close)
      reader.count(2, 'statement')
    reader.query(reader.at, reader.broken ? 'broken' : 'free')
  } else if (tokens.kind(reader.at) === Token.open) return false
  return undefined
}
