// What may stand where SQL wants an operand: a constant, a name, a call, a parenthesis, a query. As in sql-behind.ts,
// the result tells what comes next.

import { clause, setOperation } from './sql-behind.ts'
import { isCall, isSystemAt, nameAt, nameEnd } from './sql-names.ts'
import type { SqlReader } from './sql-reader.ts'
import { isStatement } from './sql-statement.ts'
import { Token } from './sql-tokens.ts'
import { harmfulFunctions, tellingConstants, Word } from './sql-words.ts'

export function operand(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const at = reader.at
  switch (tokens.kind(at)) {
    case Token.number:
      if (reader.sawOperator && tokens.text(at).startsWith('0x')) reader.count(0.5, 'hexadecimal')
      reader.at++
      reader.left = 'constant'
      return true
    case Token.string:
      reader.at++
      reader.left = 'constant'
      return true
    case Token.openString:
      reader.reopened(at)
      return undefined
    case Token.variable:
      reader.at++
      reader.left = 'call'
      return true
    case Token.systemVariable:
      reader.at++
      reader.count(2, 'system variable')
      reader.left = 'call'
      return true
    case Token.open:
      return parenthesis(reader)
    case Token.close:
      if (reader.depth === 0) return undefined
      reader.at++
      reader.close()
      return true
    case Token.star:
      reader.at++
      return true
    case Token.arithmetic:
      // A value that starts with a slash is a path.
      if (reader.isFirst && tokens.text(at) === '/') return undefined
      reader.at++
      return false
    case Token.comparison:
    case Token.boolean:
      // `=+`, `||-`, `<>!`: signs in a row, as long as there is a string to leave.
      reader.at++
      return reader.broken ? false : undefined
    case Token.comment:
      reader.comment(false)
      return undefined
    case Token.word:
      return wordOperand(reader)
    default:
      return undefined
  }
}

function parenthesis(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const isStart = reader.isFirst
  reader.at++
  reader.open(false)
  let i = reader.at
  while (tokens.word(i) === Word.prefix && tokens.kind(i + 1) === Token.open) i += 2
  if (tokens.word(i) !== Word.select) return false
  const before = reader.points
  reader.query(i, reader.broken ? 'broken' : 'free')
  // A query in parentheses is hardly a phrase.
  if (reader.points > before && (reader.broken || reader.sawOperator || isStart || reader.depth > 1))
    reader.count(1.5, 'subquery')
  return undefined
}

function wordOperand(reader: SqlReader): boolean | undefined {
  const tokens = reader.tokens
  const at = reader.at
  if (isCall(tokens, at) || (tokens.word(at) === Word.comparison && tokens.kind(at + 1) === Token.open)) {
    reader.call(at)
    return tokens.kind(reader.at) === Token.close
  }
  switch (tokens.word(at)) {
    case Word.constant:
      reader.at++
      reader.left = 'constant'
      if (reader.sawOperator && tellingConstants.has(tokens.text(at))) reader.count(3, 'function')
      return true
    case Word.not:
    case Word.prefix:
      reader.at++
      return false
    case Word.select:
      if (reader.isFirst) reader.query(at, 'whole')
      else if (reader.depth > 0 || reader.broken) reader.query(at, reader.broken ? 'broken' : 'free')
      return undefined
    case Word.set:
      return setOperation(reader)
    case Word.statement:
      if (isStatement(tokens, at, reader.isFirst ? 'start' : reader.broken ? 'broken' : 'separated'))
        reader.statement(4)
      return undefined
    case Word.clause:
      return reader.isFirst ? clause(reader) : undefined
    case Word.joint:
      reader.at++
      return tokens.text(at) === 'end' || tokens.text(at) === 'desc' || tokens.text(at) === 'asc'
    case Word.plain:
      break
    default:
      return undefined
  }
  if (isSystemAt(tokens, at)) reader.count(2, 'system table')
  else if (reader.broken && nameEnd(tokens, at) > at + 1 && harmfulFunctions.has(nameAt(tokens, at)))
    reader.count(4, 'harmful function')
  else if (reader.isComparing && reader.compared === 'constant' && tokens.text(at) === 'user')
    reader.count(1, 'function')
  reader.at = nameEnd(tokens, at)
  reader.left = 'name'
  reader.leftName = at
  return true
}
