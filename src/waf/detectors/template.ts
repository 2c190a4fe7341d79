// detectTemplate: an expression of a template engine that computes or reaches for more than a variable of the page:
// `{{7*7}}`, `${"a".getClass()}`, `#{T(java.lang.Runtime)}`, `<%= system("id") %>`, `{{request|attr("__cla"~"ss__")}}`.
// What stands between the delimiters is read as code; names are compared after joined strings have become one.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import { reachingNames } from './code-names.ts'
import { foldCode } from './fold-code.ts'
import { isDigit, isWordByte, skipBlanks, wordEnd } from './reading.ts'
import { templateNames } from './template-names.ts'
import type { Detection } from './types.ts'

const maxExpressions = 500
/** What is read of one expression. */
const maxBytes = 1000
/** And of one that nothing closes. */
const maxOpen = 200
/** Payloads of OGNL are long, noise is longer. */
const maxOgnl = 600
/** A value of so many lines is a text. */
const maxLines = 8

/** Opening and closing delimiters: Jinja, Twig, Handlebars, Angular; EL, OGNL, Freemarker, Thymeleaf; ERB, JSP; Razor. */
const delimiters: readonly (readonly [open: string, close: string])[] = [
  ['{{', '}}'],
  ['{%', '%}'],
  ['${', '}'],
  ['#{', '}'],
  ['*{', '}'],
  ['@{', '}'],
  ['~{', '}'],
  ['%{', '}'],
  ['<%', '%>'],
  ['[[', ']]'],
  ['[(', ')]'],
  ['@(', ')'],
  ['{#', '}'],
  ['{=', '}'],
  ['$\\', '}'],
]

export function detectTemplate(value: ByteString): Detection | undefined {
  if (
    !value.includes('{') &&
    !value.includes('<%') &&
    !value.includes('[[') &&
    !value.includes('@(') &&
    !value.includes('[(')
  )
    return undefined
  const isText = isLong(value)
  let seen = 0
  for (let i = 0; i + 1 < value.length && seen < maxExpressions; i++) {
    const second = value.charCodeAt(i + 1)
    if (!isOpening(second)) continue
    const delimiter = delimiters.find(([open]) => value.startsWith(open, i))
    if (!delimiter) continue
    seen++
    const start = i + 2
    const close = value.slice(start, start + maxBytes).indexOf(delimiter[1])
    const end = close < 0 ? Math.min(value.length, start + maxBytes) : start + close
    const inner = value.slice(start, close < 0 ? Math.min(end, start + maxOpen) : end)
    const reason = expression(inner, delimiter[0], close >= 0, isText)
    if (reason) return { reason, start: i, end: close < 0 ? end : end + delimiter[1].length }
  }
  return undefined
}

function nameReason(
  word: ByteString,
  before: string,
  after: string,
  kinds: ReadonlySet<string> | undefined,
  areCallsRead: boolean,
): string | undefined {
  if (!kinds) return undefined
  if (kinds.has('sure')) return 'reaches for server objects'
  if (!areCallsRead) return undefined
  if (kinds.has('call') && after === '(' && word.length > 1) return 'calls server code'
  const isString = (before === "'" || before === '"') && (after === "'" || after === '"')
  return isString && kinds.has('quoted') ? 'names server code' : undefined
}

/** OGNL and SpEL: `#context[`, `(#a=`, `@java.lang.Runtime@`, `T(java.`. */
function ognl(text: ByteString, start: number, end: number): string | undefined {
  const before = text.charAt(start - 1)
  const after = text.charAt(skipBlanks(text, end))
  const isName = end - start > 2 || text.charAt(start - 2) === '('
  if (before === '#' && isName && (after === '[' || after === '.' || after === '=')) return 'variable of OGNL'
  const nameEnd = before === '@' ? wordEnd(text, start, 100, '.$') : end
  if (before === '@' && text.charAt(nameEnd) === '@' && text.slice(start, nameEnd).includes('.')) return 'class of OGNL'
  if (after !== '(' || text.slice(start, end) !== 'T') return undefined
  const open = skipBlanks(text, end)
  return text.charAt(wordEnd(text, skipBlanks(text, open + 1), 32)) === '.' ? 'class of SpEL' : undefined
}

/** `{{`id`}}`: backticks around one line. */
function hasCommand(text: ByteString): boolean {
  const at = text.indexOf('`')
  return at >= 0 && text.indexOf('`', at + 2) > 0 && skipBlanks(text, 0) === at
}

/** `process.env.SECRET`, `ENV["SECRET"]`: `${process.env.PORT}` alone is a line of honest settings. */
function readsEnvironment(text: ByteString): boolean {
  const start = skipBlanks(text, text.charAt(0) === '=' || text.charAt(0) === '-' ? 1 : 0)
  return environments.some(name => text.startsWith(name, start))
}

const environments = ['process.env.', 'process.env[', 'ENV[', 'os.environ', 'System.getenv', '@process.env']

/** `new File(`, `new org.x.Y(`: a class by name, in upper case as classes are. */
function instantiates(text: ByteString): boolean {
  for (let at = text.indexOf('new '); at >= 0; at = text.indexOf('new ', at + 4)) {
    if (isWordByte(text.charCodeAt(at - 1))) continue
    const start = skipBlanks(text, at + 4)
    const end = wordEnd(text, start, 100, '.$')
    const name = text.slice(start, end)
    const last = name.slice(name.lastIndexOf('.') + 1).charCodeAt(0)
    if (text.charAt(end) === '(' && last >= 0x41 && last <= 0x5a && !plainClasses.has(name)) return true
  }
  return false
}

/** What strings of JavaScript build. */
const plainClasses = new Set(['Date', 'Map', 'Set', 'Error', 'Array', 'Object', 'RegExp', 'URL', 'Intl.NumberFormat'])

function isLong(value: ByteString): boolean {
  let lines = 0
  for (let at = value.indexOf('\n'); at >= 0 && lines < maxLines; at = value.indexOf('\n', at + 1)) lines++
  return lines >= maxLines
}

/** `$\\c{7*7`: an escape in front of the brace that one reader drops and another doesn't. */
function escaped(raw: ByteString): ByteString {
  const brace = raw.indexOf('{')
  return brace >= 0 && brace <= 2 ? raw.slice(brace + 1) : ''
}

/** The second bytes of all delimiters. */
function isOpening(c: number): boolean {
  return c === 0x7b || c === 0x5c || c === 0x25 || c === 0x5b || c === 0x28 || c === 0x23 || c === 0x3d
}

function expression(raw: ByteString, open: string, isClosed: boolean, isText: boolean): string | undefined {
  const { text } = foldCode(open === '$\\' ? escaped(raw) : raw)
  const isShort = raw.length <= maxOgnl
  if (isClosed && isArithmetic(text)) return 'template arithmetic'
  if (isClosed && isShort && (open === '{{' || open === '#{') && hasCommand(text)) return 'command in a template'
  if (isClosed && isShort && !isText && open.endsWith('{') && open !== '{{' && instantiates(text))
    return 'builds an object'
  if (isClosed && !isText && open !== '${' && readsEnvironment(text)) return 'reads the environment'
  const isBrace = open === '{{' || open === '{%' || open === '{='
  // `${exec(x)}` in a long text is a string of JavaScript that the text is about.
  return names(text, isBrace, isClosed && (isBrace || !isText), isShort && isClosed)
}

/** Numbers and strings alone, two of them at least, and an operator: nobody's variable, but whoever asks whether it is computed. */
function isArithmetic(text: ByteString): boolean {
  let operands = 0
  let hasString = false
  let operators = 0
  let i = 0
  if ('=-!'.includes(text.charAt(0)) && text !== '') i++
  while (i < text.length) {
    const c = text.charCodeAt(i)
    if (isSpace(c) || c === 0x28 || c === 0x29) {
      i++
    } else if (isDigit(c)) {
      while (isDigit(text.charCodeAt(i)) || text.charAt(i) === '.') i++
      operands++
    } else if (c === 0x27 || c === 0x22) {
      const close = text.indexOf(text.charAt(i), i + 1)
      if (close < 0) return false
      operands++
      hasString = true
      i = close + 1
    } else if (c === 0x2a || c === 0x2b || c === 0x2f || c === 0x2d || c === 0x25) {
      if (operands > operators) operators++
      i++
    } else if (c === 0x7c && operands > 0 && !hasString) {
      // A number given to a filter: `49 | times: 49`.
      const end = wordEnd(text, skipBlanks(text, i + 1), 24)
      if (text.charAt(end) !== ':' && text.charAt(end) !== '(') return false
      operators++
      i = end + 1
    } else return false
  }
  return operands >= 2 && operators >= 1
}

/** A name of the engine's inside that is called, or a member of something, or has members. */
function names(text: ByteString, isBrace: boolean, areCallsRead: boolean, isOgnl: boolean): string | undefined {
  for (let i = 0; i < text.length; ) {
    if (!isWordByte(text.charCodeAt(i))) {
      i++
      continue
    }
    const end = wordEnd(text, i, 64)
    const word = text.slice(i, end)
    const before = text.charAt(i - 1)
    const after = text.charAt(skipBlanks(text, end))
    if (reachingNames.has(word.toLowerCase())) return 'reaches into the interpreter'
    const reason =
      (isOgnl ? ognl(text, i, end) : undefined) ??
      nameReason(word, before, after, templateNames.get(word.toLowerCase()), areCallsRead)
    if (reason) return reason
    const isObject =
      (isBrace || word === 'self' || word === 'class') && templateNames.get(word.toLowerCase())?.has('object')
    if (isObject && (i === 0 || ' |('.includes(before)) && ('.[|'.includes(after) || text.trim() === word))
      return 'reaches for server objects'
    i = end
  }
  return undefined
}
