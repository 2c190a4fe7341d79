// The words of a SecRule: targets, operator, actions. Only the grammar; whether a name exists is the compiler's business.

import type { ByteString } from '../../lib/bytes.ts'
import type { ActionNode, OperatorNode, SelectorNode, VariableNode } from './ast.ts'
import { offsetInText, type Word } from './lexer.ts'
import type { ProblemList, RuleText } from './source.ts'

/** `ARGS|!ARGS:foo|&REQUEST_HEADERS:/^x-/|XML://@*` */
export function parseVariables(source: RuleText, word: Word, problems: ProblemList): VariableNode[] {
  const nodes: VariableNode[] = []
  const text = word.text
  let at = 0
  while (at <= text.length) {
    const end = endOfVariable(text, at)
    const from = skipBlanks(text, at)
    const part = text.slice(from, end).trimEnd()
    if (part === '') {
      problems.add(source.problem(offsetInText(word, at), 'empty-variable', 'a variable is missing here'))
    } else nodes.push(parseVariable(part, offset => offsetInText(word, from + offset)))
    at = end + 1
  }
  return nodes
}

/** A single variable, as in `ctl:ruleRemoveTargetById=1;ARGS:foo`. */
export function parseVariable(text: ByteString, where: (offset: number) => number): VariableNode {
  let at = 0
  let count = false
  let exclude = false
  for (; at < text.length; at++) {
    if (text[at] === '!') exclude = true
    else if (text[at] === '&') count = true
    else break
  }
  const colon = text.indexOf(':', at)
  const name = text.slice(at, colon < 0 ? text.length : colon)
  const selector = colon < 0 ? undefined : parseSelector(text.slice(colon + 1), name, where(colon + 1))
  return { name, count, exclude, selector, at: where(at) }
}

function parseSelector(text: ByteString, name: ByteString, at: number): SelectorNode {
  let inner = text
  if (inner.length > 1 && inner.startsWith("'") && inner.endsWith("'")) inner = inner.slice(1, -1)
  const isXpath = name.toUpperCase() === 'XML'
  if (!isXpath && inner.length > 1 && inner.startsWith('/') && inner.endsWith('/')) {
    return { kind: 'regex', text: inner.slice(1, -1).replaceAll('\\/', '/'), at: at + 1 }
  }
  return { kind: 'key', text: inner, at }
}

/** The `|` that ends a variable; one inside `:/…/` or `:'…'` does not count. */
function endOfVariable(text: ByteString, from: number): number {
  const bar = text.indexOf('|', from)
  const colon = text.indexOf(':', from)
  if (colon < 0 || (bar >= 0 && bar < colon)) return bar < 0 ? text.length : bar
  const opener = text[colon + 1]
  const isXml = /^[!&]*XML$/i.test(text.slice(from, colon).trim())
  if (isXml || (opener !== '/' && opener !== "'")) return bar < 0 ? text.length : bar
  const closer = opener === '/' ? '/' : "'"
  for (let i = text.indexOf(closer, colon + 2); i >= 0; i = text.indexOf(closer, i + 1)) {
    if (text[i - 1] !== '\\' && (i + 1 === text.length || text[i + 1] === '|')) return i + 1
  }
  return bar < 0 ? text.length : bar
}

/** `!@rx ^a`, `@pm a b`, or a bare regular expression. */
export function parseOperator(word: Word): OperatorNode {
  const text = word.text
  let at = skipBlanks(text, 0)
  const negated = text[at] === '!'
  if (negated) at = skipBlanks(text, at + 1)
  if (text[at] !== '@') {
    const argumentAt = offsetInText(word, at)
    return { name: 'rx', negated, argument: text.slice(at), at: argumentAt, argumentAt }
  }
  let end = at + 1
  while (end < text.length && !isBlank(text[end])) end++
  const from = skipBlanks(text, end)
  return {
    name: text.slice(at + 1, end),
    negated,
    argument: text.slice(from),
    at: offsetInText(word, at),
    argumentAt: offsetInText(word, from),
  }
}

/** `id:1,phase:2,msg:'it\'s',t:none` */
export function parseActions(source: RuleText, word: Word, problems: ProblemList): ActionNode[] {
  const nodes: ActionNode[] = []
  const text = word.text
  let at = 0
  while (at < text.length) {
    at = skipBlanks(text, at)
    if (at === text.length) break
    const start = at
    while (at < text.length && text[at] !== ':' && text[at] !== ',') at++
    const name = text.slice(start, at).trimEnd()
    const where = offsetInText(word, start)
    if (name === '') problems.add(source.problem(where, 'empty-action', 'an action is missing here'))
    if (text[at] !== ':') {
      if (name !== '') nodes.push({ name, value: undefined, at: where, valueAt: where })
      at++
      continue
    }
    const valueStart = skipBlanks(text, at + 1)
    const value = text[valueStart] === "'" ? quotedValue(text, valueStart) : bareValue(text, valueStart)
    const valueAt = offsetInText(word, value.from)
    if (value.problem)
      problems.add(source.problem(offsetInText(word, valueStart), value.problem.code, value.problem.message))
    if (name !== '') nodes.push({ name, value: value.text, at: where, valueAt })
    at = value.end + 1
  }
  return nodes
}

interface ActionValue {
  readonly text: ByteString
  readonly from: number
  /** Of the comma that follows, or the length of the text. */
  readonly end: number
  readonly problem?: { code: string; message: string }
}

function quotedValue(text: ByteString, open: number): ActionValue {
  let out = ''
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '\\' && text[i + 1] === "'") {
      out += "'"
      i++
    } else if (text[i] === "'") {
      const end = skipBlanks(text, i + 1)
      if (end === text.length || text[end] === ',') return { text: out, from: open + 1, end }
      const next = text.indexOf(',', end)
      const problem = { code: 'text-after-quote', message: "text right after the closing ' of an action" }
      return { text: out, from: open + 1, end: next < 0 ? text.length : next, problem }
    } else out += text[i]
  }
  const problem = { code: 'unterminated-quote', message: "the ' of this action is never closed" }
  return { text: out, from: open + 1, end: text.length, problem }
}

/** Up to the next comma that is not inside quotes (`setvar:tx.a='x,y'`); a value that is quoted after = loses its quotes. */
function bareValue(text: ByteString, from: number): ActionValue {
  let end = from
  let inQuotes = false
  for (; end < text.length; end++) {
    if (text[end] === "'" && (inQuotes || text[end - 1] === '=')) inQuotes = !inQuotes
    else if (text[end] === ',' && !inQuotes) break
  }
  const value = text.slice(from, end).trimEnd()
  const quoted = /^([^=']*=)'(.*)'$/s.exec(value)
  return { text: quoted ? `${quoted[1]}${quoted[2]}` : value, from, end }
}

function skipBlanks(text: ByteString, at: number): number {
  let i = at
  while (i < text.length && isBlank(text[i])) i++
  return i
}

function isBlank(c: string | undefined): boolean {
  return c === ' ' || c === '\t' || c === '\r' || c === '\n'
}
