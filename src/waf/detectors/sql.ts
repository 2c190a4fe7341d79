// detectSql: whether a value would change the structure of an SQL statement that takes it in unprepared. The value is
// read in the places where it may land: inside single quotes, inside double quotes, and as an expression.

import type { ByteString } from '../../lib/bytes.ts'
import { SqlStructure } from './sql-structure.ts'
import { SqlTokens, Token } from './sql-tokens.ts'
import { Word } from './sql-words.ts'
import type { Detection } from './types.ts'

const tokens = new SqlTokens()
const structure = new SqlStructure(tokens)

export function detectSql(value: ByteString): Detection | undefined {
  const marks = scan(value)
  if (marks === 0) return undefined
  if ((marks & singleQuote) !== 0) {
    const found = insideString(value, "'")
    if (found) return found
  }
  if ((marks & doubleQuote) !== 0) {
    const found = insideString(value, '"')
    if (found) return found
  }
  return asExpression(value)
}

const singleQuote = 1
const doubleQuote = 2
const anything = 4

/** Which readings can find something at all. Most values are one word or one number and are done here. */
function scan(value: ByteString): number {
  let marks = 0
  let spaces = 0
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c === 0x27) marks |= singleQuote | anything
    else if (c === 0x22) marks |= doubleQuote | anything
    else if (c <= 0x20) spaces++
    else if (c < 0x30 && c !== 0x2d && c !== 0x2e) marks |= anything
    else if (
      c === 0x3b ||
      c === 0x3d ||
      c === 0x3c ||
      c === 0x3e ||
      c === 0x7c ||
      c === 0x5e ||
      c === 0x40 ||
      c === 0x60
    )
      marks |= anything
    else if (c === 0xa0 || (c === 0x2d && value.charCodeAt(i + 1) === 0x2d)) marks |= anything
  }
  return marks === 0 && spaces > 0 ? anything : marks
}

/** The first quote closes the string; what follows must be SQL from there to its end. */
function insideString(value: ByteString, quote: string): Detection | undefined {
  let at = value.indexOf(quote)
  // A doubled quote stands for itself.
  while (at >= 0 && value.charAt(at + 1) === quote && value.charAt(at + 2) !== quote) at = value.indexOf(quote, at + 2)
  if (at < 0) return undefined
  tokens.read(value, at + 1)
  if (structure.follow(0, 'string', true)) return { reason: structure.reason, start: at, end: structure.end }
  if (isWrapped(value, at)) return { reason: 'operators around', start: at, end: value.length }
  return undefined
}

/** `' + anything + '`: both ends join the value to the strings around it, so that it is code whatever it says. */
function isWrapped(value: ByteString, at: number): boolean {
  const last = tokens.count - 1
  if (last < 2 || tokens.kind(last) !== Token.openString) return false
  if ((tokens.ends[last] ?? 0) - (tokens.starts[last] ?? 0) !== 1) return false
  if (!joins(tokens.kind(0)) || !joins(tokens.kind(last - 1))) return false
  const before = value.charCodeAt(at - 1)
  return !(before === 0x20 && value.charCodeAt(at + 1) !== 0x20)
}

function joins(kind: number): boolean {
  return kind === Token.boolean || kind === Token.arithmetic || kind === Token.comparison
}

/** From the start of the value, and behind each number, string or parenthesis that something of SQL follows. */
function asExpression(value: ByteString): Detection | undefined {
  tokens.read(value, 0)
  if (structure.follow(0, 'expression', false)) return detected(0)
  for (let i = 0; i + 1 < tokens.count; i++) {
    const kind = tokens.kind(i)
    if (kind === Token.semicolon) {
      if (structure.follow(i, 'expression', true)) return detected(i)
      continue
    }
    const isOperand = kind === Token.number || kind === Token.string || kind === Token.close
    if (!isOperand || !continues(i + 1) || isPathSegment(i)) continue
    if (structure.follow(i + 1, 'expression', true)) return detected(i)
  }
  return undefined
}

function detected(first: number): Detection {
  return { reason: structure.reason, start: tokens.starts[first] ?? 0, end: structure.end }
}

function continues(at: number): boolean {
  const kind = tokens.kind(at)
  if (kind === Token.boolean || kind === Token.close) return true
  const word = tokens.word(at)
  return word === Word.boolean || word === Word.set || word === Word.clause
}

/** `/news/24 union …`: the number belongs to a path, unless a comment was cut out before it. */
function isPathSegment(at: number): boolean {
  if (at === 0) return false
  const start = tokens.starts[at] ?? 0
  return (
    tokens.kind(at - 1) === Token.arithmetic && tokens.value.charAt(start - 1) === '/' && tokens.inlineComments === 0
  )
}
