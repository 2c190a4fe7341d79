// Whether a statement of SQL starts at a token. The first word of each is a word of English too ("delete from my
// basket"), so the words behind it decide.

import { isCall, isSystemAt, nameAt, nameEnd } from './sql-names.ts'
import { type SqlTokens, Token } from './sql-tokens.ts'
import { Word } from './sql-words.ts'

/** What follows a statement's first word in SQL and seldom in a sentence. */
const followers: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  (
    [
      ['insert', 'into ignore overwrite delayed'],
      ['replace', 'into'],
      ['merge', 'into'],
      ['delete', 'from'],
      [
        'drop',
        'table database user view procedure function index schema login trigger role column sequence tablespace',
      ],
      [
        'create',
        'table database user view procedure function index schema login trigger role or temporary temp unique',
      ],
      ['alter', 'table database user view procedure function login role session system schema index'],
      ['truncate', 'table'],
      ['rename', 'table user'],
      ['backup', 'database log'],
      ['restore', 'database log'],
      ['load', 'data'],
      ['waitfor', 'delay time'],
      ['shutdown', 'with nowait immediate abort'],
      ['bulk', 'insert'],
      ['attach', 'database'],
      ['begin', 'declare exec execute'],
      ['grant', 'all select dba connect insert update delete alter execute'],
      ['revoke', 'all select'],
      ['do', 'language'],
    ] as const
  ).map(([word, words]) => [word, new Set(words.split(' '))]),
)

/** How much else shows that this is SQL: the value left a string, a semicolon stands before, or nothing at all. */
export type StatementPlace = 'broken' | 'separated' | 'start'

export function isStatement(tokens: SqlTokens, at: number, place: StatementPlace): boolean {
  const strict = place === 'start'
  const broken = place === 'broken'
  const text = tokens.text(at)
  const next = at + 1
  if (tokens.word(at) !== Word.statement) return isSystemAt(tokens, at) && !strict
  const known = followers.get(text)
  if (known?.has(tokens.text(next))) return !strict || isWhole(tokens, at, text)
  if (known) return (text === 'shutdown' || text === 'truncate') && endsAfter(tokens, next, broken)
  const kind = tokens.kind(next)
  switch (text) {
    case 'exec':
    case 'execute':
      if (kind === Token.variable || (broken && kind === Token.open)) return true
      // A member of JSON, `"exec":`, is no statement.
      if (kind === Token.string) return !tokens.text(next).startsWith('":')
      return isSystemAt(tokens, next) || nameAt(tokens, next).includes('..') || (broken && kind === Token.word)
    case 'declare':
      return kind === Token.variable
    case 'update':
      if (kind !== Token.word || tokens.text(nameEnd(tokens, next)) !== 'set') return false
      return !strict || !hasPlaceholder(tokens, at)
    case 'set':
      return kind === Token.variable || kind === Token.systemVariable
    case 'if':
    case 'while':
      // Code in other languages has many of these.
      if (!broken)
        return tokens.text(next) === 'exists' || (kind === Token.open && tokens.word(next + 1) === Word.select)
      return (
        kind === Token.open || kind === Token.number || isCall(tokens, next) || isOneOf(tokens.text(next), 'not exists')
      )
    case 'call':
    case 'kill':
    case 'prepare':
      return broken && (isCall(tokens, next) || kind === Token.number)
    case 'copy': {
      const behind = nameEnd(tokens, next)
      const isTarget = tokens.kind(behind + 1) === Token.string || tokens.text(behind + 1) === 'program'
      return kind === Token.word && isOneOf(tokens.text(behind), 'from to') && isTarget
    }
    default:
      return false
  }
}

function isOneOf(text: string, words: string): boolean {
  return text !== '' && words.split(' ').includes(text)
}

/** A word that is a statement by itself: `; shutdown --`. */
function endsAfter(tokens: SqlTokens, at: number, broken: boolean): boolean {
  const kind = tokens.kind(at)
  return kind === Token.comment || kind === Token.semicolon || (kind === Token.end && broken)
}

/** Whether the rest has the form that SQL asks for, where English goes on with other words. */
function isWhole(tokens: SqlTokens, at: number, text: string): boolean {
  let i = at + 2
  while (isOneOf(tokens.text(i), 'if not exists temporary or replace table view function procedure')) i++
  const behind = nameEnd(tokens, i)
  const kind = tokens.kind(behind)
  const isEnd = kind === Token.end || kind === Token.semicolon || kind === Token.comment
  switch (text) {
    case 'insert':
    case 'replace':
      if (kind !== Token.open && !isOneOf(tokens.text(behind), 'values select set default')) return false
      return !hasPlaceholder(tokens, at)
    case 'delete':
      return isEnd || isOneOf(tokens.text(behind), 'where limit')
    case 'drop':
    case 'truncate':
      return isEnd || kind === Token.comma || isOneOf(tokens.text(behind), 'cascade restrict')
    case 'create':
      return kind === Token.open || isEnd || isOneOf(tokens.text(behind), 'identified with as')
    case 'alter':
      return isOneOf(tokens.text(behind), 'add drop modify rename change alter set owner identified password with')
    case 'load':
      return isOneOf(tokens.text(at + 2), 'infile local low_priority concurrent')
    case 'backup':
    case 'restore':
      return isOneOf(tokens.text(nameEnd(tokens, at + 2)), 'to from')
    case 'waitfor':
      return tokens.kind(at + 2) === Token.string
    case 'grant':
    case 'revoke':
      return isOneOf(tokens.text(at + 2), 'to on from privileges') || tokens.kind(at + 2) === Token.comma
    default:
      return text !== 'do' || tokens.kind(at + 2) === Token.word
  }
}

/** Reports and traces of applications hold prepared statements; an attacker has values to put in. */
function hasPlaceholder(tokens: SqlTokens, at: number): boolean {
  for (let i = at; i < at + 60 && tokens.kind(i) !== Token.end; i++) {
    const first = tokens.value.charAt(tokens.starts[i] ?? 0)
    if (first === '?' || first === ':' || (first === '$' && (tokens.ends[i] ?? 0) - (tokens.starts[i] ?? 0) > 1))
      return true
  }
  return false
}
