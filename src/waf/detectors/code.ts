// detectCode: code of a server-side language: calls that run commands, read files or reach into the interpreter, with
// arguments that code has. Names are looked for after folding, so joined strings and comments hide none. A word followed
// by a bracket in a sentence ("the system (see below)") has no such argument.

import type { ByteString } from '../../lib/bytes.ts'
import { argumentKinds, type Callee, callees, reachingNames } from './code-names.ts'
import { foldCode } from './fold-code.ts'
import { isWordByte, skipBlanks, wordEnd } from './reading.ts'
import type { Detection } from './types.ts'

const maxCalls = 2000
/** In texts of more lines code is written about; a call alone says nothing there. */
const maxLines = 8

export function detectCode(value: ByteString): Detection | undefined {
  const hasBracket = value.includes('(')
  const hasPath = value.includes('$_') || value.includes('.os.') || value.includes('groovy.lang.')
  if (!hasBracket && !hasPath && !value.includes('__') && !value.includes('`') && !value.includes('%x'))
    return undefined
  const folded = foldCode(value)
  const { text } = folded
  const isText = lineCount(text) > maxLines
  const found =
    reaching(text, reachingPaths) ??
    (isText ? undefined : reaching(text, writtenPaths)) ??
    (hasBracket ? call(text, isText) : undefined) ??
    (isText ? undefined : quotedCommand(text))
  if (!found) return undefined
  const end = found.end > found.start ? folded.place(found.end - 1) + 1 : found.end
  return { reason: found.reason, start: folded.place(found.start), end: Math.min(value.length, end) }
}

function lineCount(text: ByteString): number {
  let lines = 1
  for (let at = text.indexOf('\n'); at >= 0 && lines <= maxLines; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** Names that nothing but code reaches for: `__globals__`, `child_process`, `java.lang.Runtime`. */
function reaching(text: ByteString, paths: readonly string[]): Detection | undefined {
  if (text.includes('__')) {
    for (let at = text.indexOf('__'); at >= 0; at = text.indexOf('__', at + 2)) {
      const end = wordEnd(text, at, 32)
      if (reachingNames.has(text.slice(at, end))) return { reason: 'reaches into the interpreter', start: at, end }
      at = Math.max(at, end - 2)
    }
  }
  for (const name of paths) {
    const at = text.indexOf(name)
    if (at >= 0) return { reason: 'reaches into the interpreter', start: at, end: at + name.length }
  }
  return undefined
}

/** The input of a PHP script as a variable, and modules of Python by way of others. */
const reachingPaths = [
  '$_GET[',
  '$_POST[',
  '$_REQUEST[',
  '$_COOKIE[',
  '$_SERVER[',
  '$_FILES[',
  '.os.system',
  '.os.popen',
]

/** What texts about code have as well. */
const writtenPaths = ['subprocess.Popen(', 'subprocess.run(', 'subprocess.call(', 'groovy.lang.Groovy']

function call(text: ByteString, isText: boolean): Detection | undefined {
  let calls = 0
  for (let open = text.indexOf('('); open >= 0 && calls < maxCalls; open = text.indexOf('(', open + 1), calls++) {
    const end = nameEnd(text, open)
    let start = end
    while (start > 0 && end - start < 40 && isWordByte(text.charCodeAt(start - 1))) start--
    if (start === end) continue
    const callee = callees.get(text.slice(start, end).toLowerCase())
    if (!callee || (isText && !callee.isSure)) continue
    if (!isCallee(text, start, callee) || isSentence(text, start, end, callee)) continue
    const argument = argumentEnd(text, open + 1, callee) || bareEnd(text, start, open + 1)
    if (argument > 0) return { reason: callee.reason, start, end: argument }
  }
  return undefined
}

/** Behind the name before `(`: blanks, the brackets and quotes of `('system')(` and `["exec"](` may stand between. */
function nameEnd(text: ByteString, open: number): number {
  let i = open
  while (i > 0 && open - i < 8 && ' \t)]\'"'.includes(text.charAt(i - 1))) i--
  return i
}

/** A method counts when the name says so, a function when nothing owns it. */
function isCallee(text: ByteString, start: number, { owners }: Callee): boolean {
  const before = text.charAt(start - 1)
  if (before === '.' && isString(text, start - 2)) return true
  if (before === '.' || before === '>' || before === ':') {
    if (owners === undefined)
      return before === ':' && text.charAt(start - 2) !== ':' ? true : before === '.' && isString(text, start - 2)
    // `[0:system('id')]`: behind a key or a condition, not a part of a name.
    if (before === ':' && text.charAt(start - 2) !== ':') return owners.includes('')
    let i = start - 1
    while (i > 0 && '.:>-?'.includes(text.charAt(i - 1))) i--
    let from = i
    while (from > 0 && i - from < 32 && isWordByte(text.charCodeAt(from - 1))) from--
    return owners.includes('*') || (from < i && owners.includes(text.slice(from, i).toLowerCase()))
  }
  if (before === '$' || before === '\\') return before === '\\'
  return owners === undefined || owners.includes('')
}

/** `the system ("OS")`, `what does phpinfo() show`: a word before the name, and a blank or nothing in the brackets. */
function isSentence(text: ByteString, start: number, end: number, { argument }: Callee): boolean {
  const isRemark = text.charAt(end) === ' ' || (argument === 'none' && text.charAt(end + 2) === ' ')
  return isRemark && text.charAt(start - 1) === ' ' && isWordByte(text.charCodeAt(start - 2))
}

function isString(text: ByteString, at: number): boolean {
  return text.charAt(at) === "'" || text.charAt(at) === '"'
}

/** Where the argument shows to be one of code; 0 when it may be a remark. */
function argumentEnd(text: ByteString, from: number, { argument }: Callee): number {
  const i = skipBlanks(text, from)
  const c = text.charAt(i)
  if (argument === 'any') return c === '' ? 0 : i + 1
  if (c === ')') return argument === 'none' ? i + 1 : 0
  if (argument === 'none') return 0
  if (c === "'" || c === '"' || c === '`') return stringEnd(text, i, argument)
  if (c === '$' || c === '@') return isWordByte(text.charCodeAt(i + 1)) || text.charAt(i + 1) === '{' ? i + 2 : 0
  const end = wordEnd(text, i, 32)
  return end > i && argumentKinds.has(text.slice(i, end).toLowerCase()) && text.charAt(skipBlanks(text, end)) === '('
    ? end + 1
    : 0
}

/** `".system(id)."`: behind a string that it leaves, a bare word is an argument too. */
function bareEnd(text: ByteString, start: number, from: number): number {
  if (text.charAt(start - 1) !== '.' || !isString(text, start - 2)) return 0
  const end = wordEnd(text, from, 24)
  return end > from && text.charAt(end) === ')' ? end + 1 : 0
}

/** A string that closes and is an argument, or is all that is left of the value. */
function stringEnd(text: ByteString, at: number, argument: Callee['argument']): number {
  const quote = text.charAt(at)
  const close = text.indexOf(quote, at + 1)
  if (close < 0) return text.length - at < 200 ? text.length : 0
  if (argument === 'command' && close === at + 1) return 0
  const next = text.charAt(skipBlanks(text, close + 1))
  return next === '' || ').,;+|'.includes(next) ? close + 1 : 0
}

/** `%x(id)`, `%x{id}` of Ruby. */
function quotedCommand(text: ByteString): Detection | undefined {
  const at = text.indexOf('%x')
  const open = text.charAt(at + 2)
  if (at < 0 || !'({[|'.includes(open) || open === '' || isWordByte(text.charCodeAt(at - 1))) return undefined
  const close = text.indexOf(open === '(' ? ')' : open === '{' ? '}' : open === '[' ? ']' : '|', at + 3)
  return close > at + 4 ? { reason: 'command in a literal', start: at, end: close + 1 } : undefined
}
