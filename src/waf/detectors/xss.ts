// detectXss: whether a value would run script in a page that takes it in unescaped. The value is read in the places
// where it may land: between tags, in a quoted or bare attribute value, as a URL, and in a string of a script.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import { Attributes, plainName, tagNameEnd } from './html.ts'
import { inScript } from './script-string.ts'
import { isCode, scriptStyle, scriptUrl } from './script-url.ts'
import type { Detection } from './types.ts'
import { viewOf } from './view.ts'
import { eventNames, loadingElements, scriptElements, urlAttributes } from './xss-words.ts'

export function detectXss(value: ByteString): Detection | undefined {
  const marks = scan(value)
  if (marks === 0) return undefined
  return (
    ((marks & angle) !== 0 ? betweenTags(value) : undefined) ??
    ((marks & equals) !== 0 ? inAttribute(value) : undefined) ??
    ((marks & colon) !== 0 ? asUrl(value) : undefined) ??
    ((marks & (quote | call)) !== 0 ? inScript(value) : undefined) ??
    ((marks & call) !== 0 ? inStyle(value) : undefined)
  )
}

const angle = 1
const equals = 2
const colon = 4
const quote = 8
const call = 16

const marksOf = new Uint8Array(256)
marksOf[0x3c] = angle
marksOf[0x3d] = equals
marksOf[0x3a] = colon
marksOf[0x22] = marksOf[0x27] = marksOf[0x60] = quote
marksOf[0x28] = call

function scan(value: ByteString): number {
  const bytes = viewOf(value)
  const { length } = value
  let marks = 0
  for (let i = 0; i < length; i++) marks |= marksOf[bytes[i] as number] as number
  return marks
}

/** Tags looked for inside the attribute values of other tags, which a browser may come to see as tags. */
const maxNested = 64
const nestedBytes = 1024

/** Every `<` that opens a tag. Attributes are read once: a tag that nothing closes takes the rest of the value. */
function betweenTags(value: ByteString): Detection | undefined {
  let readTo = 0
  let nested = 0
  for (let i = value.indexOf('<'); i >= 0; i = value.indexOf('<', i + 1)) {
    const mark = value.charCodeAt(i + 1)
    if (mark === 0x21 || mark === 0x3f) {
      const found = declaration(value, i)
      if (found) return found
      continue
    }
    const isEnd = mark === 0x2f
    const nameAt = isEnd || mark === 0x25 ? i + 2 : i + 1
    if (!isLetter(value.charCodeAt(nameAt))) continue
    const nameEnd = tagNameEnd(value, nameAt)
    const name = plainName(value.slice(nameAt, nameEnd))
    if (isEnd && name === 'script') return detection('script element', i, nameEnd)
    if (i < readTo && nested++ >= maxNested) continue
    const attributes = new Attributes(value, nameEnd, i < readTo ? nameEnd + nestedBytes : value.length)
    const found = tag(attributes, name, i, isEnd)
    if (found) return found
    if (!isEnd && name === 'style' && scriptStyle(styleText(value, attributes.at)))
      return detection('style', i, attributes.at)
    readTo = Math.max(readTo, attributes.at)
  }
  return undefined
}

function styleText(value: ByteString, from: number): ByteString {
  const end = value.indexOf('<', from)
  return value.slice(from, Math.min(end < 0 ? value.length : end, from + 2000))
}

/** `<!ENTITY`, `<?xml-stylesheet`, `<!--[if`, `<![CDATA[`: markup that is no element. */
function declaration(value: ByteString, at: number): Detection | undefined {
  const head = value.slice(at + 2, at + 20).toLowerCase()
  if (
    head.startsWith('entity') ||
    head.startsWith('attlist') ||
    head.startsWith('xml-stylesheet') ||
    head.startsWith('import')
  ) {
    return detection('declaration', at, Math.min(at + 20, value.length))
  }
  if (head.startsWith('--[if') || head.startsWith('[if'))
    return detection('conditional comment', at, Math.min(at + 20, value.length))
  return undefined
}

function tag(attributes: Attributes, element: string, start: number, isEnd: boolean): Detection | undefined {
  const nameEnd = attributes.at
  let hasValue = false
  while (attributes.next()) {
    const reason = attributeReason(attributes, element)
    if (reason) return detection(reason, start, attributes.at)
    hasValue ||= attributes.hasValue
  }
  // "binary<script is incorrect" has neither an attribute nor an end.
  const isTag = attributes.isClosed || hasValue || attributes.at - nameEnd < 2
  // `Promise<Object>` is a type, and `<xml>` shows nothing: these load what an attribute names.
  if (!hasValue && loadingElements.has(element)) return undefined
  return !isEnd && isTag && scriptElements.has(element) ? detection('script element', start, nameEnd) : undefined
}

function attributeReason(attributes: Attributes, element: string): string | undefined {
  const { name, value } = attributes
  if (!attributes.hasValue) return undefined
  if (isEvent(name) && value !== '') return 'event handler'
  if (name === 'srcdoc') return 'embedded document'
  if (name === 'style') return scriptStyle(value) ? 'style' : undefined
  if (element === 'meta' && (name === 'http-equiv' || (name === 'charset' && isOddCharset(value)))) return 'meta'
  if (element === 'style' && name === 'type' && value.toLowerCase().includes('javascript')) return 'style'
  if (element === 'link' && name === 'rel') return isLoadingLink(value) ? 'link' : undefined
  if (name === 'xmlns' || !isUrlAttribute(name)) return undefined
  return element === 'img' && value.startsWith('data:image/') ? undefined : scriptUrl(value)
}

/** Encodings in which a filter does not see the angle brackets: UTF-7 and what old browsers made up. */
function isOddCharset(value: ByteString): boolean {
  const lower = value.toLowerCase()
  return lower.includes('utf-7') || lower.includes('utf7') || lower.startsWith('x-') || lower.startsWith('mac-')
}

function isLoadingLink(rel: ByteString): boolean {
  const lower = rel.toLowerCase()
  return lower.includes('import') || lower.includes('stylesheet')
}

function isUrlAttribute(name: string): boolean {
  return urlAttributes.has(name) || name.endsWith(':href')
}

/** In a tag any `on…` counts, also of events that a browser may yet get; attribute names may carry control bytes. */
function isEvent(name: string): boolean {
  if (!name.startsWith('on') || name.length < 5) return false
  for (let i = 2; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (c > 0x20 && !isLetter(c)) return false
  }
  return true
}

/** Behind the quote that ends an attribute value, or behind a space in a bare one. */
function inAttribute(value: ByteString): Detection | undefined {
  if (!mayHoldAttribute(value)) return undefined
  for (const mark of ['"', "'", '`', ' ', '']) {
    const at = mark === '' ? -1 : mark === ' ' ? firstSpace(value) : value.indexOf(mark)
    if (at < 0 && mark !== '') continue
    const attributes = new Attributes(value, at + 1)
    while (attributes.next()) {
      const reason = landedAttribute(attributes, mark !== ' ' && mark !== '')
      if (reason) return detection(reason, attributes.nameStart, attributes.at)
    }
  }
  return undefined
}

/** Whether a name that matters stands before any equals sign; most equations end here. */
function mayHoldAttribute(value: ByteString): boolean {
  for (let i = value.indexOf('='); i >= 0; i = value.indexOf('=', i + 1)) {
    let end = i
    while (end > 0 && isSpace(value.charCodeAt(end - 1))) end--
    let start = end
    while (
      start > 0 &&
      end - start < 48 &&
      (isLetter(value.charCodeAt(start - 1)) || value.charCodeAt(start - 1) === 0x3a)
    )
      start--
    if (end - start < 2) continue
    if ((value.charCodeAt(start) | 0x20) === 0x6f && (value.charCodeAt(start + 1) | 0x20) === 0x6e) return true
    const name = end - start < 16 ? value.slice(start, end).toLowerCase() : ''
    if (name === 'style' || isUrlAttribute(name)) return true
  }
  return false
}

function firstSpace(value: ByteString): number {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c <= 0x20 && (c === 0x20 || c >= 0x09)) return i
  }
  return -1
}

/** Outside a tag an equation needs more to be an attribute: a known event and a value that is code. */
function landedAttribute(attributes: Attributes, isQuoted: boolean): string | undefined {
  const { name, value } = attributes
  if (!attributes.hasValue || value === '') return undefined
  if (name.startsWith('on') && eventNames.has(name.slice(2)) && (isQuoted || looksLikeCode(value)))
    return 'event handler'
  if (isQuoted && name === 'style' && scriptStyle(value)) return 'style'
  if (isQuoted && isUrlAttribute(name)) return scriptUrl(value)
  return undefined
}

function looksLikeCode(value: ByteString): boolean {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c === 0x28 || c === 0x60 || c === 0x3d || c === 0x5b || c === 0x3b) return true
  }
  return false
}

/** The value as the URL of a link, and `javascript:` in text that a page may turn into a link. */
function asUrl(value: ByteString): Detection | undefined {
  const reason = scriptUrl(value)
  const first = value.indexOf(':')
  if (reason === 'script URL' && isCode(value.slice(first + 1))) return detection(reason, 0, value.length)
  if (
    reason === 'data URL' &&
    (value.includes('<') || value.includes('base64') || value.includes('script')) &&
    !value.startsWith('data:image/')
  ) {
    return detection(reason, 0, value.length)
  }
  for (let i = value.indexOf(':'); i >= 0; i = value.indexOf(':', i + 1)) {
    const start = i - 10
    if (start < 0 || value.slice(start, i).toLowerCase() !== 'javascript') continue
    const before = value.charAt(start - 1)
    if ((before === '(' || before === '=' || before === '"' || before === "'") && isCode(value.slice(i + 1, i + 200))) {
      return detection('script URL', start, Math.min(i + 60, value.length))
    }
  }
  return undefined
}

/** The value as the text of a style: only with a script in it, as "expression(" is a word of other trades too. */
function inStyle(value: ByteString): Detection | undefined {
  const head = value.slice(0, 400)
  const at = head.toLowerCase().indexOf('expression(')
  if (at < 0 || !scriptStyle(head) || !isCode(head.slice(at + 11))) return undefined
  return head.includes(':') ? detection('style', at, at + 11) : undefined
}

function isLetter(c: number): boolean {
  return (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a
}

function detection(reason: string, start: number, end: number): Detection {
  return { reason, start, end }
}
