// A value that lands in a script: as the code itself, or in a string that it leaves: `alert(1)`, `';alert(1)//`,
// `"-alert(1)-"`, `self['alert'](1)`.

import type { ByteString } from '../../lib/bytes.ts'
import type { Detection } from './types.ts'
import { scriptGlobals, scriptSinks, scriptTemplates } from './xss-words.ts'

/** A payload is short and in one line; texts about code are neither. */
const maxLength = 400

export function inScript(value: ByteString): Detection | undefined {
  return leavesString(value) ?? (value.length <= maxLength && !isMultiline(value) ? asCode(value) : undefined)
}

/** The first quote closes the string. An operator or a semicolon and a well-known name must follow at once. */
function leavesString(value: ByteString): Detection | undefined {
  for (const quote of ["'", '"', '`']) {
    const at = value.indexOf(quote)
    if (at < 0) continue
    const end = sinkAfter(value, at + 1)
    if (end > 0) return { reason: 'script string', start: at, end }
  }
  return undefined
}

/** End of the sink's name when the text at `from` is `)};` or an operator, then a sink that is called or assigned. */
function sinkAfter(value: ByteString, from: number): number {
  let i = from
  let operators = 0
  for (; i < value.length && i < from + 24; i++) {
    const c = value.charAt(i)
    if (';-+*^|&,)}]/=?:%<>!~'.includes(c)) operators++
    else if (c !== ' ' && c !== '\n' && c !== '(' && c !== '[' && c !== '{') break
  }
  if (operators === 0) return -1
  const start = i
  while (i < value.length && isName(value.charCodeAt(i))) i++
  if (i - start > 24 || !scriptSinks.has(value.slice(start, i).toLowerCase())) return -1
  while (value.charAt(i) === ' ') i++
  const next = value.charAt(i)
  if (next === '(' || next === '`' || next === '[') return i + 1
  return next === '.' || next === '=' || next === '?' ? memberEnd(value, i) : -1
}

/** `document.cookie`, `location=…`, `window['x']`: another name, or an assignment, must follow. */
function memberEnd(value: ByteString, at: number): number {
  if (value.charAt(at) === '=') return value.charAt(at + 1) === '=' ? -1 : at + 1
  const next = value.charCodeAt(at + 1)
  return isName(next) || value.charAt(at) === '?' ? at + 1 : -1
}

/** Calls of the functions that every proof of concept calls, at the start of the value or of a statement in it. */
function asCode(value: ByteString): Detection | undefined {
  for (let i = 1; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c !== 0x28 && c !== 0x60 && c !== 0x5b) continue
    let start = i
    while (start > 0 && isName(value.charCodeAt(start - 1))) start--
    const found = start < i && startsStatement(value, start) ? codeAt(value, start, i) : undefined
    if (found) return found
  }
  const called = asValue(value)
  if (called) return called
  if (!value.includes('constructor') && !value.includes('$eval(')) return undefined
  for (const template of scriptTemplates) {
    const at = value.indexOf(template)
    if (at >= 0) return { reason: 'script template', start: at, end: at + template.length }
  }
  return undefined
}

/** Names of the functions that proofs of concept call, as values: `(alert)(1)`, `[1].map(confirm)`, `alert?.(1)`, `alert.call(…)`. */
function asValue(value: ByteString): Detection | undefined {
  for (const name of proofs) {
    for (let at = value.indexOf(name); at >= 0; at = value.indexOf(name, at + 1)) {
      const end = at + name.length
      if (isName(value.charCodeAt(at - 1)) || isName(value.charCodeAt(end))) continue
      if (isHandled(value, at, end)) return { reason: 'script call', start: at, end: Math.min(value.length, end + 2) }
    }
  }
  return undefined
}

const proofs = ['alert', 'confirm', 'prompt']
const takers = new Set(
  'map find some every filter foreach with reduce findindex flatmap sort replace then at call apply'.split(' '),
)

function isHandled(value: ByteString, start: number, end: number): boolean {
  let i = end
  while (value.charAt(i) === ' ') i++
  const rest = value.slice(i, i + 8)
  if (rest.startsWith('?.(') || rest.startsWith('.call(') || rest.startsWith('.apply(') || rest.startsWith('.bind('))
    return true
  let before = start - 1
  while (value.charAt(before) === ' ') before--
  const opener = value.charAt(before)
  if (opener !== '(' && opener !== ',' && opener !== '[') return false
  // `(alert)(`, `[alert][0](`
  if (rest.startsWith(')(') || rest.startsWith(')`') || rest.startsWith('][') || rest.startsWith('].')) return true
  return (
    (rest.charAt(0) === ')' || rest.charAt(0) === '(') &&
    takers.has(wordBefore(value, opener === '(' ? before : value.lastIndexOf('(', before)))
  )
}

/** The name that an opening bracket belongs to, when it is a method. */
function wordBefore(value: ByteString, open: number): string {
  let start = open
  while (start > 0 && isName(value.charCodeAt(start - 1))) start--
  return value.charAt(start - 1) === '.' ? value.slice(start, open).toLowerCase() : ''
}

function codeAt(value: ByteString, start: number, end: number): Detection | undefined {
  const name = value.slice(start, end)
  const next = value.charAt(end)
  if (next === '(' || next === '`') {
    const isTagged = next === '`' && value.indexOf('`', end + 1) > 0
    const isCall = calledByAll.has(name) && (isTagged || isArgument(value, end + 1))
    return isCall ? { reason: 'script call', start, end: end + 1 } : undefined
  }
  // self['al'+'ert'](…)
  if (next !== '[' || !scriptGlobals.has(name)) return undefined
  const quote = value.charAt(end + 1)
  const isMember = start === 0 && (quote === '"' || quote === "'") && value.indexOf(`${quote}]`, end + 2) > 0
  return isMember || value.indexOf('](', end) > 0 ? { reason: 'script call', start, end: end + 1 } : undefined
}

const calledByAll: ReadonlySet<string> = new Set([
  'alert',
  'prompt',
  'confirm',
  'eval',
  'setTimeout',
  'setInterval',
  'Function',
  'import',
  'with',
])

/** Not "alert(s)", "prompt (optional)": a literal, a regular expression, a well-known object or call. */
function isArgument(value: ByteString, at: number): boolean {
  let i = at
  while (value.charAt(i) === ' ') i++
  const c = value.charCodeAt(i)
  if ((c >= 0x30 && c <= 0x39) || c === 0x27 || c === 0x22 || c === 0x60 || c === 0x2f || c === 0x5b) return true
  let end = i
  while (end < value.length && isName(value.charCodeAt(end))) end++
  const follower = value.charAt(end)
  return (
    scriptSinks.has(value.slice(i, end).toLowerCase()) &&
    (follower === '.' || follower === '(' || follower === ')' || follower === '[')
  )
}

/** At the start of the value, or right behind what ends a statement or a block. */
function startsStatement(value: ByteString, at: number): boolean {
  let i = at - 1
  while (i >= 0 && value.charAt(i) === ' ') i--
  if (i < 0) return true
  const before = value.charAt(i)
  return (
    before === ';' ||
    before === '}' ||
    before === ')' ||
    before === '{' ||
    before === '/' ||
    before === '=' ||
    before === ','
  )
}

function isMultiline(value: ByteString): boolean {
  const lf = value.indexOf('\n')
  return lf >= 0 && lf < value.length - 2
}

function isName(c: number): boolean {
  return ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c === 0x5f || c === 0x24
}
