// Names and calls in a stream of SQL tokens.

import { type SqlTokens, Token } from './sql-tokens.ts'
import { commonFunctions, harmfulFunctions, isSystemName, tellingFunctions, Word } from './sql-words.ts'

/** Index behind a name with its dots: `mysql.user`, `master..sysobjects`. */
export function nameEnd(tokens: SqlTokens, at: number): number {
  let i = at + 1
  while (i < at + 10 && tokens.kind(i) === Token.dot) i += tokens.kind(i + 1) === Token.word ? 2 : 1
  return i
}

/** The whole name in lower case, without white space only if it was written without. */
export function nameAt(tokens: SqlTokens, at: number): string {
  const end = nameEnd(tokens, at)
  if (end === at + 1) return tokens.text(at)
  return tokens.value.slice(tokens.starts[at], tokens.ends[end - 1]).toLowerCase()
}

export function isCall(tokens: SqlTokens, at: number): boolean {
  if (tokens.kind(at) !== Token.word || tokens.kind(nameEnd(tokens, at)) !== Token.open) return false
  switch (tokens.word(at)) {
    case Word.boolean:
    case Word.comparison:
    case Word.select:
    case Word.from:
    case Word.not:
    case Word.set:
    case Word.clause:
      return false
    default:
      return true
  }
}

export function isHarmfulCall(tokens: SqlTokens, at: number): boolean {
  return isCall(tokens, at) && harmfulFunctions.has(nameAt(tokens, at))
}

/** How much a call by this name weighs where nothing else is known. */
export function callWeight(name: string): number {
  if (harmfulFunctions.has(name)) return 4
  if (tellingFunctions.has(name)) return 2
  return commonFunctions.has(name) ? 1 : 0
}

export function isSystemAt(tokens: SqlTokens, at: number): boolean {
  if (tokens.kind(at) !== Token.word) return false
  return isSystemName(tokens.text(at)) || (nameEnd(tokens, at) > at + 1 && isSystemName(nameAt(tokens, at)))
}
