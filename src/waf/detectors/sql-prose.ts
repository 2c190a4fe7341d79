// Signs that a text with quotes and operators is about something else than SQL.

import { type SqlTokens, Token } from './sql-tokens.ts'

/**
 * Somebody writes about an operator: "use '=' for". The quotes hug it and the text beside them has spaces, so the
 * quotes open where we took them to close.
 */
export function quotesAnOperator(tokens: SqlTokens, at: number): boolean {
  const { value } = tokens
  const start = tokens.starts[at] ?? 0
  const end = tokens.ends[at] ?? 0
  const open = value.charAt(start - 1)
  if ((open !== "'" && open !== '"') || value.charAt(end) !== open) return false
  const before = value.charAt(start - 2)
  const after = value.charAt(end + 1)
  return before === ' ' || before === '(' || after === ' ' || after === ',' || after === '.' || after === ')'
}

/**
 * What `--` or `#` cuts off right behind the quote: nothing, signs, a word. `7" #2 needle` and `end'# next` are no
 * comments, and neither is a dash between sentences.
 */
export function isShortRest(tokens: SqlTokens, at: number): boolean {
  if (tokens.kind(at) !== Token.comment) return false
  const { value } = tokens
  const start = tokens.starts[at] ?? 0
  const isHash = value.charAt(start) === '#'
  let i = start + (isHash ? 1 : 2)
  if (isHash && i < value.length && isWordByte(value.charCodeAt(i))) return false
  let words = 0
  let inWord = false
  for (; i < value.length && i < start + 200; i++) {
    const isWord = isWordByte(value.charCodeAt(i))
    if (isWord && !inWord) words++
    inWord = isWord
  }
  // A quote for inches or feet has a number before it and a space around.
  const quote = value.lastIndexOf("'", start) > value.lastIndexOf('"', start) ? "'" : '"'
  const quoteAt = value.lastIndexOf(quote, start)
  const before = value.charAt(quoteAt - 1)
  if (!isHash && quoteAt === start - 1 && isQuotedOption(value, quoteAt, before)) return false
  return words <= (isHash ? 0 : 2) && !(isHash && before === ' ')
}

/** `started with "--verbose"`: the quote opens behind a blank, and another closes it behind the name of the option. */
function isQuotedOption(value: string, quoteAt: number, before: string): boolean {
  if (before !== ' ' && before !== '(' && before !== '\n' && quoteAt > 0) return false
  let end = quoteAt + 3
  while (end < value.length && end - quoteAt < 60 && isOptionByte(value.charCodeAt(end))) end++
  return (
    end > quoteAt + 4 && (value.charAt(end) === value.charAt(quoteAt) || (quoteAt > 0 && value.charAt(end) === ' '))
  )
}

function isOptionByte(c: number): boolean {
  return isWordByte(c) || c === 0x2d || c === 0x5f || c === 0x3d
}

/** The text behind a reopened quote: several words with spaces between them. */
export function soundsLikeProse(content: string): boolean {
  let words = 0
  for (let i = 0; i + 1 < content.length && i < 80; i++) {
    const next = content.charCodeAt(i + 1) | 0x20
    if (content.charCodeAt(i) === 0x20 && next >= 0x61 && next <= 0x7a) words++
  }
  return words > 0
}

function isWordByte(c: number): boolean {
  return ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || (c >= 0x30 && c <= 0x39)
}
