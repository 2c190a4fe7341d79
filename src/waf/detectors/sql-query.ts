// How much a SELECT looks like a query and not like the word of English: "select the best option from the list".

import { callWeight, isCall, isHarmfulCall, isSystemAt, nameAt } from './sql-names.ts'
import { type SqlTokens, Token } from './sql-tokens.ts'
import { articles, Word } from './sql-words.ts'

/** Tokens of a query that are looked at. */
const maxTokens = 160

/** Where the query stands: `union` behind UNION, `broken` out of a string, `free` elsewhere, `whole` at the start. */
export type QueryPlace = 'union' | 'broken' | 'free' | 'whole'

/** Points for the query whose SELECT is at `at`. */
export function queryPoints(tokens: SqlTokens, at: number, place: QueryPlace): number {
  let i = at + 1
  while (tokens.text(i) === 'all' || tokens.text(i) === 'distinct') i++
  if (tokens.text(i) === 'top' && tokens.kind(i + 1) === Token.number) i += 2
  while (tokens.kind(i) === Token.open) i++
  const first = firstItem(tokens, i, place)
  return first < 0 ? 0 : first + tail(tokens, i, place)
}

/** Points for the first item of the list, -1 when it can't be one. */
function firstItem(tokens: SqlTokens, at: number, place: QueryPlace): number {
  const kind = tokens.kind(at)
  const word = tokens.word(at)
  const inUnion = place === 'union'
  // At the start of a value a query is nothing but what reports and search boxes of databases hold.
  const weight = place === 'whole' ? 0.4 : 1
  switch (kind) {
    case Token.end:
    case Token.comment:
      return inUnion ? 1 : -1
    case Token.star:
      return 3 * weight
    case Token.systemVariable:
      return 3
    case Token.number: {
      const behind = tokens.word(at + 1)
      const isProse = tokens.kind(at + 1) === Token.word && behind === Word.plain && place !== 'broken'
      return isProse ? -1 : (inUnion ? 3 : 2.5) * weight
    }
    case Token.string:
    case Token.openString:
    case Token.variable:
      return (inUnion ? 3 : 2.5) * weight
    case Token.arithmetic:
    case Token.open:
      return weight
    case Token.word:
      break
    default:
      return -1
  }
  if (word === Word.select) return 4
  if (isCall(tokens, at)) return Math.max(callWeight(nameAt(tokens, at)) + 2 * weight, inUnion ? 3 : 0)
  if (word === Word.constant) return 3 * weight
  if (word === Word.prefix) return 2.5 * weight
  return articles.has(tokens.text(at)) ? -1 : 0
}

/** The rest: a list, FROM with a table, WHERE, LIMIT, calls, a comment. Three words in a row end it: a sentence. */
function tail(tokens: SqlTokens, from: number, place: QueryPlace): number {
  const near = place === 'union' || place === 'broken'
  const weight = place === 'whole' ? 0.25 : 1
  let points = 0
  let depth = 0
  let words = 0
  for (let i = from; i < from + maxTokens && points < 4; i++) {
    const kind = tokens.kind(i)
    if (kind === Token.end) break
    if (kind === Token.open) depth++
    else if (kind === Token.close && --depth < -3) return points
    if (kind !== Token.word) {
      words = 0
      if (kind === Token.systemVariable) points += 2
      else if (kind === Token.comment) points += near ? 2 : 1
      else if (depth === 0 && kind === Token.comma) points += (near ? 1 : 0.5) * weight
      continue
    }
    const word = tokens.word(i)
    if (word === Word.plain && ++words > 2) return points
    if (word !== Word.plain) words = 0
    if (isHarmfulCall(tokens, i)) points += 4
    else if (isSystemAt(tokens, i)) points += 3
    else if (word === Word.from) {
      const table = tablePoints(tokens, i + 1, near)
      if (table < 0) return points
      points += table * weight
    } else if (word === Word.clause) points += clausePoints(tokens, i) * weight
    else if (word === Word.set) points += 3
  }
  return points
}

function tablePoints(tokens: SqlTokens, at: number, near: boolean): number {
  const kind = tokens.kind(at)
  if (kind === Token.open) return 2
  if (kind !== Token.word || articles.has(tokens.text(at))) return -1
  return near ? 2 : 1.5
}

function clausePoints(tokens: SqlTokens, at: number): number {
  const text = tokens.text(at)
  const next = tokens.text(at + 1)
  if (text === 'into') return next === 'outfile' || next === 'dumpfile' ? 16 : 0
  if (text === 'procedure') return next === 'analyse' ? 16 : 0
  if (text === 'order' || text === 'group') return next === 'by' ? 1 : 0
  return 1
}
