// detectXPath: whether a value leaves a string or a predicate of an XPath expression and goes on with one of its own, or
// walks a document by axes that no one types: `' or count(//*)=1 or '`, `'] | //user/*[contains(*,'`, `x/ancestor::node()`.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import type { Detection } from './types.ts'

const maxBytes = 4096

const axes = new Set(
  (
    'ancestor ancestor-or-self attribute child descendant descendant-or-self following following-sibling namespace ' +
    'parent preceding preceding-sibling self'
  ).split(' '),
)

/** Functions of XPath that SQL and prose have no use for in the same place. */
const functions = new Set(
  (
    'name local-name namespace-uri count string-length substring substring-before substring-after position last contains ' +
    'starts-with normalize-space text node translate string number sum doc doc-available document unparsed-text id ' +
    'ends-with matches tokenize string-to-codepoints codepoints-to-string true false not comment'
  ).split(' '),
)

/** Of these a call says enough, whatever its argument. */
const alone = new Set('contains position last text node name'.split(' '))

export function detectXPath(value: ByteString): Detection | undefined {
  if (value.length > maxBytes) return undefined
  const hasAxis = value.includes('::')
  return (
    (hasAxis ? axis(value) : undefined) ??
    (value.includes('(') ? afterQuote(value) : undefined) ??
    (value.includes('//') || value.includes('/*') ? otherPath(value) : undefined)
  )
}

/** `child::`, `ancestor-or-self::node()`: the name of an axis, then a node test. */
function axis(value: ByteString): Detection | undefined {
  for (let at = value.indexOf('::'); at >= 0; at = value.indexOf('::', at + 2)) {
    let start = at
    while (start > 0 && at - start < 24 && isNameByte(value.charCodeAt(start - 1))) start--
    const before = value.charCodeAt(start - 1)
    const next = value.charCodeAt(at + 2)
    // `parent::method()` of C++ and PHP stands alone; in a path something comes before or behind.
    const isPath = start === 0 || before === 0x2f || before === 0x5b || before === 0x28 || before === 0x7c
    const isTest = next === 0x2a || nodeTest(value, at + 2)
    if (axes.has(value.slice(start, at).toLowerCase()) && isPath && isTest)
      return { reason: 'axis', start, end: at + 3 }
  }
  return undefined
}

function nodeTest(value: ByteString, at: number): boolean {
  const head = value.slice(at, at + 24)
  const end = wordEnd(head, 0)
  const word = head.slice(0, end)
  const after = head.slice(end)
  if (word === 'node' || word === 'text' || word === 'comment') return after.startsWith('()')
  return end > 0 && (after.startsWith('[') || after.startsWith('/'))
}

/** Behind a quote that ends the string: `or`, `and`, `|`, then a function of XPath or a path. */
function afterQuote(value: ByteString): Detection | undefined {
  for (const quote of ["'", '"']) {
    for (let at = value.indexOf(quote), tries = 0; at >= 0 && tries < 8; at = value.indexOf(quote, at + 1), tries++) {
      let i = at + 1
      while (i < value.length && (isSpace(value.charCodeAt(i)) || value.charAt(i) === ')' || value.charAt(i) === ']'))
        i++
      const end = wordEnd(value, i)
      const word = value.slice(i, end).toLowerCase()
      if (word !== 'or' && word !== 'and') continue
      const found = expression(value, end)
      if (found > 0) return { reason: 'predicate', start: at, end: found }
    }
  }
  return undefined
}

/** End of a function call or an absolute path at `from`, behind brackets and `not`. */
function expression(value: ByteString, from: number): number {
  let i = from
  while (i < value.length && (isSpace(value.charCodeAt(i)) || value.charAt(i) === '(')) i++
  if (value.startsWith('//', i)) return i + 2
  const end = wordEnd(value, i)
  const word = value.slice(i, end).toLowerCase()
  let open = end
  while (isSpace(value.charCodeAt(open))) open++
  if (value.charAt(open) !== '(' || !functions.has(word)) return 0
  if (word === 'not') return expression(value, open) || 0
  // SQL has some of these names; in XPath their argument is a path, nothing, or a string of a path.
  let argument = open + 1
  while (isSpace(value.charCodeAt(argument))) argument++
  const c = value.charAt(argument)
  return c === ')' || c === '/' || c === '.' || c === '*' || c === '@' || word.includes('-') || alone.has(word)
    ? open + 1
    : 0
}

/** `] | //user`, `/*[1]`, a value that starts as `//*` or `substring(//user`. */
function otherPath(value: ByteString): Detection | undefined {
  const head = value.slice(0, 80).trimStart()
  if (head.startsWith('//*') || head.startsWith('/*['))
    return { reason: 'path', start: 0, end: Math.min(value.length, 80) }
  const name = wordEnd(head, 0)
  const isRead = ['doc', 'doc-available', 'unparsed-text'].includes(head.slice(0, name).toLowerCase())
  if (isRead && (head.startsWith("('", name) || head.startsWith('("', name)))
    return { reason: 'document that is read', start: 0, end: Math.min(value.length, 80) }
  const isCall = functions.has(head.slice(0, name).toLowerCase()) && head.startsWith('(//', name)
  if (isCall && isNameByte(head.charCodeAt(name + 3)))
    return { reason: 'function of a path', start: 0, end: Math.min(value.length, 80) }
  for (let at = value.indexOf('|'); at >= 0; at = value.indexOf('|', at + 1)) {
    let before = at - 1
    while (before >= 0 && isSpace(value.charCodeAt(before))) before--
    let i = at + 1
    while (i < value.length && isSpace(value.charCodeAt(i))) i++
    if (value.charAt(before) === ']' && value.charAt(i) === '/')
      return { reason: 'union of paths', start: before, end: i + 1 }
  }
  return undefined
}

function wordEnd(value: ByteString, from: number): number {
  let i = from
  while (i < value.length && i - from < 32 && isNameByte(value.charCodeAt(i))) i++
  return i
}

function isNameByte(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || c === 0x2d
}
