// detectSql: whether a value would change the structure of an SQL statement that takes it in unprepared. The value is
// read in the places where it may land: inside single quotes, inside double quotes, and as an expression.

import type { ByteString } from '../../lib/bytes.ts'
import { type JsonNode, readJson } from '../bodies/json-reader.ts'
import { SqlMark, scanSql } from './sql-scan.ts'
import { SqlStructure } from './sql-structure.ts'
import { SqlTokens, Token } from './sql-tokens.ts'
import { unmistakableFunctions, Word } from './sql-words.ts'
import type { Detection } from './types.ts'

const tokens = new SqlTokens()
const structure = new SqlStructure(tokens)

export function detectSql(value: ByteString): Detection | undefined {
  return findSql(value, scanSql(value))
}

/** Goes by what the scan of the value, or more, has marked. */
export function findSql(value: ByteString, marks: number): Detection | undefined {
  if (marks === 0) return undefined
  let found = (marks & SqlMark.singleQuote) !== 0 ? insideString(value, "'") : undefined
  if (!found && (marks & SqlMark.doubleQuote) !== 0) found = insideString(value, '"')
  if (found || (marks & SqlMark.notable) === 0) return found
  found = asExpression(value, (marks & (SqlMark.joint | SqlMark.harmful)) !== 0)
  if (!found && (marks & SqlMark.backtick) !== 0) found = insideName(value)
  return found ?? insideJson(value)
}

/** The first quote closes the string; what follows must be SQL from there to its end. */
function insideString(value: ByteString, quote: string): Detection | undefined {
  let at = value.indexOf(quote)
  // A doubled quote stands for itself.
  while (at >= 0 && value.charAt(at + 1) === quote && value.charAt(at + 2) !== quote) at = value.indexOf(quote, at + 2)
  if (at < 0) return undefined
  tokens.read(value, at + 1)
  if (structure.follow(0, 'string')) return { reason: structure.reason, start: at, end: structure.end }
  if (isWrapped(value, at)) return { reason: 'operators around', start: at, end: value.length }
  return undefined
}

/** `' + anything + '`: both ends join the value to the strings around it, so that it is code whatever it says. */
function isWrapped(value: ByteString, at: number): boolean {
  if (!joins(tokens.kind(0))) return false
  const last = tokens.readAll() - 1
  if (last < 2 || tokens.kind(last) !== Token.openString) return false
  if ((tokens.ends[last] ?? 0) - (tokens.starts[last] ?? 0) !== 1) return false
  if (!joins(tokens.kind(last - 1))) return false
  const before = value.charCodeAt(at - 1)
  return !(before === 0x20 && value.charCodeAt(at + 1) !== 0x20)
}

function joins(kind: number): boolean {
  return kind === Token.boolean || kind === Token.arithmetic || kind === Token.comparison
}

/** A backtick quotes a name of MySQL, which a value may be part of as well. It quotes code in texts, too. */
function insideName(value: ByteString): Detection | undefined {
  const at = value.indexOf('`')
  tokens.read(value, at + 1)
  if (!structure.follow(0, 'operand')) return undefined
  return { reason: structure.reason, start: at, end: structure.end }
}

const jsonLimits = { jsonDepth: 16, jsonKeys: 1000 }

/** A document in a value: its strings are values of their own. */
function insideJson(value: ByteString): Detection | undefined {
  const first = value.charCodeAt(0)
  if ((first !== 0x7b && first !== 0x5b) || !value.includes('"')) return undefined
  const document = readJson(value, jsonLimits)
  if (document.error || !document.root) return undefined
  for (const text of stringsOf(document.root)) {
    // No deeper than this: what is in a string of a string is for whoever reads that.
    const isNested = text.startsWith('{') || text.startsWith('[')
    const found = isNested ? undefined : detectSql(text)
    if (found) return { reason: found.reason, start: 0, end: value.length }
  }
  return undefined
}

function* stringsOf(node: JsonNode): Generator<ByteString> {
  if (node.kind === 'string') yield node.value
  else if (node.kind === 'array' || node.kind === 'object') for (const child of node.values) yield* stringsOf(child)
}

/** Tokens read twice where a reading ended at its limit. */
const overlap = 16

/**
 * From the start of the value, and where the scan met a joint behind each operand that something of SQL follows. A place
 * that an earlier reading went over adds nothing to it, which keeps this linear.
 */
function asExpression(value: ByteString, hasJoints: boolean): Detection | undefined {
  tokens.read(value, 0)
  if (structure.follow(0, 'expression')) return detected(0)
  if (continues(0) && structure.follow(0, 'operand')) return detected(0)
  if (!hasJoints) return undefined
  let readTo = 0
  for (let i = 0; tokens.kind(i + 1) !== Token.end; i++) {
    if (isUnmistakable(i))
      return { reason: 'harmful function', start: tokens.starts[i] ?? 0, end: tokens.ends[i + 1] ?? 0 }
    if (i < readTo || !isOperand(i) || !continues(i + 1) || isPathSegment(i)) continue
    if (structure.follow(i + 1, 'operand')) return detected(i)
    readTo = structure.lastToken - (structure.lastToken - i > 100 ? overlap : 0)
  }
  return undefined
}

function detected(first: number): Detection {
  return { reason: structure.reason, start: tokens.starts[first] ?? 0, end: structure.end }
}

/** A call that only an injection makes, behind an operator or as an argument: `x^updatexml(`. */
function isUnmistakable(at: number): boolean {
  if (at === 0 || tokens.kind(at + 1) !== Token.open || tokens.kind(at) !== Token.word) return false
  const before = tokens.kind(at - 1)
  const isArgument =
    joins(before) || before === Token.comma || before === Token.open || tokens.word(at - 1) === Word.boolean
  return isArgument && unmistakableFunctions.has(tokens.text(at))
}

/** What may end an operand; the equals sign stands for one that is left out: `?q= or 1=1`. */
function isOperand(at: number): boolean {
  const kind = tokens.kind(at)
  return (
    kind === Token.number ||
    kind === Token.string ||
    kind === Token.close ||
    kind === Token.comparison ||
    kind === Token.semicolon
  )
}

/** What only goes on behind an operand. */
function continues(at: number): boolean {
  switch (tokens.kind(at)) {
    case Token.boolean:
    case Token.close:
    case Token.semicolon:
      return true
    case Token.comma:
    case Token.open:
      return at === 0 || tokens.kind(at + 1) === Token.open || tokens.word(at + 1) === Word.select
    case Token.word:
      break
    default:
      return false
  }
  const word = tokens.word(at)
  if (word === Word.comparison) return tokens.kind(at + 1) === Token.open || at === 0
  return word === Word.boolean || word === Word.set || word === Word.clause || (word === Word.statement && at > 0)
}

/** `/news/24 union …`: the number belongs to a path, unless a comment was cut out before it. */
function isPathSegment(at: number): boolean {
  if (at === 0) return false
  const start = tokens.starts[at] ?? 0
  return (
    tokens.kind(at - 1) === Token.arithmetic && tokens.value.charAt(start - 1) === '/' && tokens.inlineComments === 0
  )
}
