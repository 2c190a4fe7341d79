// detectNoSql: whether a value would put operators of a document database into a query, or leave a string of the
// JavaScript that such a database runs: `{"$ne":null}`, `', $or: [{}, {'a':'a`, `';return true;var x='`.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import { wordEnd as endOfWord, isLetter, isWordByte, skipBlanks as skip } from './reading.ts'
import type { Detection } from './types.ts'

const maxOperators = 64
/** Code behind a break-out is short and in one line; texts about code are neither. */
const maxCode = 400

const operators = new Set(
  (
    'ne gt gte lt lte in nin regex where exists or and not nor eq all size mod elemmatch expr function accumulator func ' +
    'text search near geowithin jsonschema comment options lookup graphlookup unionwith merge out'
  ).split(' '),
)

export function detectNoSql(value: ByteString): Detection | undefined {
  return (value.includes('$') ? operator(value) : undefined) ?? (value.length <= maxCode ? script(value) : undefined)
}

function operator(value: ByteString): Detection | undefined {
  let seen = 0
  for (let at = value.indexOf('$'); at >= 0 && seen < maxOperators; at = value.indexOf('$', at + 1)) {
    let end = at + 1
    while (end < value.length && end - at < 16 && isLetter(value.charCodeAt(end))) end++
    if (end === at + 1) continue
    seen++
    if (!operators.has(value.slice(at + 1, end).toLowerCase())) continue
    const close = value.charAt(end)
    const isBracket = close === ']' && value.charAt(at - 1) === '['
    if (isBracket && isParameter(value, at - 1, end + 1))
      return { reason: 'operator in brackets', start: at - 1, end: end + 1 }
    const colon = skip(value, close === '"' || close === "'" ? end + 1 : end)
    if (value.charAt(colon) === ':' && isKey(value, at)) return { reason: 'operator', start: at, end: colon + 1 }
  }
  return undefined
}

/** `name[$ne]=`, or nothing but the name: a parameter of a form inside a value. */
function isParameter(value: ByteString, open: number, end: number): boolean {
  let start = open
  while (
    start > 0 &&
    open - start < 40 &&
    (isLetter(value.charCodeAt(start - 1)) || '_]['.includes(value.charAt(start - 1)))
  )
    start--
  const before = value.charAt(start - 1)
  return (
    (start === 0 || before === '&' || before === '?') && (end === value.length || '=[&'.includes(value.charAt(end)))
  )
}

/** A key of an object: behind `{` or `,`, which stand at the start, behind a string that ends there, or behind structure. */
function isKey(value: ByteString, at: number): boolean {
  let i = at - 1
  if (value.charAt(i) === '"' || value.charAt(i) === "'") i--
  while (i >= 0 && isSpace(value.charCodeAt(i))) i--
  if (i < 0) return true
  const before = value.charAt(i)
  return (before === '{' || before === ',' || before === '[') && !isProse(value.slice(Math.max(0, i - 200), i))
}

/** Two words with a blank between, both of letters: text around code. */
function isProse(text: ByteString): boolean {
  let letters = 0
  let words = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (isLetter(c)) letters++
    else {
      if (c === 0x20 && letters >= 2) words++
      else words = 0
      letters = 0
    }
    if (words >= 1 && letters >= 2) return true
  }
  return false
}

/** The end of a string or number, then a separator or an operator, then what only a statement of JavaScript has there. */
function script(value: ByteString): Detection | undefined {
  const first = skip(value, 0)
  if (value.startsWith('db.', first)) {
    const end = shellCall(value, first)
    if (end > 0) return { reason: 'script', start: first, end }
  }
  const start = breakOut(value)
  if (start < 0) return undefined
  let i = skip(value, start)
  const isStatement = value.charAt(i) === ';'
  const isLogic = value.startsWith('||', i) || value.startsWith('&&', i)
  if (!isStatement && !isLogic) return undefined
  i = skip(value, i + (isLogic ? 2 : 1))
  const end = isLogic ? logic(value, i) : statement(value, i)
  return end > 0 ? { reason: 'script', start: Math.max(0, start - 1), end } : undefined
}

/** Behind a short word or number, a quote that ends the string, and closing brackets. */
function breakOut(value: ByteString): number {
  let i = skip(value, 0)
  while (i < 24 && i < value.length && isWordByte(value.charCodeAt(i))) i++
  const quote = value.charAt(i)
  if (quote === "'" || quote === '"') i++
  while (i < value.length && (isSpace(value.charCodeAt(i)) || ')}]'.includes(value.charAt(i)))) i++
  return i
}

const literals = new Set('true false this new db'.split(' '))
const keywords = new Set('return var let const while do for throw function sleep it'.split(' '))

/** `return true`, `var x=`, `while(`, `do{`, `sleep(`, `it=new Date`, `this.x`, `db.x`. */
function statement(value: ByteString, at: number): number {
  const end = wordEnd(value, at)
  const word = value.slice(at, end)
  const next = value.charAt(skip(value, end))
  if (word === 'this' || word === 'db') return next === '.' ? end + 1 : 0
  if (!keywords.has(word)) return 0
  if (word === 'sleep' || word === 'while' || word === 'for' || word === 'function') return next === '(' ? end + 1 : 0
  if (word === 'do') return next === '{' ? end + 1 : 0
  if (word === 'it') return next === '=' ? end + 1 : 0
  if (word !== 'return' && word !== 'throw') return value.indexOf('=', end) > 0 ? end : 0
  return next === '' ||
    '\'"!(-0123456789'.includes(next) ||
    literals.has(value.slice(skip(value, end), wordEnd(value, skip(value, end))))
    ? end
    : 0
}

/** `|| this.x == …`, `|| '1'=='1`, `|| 1==1`, `&& this.password.match(`, `|| sleep(`. */
function logic(value: ByteString, at: number): number {
  const end = wordEnd(value, at)
  const word = value.slice(at, end)
  if ((word === 'this' || word === 'db') && value.charAt(end) === '.') return end + 1
  if ((word === 'sleep' || word === 'tojson') && value.charAt(end) === '(') return end + 1
  const equals = value.indexOf('==', at)
  if (equals < 0 || equals - at > 40) return 0
  const left = bare(value.slice(at, equals))
  const right = bare(value.slice(equals + (value.charAt(equals + 2) === '=' ? 3 : 2), equals + 40))
  return left !== '' && (right.startsWith(left) || left.startsWith(right)) ? equals + 2 : 0
}

const shellMethods = new Set(
  'insert insertone insertmany drop remove update updateone deleteone deletemany mapreduce save'.split(' '),
)

/** `db.users.drop(`, `db.runCommand(`: a statement of the database's own shell. */
function shellCall(value: ByteString, at: number): number {
  const name = wordEnd(value, at + 3)
  if (value.charAt(name) === '(' && name > at + 3) return value.slice(at + 3, name).length > 6 ? name + 1 : 0
  const method = wordEnd(value, name + 1)
  const isMethod = value.charAt(name) === '.' && shellMethods.has(value.slice(name + 1, method).toLowerCase())
  return isMethod && value.charAt(method) === '(' ? method + 1 : 0
}

function bare(text: ByteString): ByteString {
  let out = ''
  for (const byte of text) if (byte > ' ' && byte !== "'" && byte !== '"' && byte !== '!') out += byte
  return out
}

function wordEnd(value: ByteString, from: number): number {
  return endOfWord(value, from, 24)
}
