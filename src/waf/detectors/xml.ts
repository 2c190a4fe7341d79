// detectXml: XML that reaches beyond itself: a document type with declarations or an external identifier, entities,
// XInclude, stylesheets that read or run. A document type of HTML is none of these.

import type { ByteString } from '../../lib/bytes.ts'
import { isSpace } from '../transforms/characters.ts'
import { isLetter } from './reading.ts'
import type { Detection } from './types.ts'

const maxTags = 20_000

export function detectXml(value: ByteString): Detection | undefined {
  if (!value.includes('<')) return undefined
  let tags = 0
  for (let at = value.indexOf('<'); at >= 0 && tags < maxTags; at = value.indexOf('<', at + 1)) {
    tags++
    const c = value.charCodeAt(at + 1)
    const end = c === 0x21 ? declaration(value, at) : isLetter(c) ? element(value, at) : 0
    if (end > 0)
      return { reason: c === 0x21 ? 'document type' : 'inclusion', start: at, end: Math.min(end, value.length) }
  }
  return undefined
}

function declaration(value: ByteString, at: number): number {
  const head = value.slice(at + 2, at + 10).toLowerCase()
  if (head.startsWith('entity') && isSpaceOrPercent(value, at + 8)) return at + 9
  if (head.startsWith('element') || head.startsWith('attlist') || head.startsWith('notation')) return at + 10
  if (!head.startsWith('doctype') || !isSpace(value.charCodeAt(at + 9))) return 0
  let i = at + 10
  while (isSpace(value.charCodeAt(i))) i++
  while (i < value.length && !isSpace(value.charCodeAt(i)) && value.charAt(i) !== '[' && value.charAt(i) !== '>') i++
  while (isSpace(value.charCodeAt(i))) i++
  if (value.charAt(i) === '[') return i + 1
  const word = value.slice(i, i + 6).toUpperCase()
  if (word === 'SYSTEM') return value.startsWith('about:legacy-compat', i + 8) ? 0 : i + 6
  if (word !== 'PUBLIC') return 0
  // "-//W3C//DTD XHTML 1.0//EN" is what pages have; behind it an internal subset may come all the same.
  const close = value.indexOf('>', i)
  const open = value.indexOf('[', i)
  if (open > 0 && (close < 0 || open < close)) return open + 1
  const isStandard = value.slice(i + 6, i + 20).includes('-//')
  return isStandard && isKnownDtd(value.slice(i, close < 0 ? i + 400 : Math.min(close, i + 400))) ? 0 : i + 6
}

/** Who publishes document types; others are read from where the sender likes. A name alone fetches nothing. */
const publishers = [
  'w3.org',
  'apple.com',
  'oasis-open.org',
  'sun.com',
  'oracle.com',
  'apache.org',
  'hibernate.org',
  'mybatis.org',
  'ibatis.apache.org',
  'wapforum.org',
  'openmobilealliance.org',
  'daisy.org',
  'docbook.org',
  'springframework.org',
  'jboss.org',
  'eclipse.org',
  'puppycrawl.com',
  'checkstyle.org',
  'netscape.com',
  'nlm.nih.gov',
]

function isKnownDtd(declaration: ByteString): boolean {
  const at = declaration.indexOf('://')
  if (at < 0) return !declaration.includes('file:') && !declaration.includes('\\\\')
  let end = at + 3
  while (end < declaration.length && (isNameByte(declaration.charCodeAt(end)) || declaration.charAt(end) === '.')) end++
  const host = declaration.slice(at + 3, end).toLowerCase()
  return publishers.some(name => host === name || host.endsWith(`.${name}`))
}

function isSpaceOrPercent(value: ByteString, at: number): boolean {
  return isSpace(value.charCodeAt(at)) || value.charCodeAt(at) === 0x25
}

const stylesheet = new Set(
  'value-of template stylesheet include import variable copy-of transform result-document message'.split(' '),
)

/** `<xi:include href=`, any prefix that is bound to XInclude, `<xsl:…`, `<msxsl:script`, `<xalan:script`. */
function element(value: ByteString, at: number): number {
  let i = at + 1
  while (i < value.length && i - at < 40 && isNameByte(value.charCodeAt(i))) i++
  const name = value.slice(at + 1, i).toLowerCase()
  const colon = name.indexOf(':')
  if (colon > 0) {
    const prefix = name.slice(0, colon)
    const local = name.slice(colon + 1)
    if (prefix === 'xsl' && stylesheet.has(local)) return i
    if (local === 'include' && (prefix === 'xi' || prefix === 'xinclude')) return i
    if (local === 'script' && (prefix === 'msxsl' || prefix === 'xalan' || prefix === 'ms')) return i
  }
  const tag = value.slice(i, i + 1000)
  const close = tag.indexOf('>')
  const attributes = close < 0 ? tag : tag.slice(0, close)
  const bound = attributes.indexOf('//www.w3.org/2001/XInclude')
  return bound >= 0 && attributes.includes('xmlns') ? i + bound : 0
}

function isNameByte(c: number): boolean {
  return isLetter(c) || c === 0x3a || c === 0x2d || c === 0x5f || (c >= 0x30 && c <= 0x39)
}
