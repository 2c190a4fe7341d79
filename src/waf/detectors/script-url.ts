// URLs and styles that run script. Browsers drop white space and control bytes from the scheme of a URL and decode
// character references in attributes first; so does this.

import type { ByteString } from '../../lib/bytes.ts'
import { htmlEntityDecode } from '../transforms/html-entities.ts'
import { scriptSinks } from './xss-words.ts'

/** What a browser would run or load as a document for this URL; undefined for a harmless one. */
export function scriptUrl(raw: ByteString): string | undefined {
  if (!mayStartScheme(raw)) return undefined
  const head = normalized(raw.startsWith('`') ? raw.slice(1) : raw)
  for (const scheme of [
    'javascript:',
    'vbscript:',
    'livescript:',
    'mocha:',
    'jscript:',
    'feed:javascript:',
    'view-source:javascript:',
  ]) {
    if (head.startsWith(scheme)) return isVoid(head.slice(scheme.length)) ? undefined : 'script URL'
  }
  if (!head.startsWith('data:')) return undefined
  for (const type of [
    'data:text/html',
    'data:text/xml',
    'data:application/xhtml',
    'data:application/xml',
    'data:image/svg',
    'data:text/javascript',
    'data:application/javascript',
    'data:application/x-javascript',
    'data:,',
  ]) {
    if (head.startsWith(type)) return 'data URL'
  }
  return undefined
}

/** By the first byte that counts: a letter of one of the schemes, a reference, a backtick that old browsers took as a quote. */
function mayStartScheme(raw: ByteString): boolean {
  let i = 0
  while (i < raw.length && raw.charCodeAt(i) <= 0x20) i++
  return i < raw.length && 'jvlmdf&`\x7f\xa0\xc2'.includes(raw.charAt(i).toLowerCase())
}

/** `javascript:void(0)` and `javascript:;` are how old pages write a link that does nothing. */
function isVoid(rest: string): boolean {
  return rest === '' || rest === ';' || rest === 'void(0)' || rest === 'void(0);' || rest === 'void0' || rest === '//'
}

/** The first bytes of a URL without what browsers skip, lower case, references decoded. */
function normalized(raw: ByteString): string {
  let decoded = htmlEntityDecode.apply(raw.slice(0, 400)).toLowerCase()
  if (decoded.includes('&')) {
    decoded = decoded.replaceAll('&colon;', ':').replaceAll('&tab;', '').replaceAll('&newline;', '')
  }
  let head = ''
  for (let i = 0; i < decoded.length && head.length < 60; i++) {
    const c = decoded.charCodeAt(i)
    if (c > 0x20 && c !== 0x7f && c !== 0xa0) head += decoded.charAt(i)
  }
  return head
}

/**
 * Whether what follows `javascript:` in running text is code: "JavaScript: The Good Parts" is a book. Code has a
 * call, an assignment, or one of the usual names at its start.
 */
export function isCode(text: ByteString): boolean {
  let word = ''
  for (let i = 0; i < text.length && i < 120; i++) {
    const c = text.charAt(i)
    if (isLetter(text.charCodeAt(i))) word += c
    else {
      if (word !== '' && (c === '(' || c === '`' || c === '=' || c === '[')) return true
      if (word !== '' && c === '.' && scriptSinks.has(word.toLowerCase())) return true
      if ((c === '/' && text.charAt(i + 1) === '/') || c === '%' || c === '\\' || c === '{' || c === '[') return true
      if (c === ' ' && word !== '') return false
      word = ''
    }
  }
  return false
}

function isLetter(c: number): boolean {
  return ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c === 0x5f || c === 0x24
}

/** CSS that runs script, in the browsers that ever did. Comments and escapes inside the words are removed first. */
export function scriptStyle(raw: ByteString): boolean {
  const css = withoutComments(raw.slice(0, 4096)).toLowerCase()
  if (
    css.includes('expression(') ||
    css.includes('-moz-binding') ||
    css.includes('behavior:') ||
    css.includes('behaviour:')
  )
    return true
  return css.includes('javascript:') || css.includes('vbscript:') || css.includes('@import') || css.includes('-o-link')
}

function withoutComments(raw: ByteString): string {
  let css = ''
  for (let i = 0; i < raw.length; i++) {
    const c = raw.charCodeAt(i)
    if (c === 0x2f && raw.charCodeAt(i + 1) === 0x2a) {
      const end = raw.indexOf('*/', i + 2)
      if (end < 0) return css
      i = end + 1
    } else if (c > 0x20 && c !== 0x5c) css += raw.charAt(i)
  }
  return css
}
