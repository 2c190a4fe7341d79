// detectPath: whether a value climbs out of its folder or names a file that only a server should read. A value is read as
// what it is: nothing but a path, or a text in which a path stands.

import type { ByteString } from '../../lib/bytes.ts'
import { createMatcher } from '../match/aho-corasick.ts'
import { secretFiles, secretNames, serverFolders } from './path-names.ts'
import type { Detection } from './types.ts'
import { viewOf } from './view.ts'

/** `value`: of an argument. `url`: of a request path, where folders named as a server's are ordinary. */
export type PathPlace = 'value' | 'url'

const files = createMatcher(secretFiles, { caseInsensitive: true })
const names = new Set(secretNames)

const maxTokens = 400
/** A longer value with blanks is a text: people write about paths in texts. */
const proseBytes = 160
/** A shorter one with so many words that are nothing but letters is a sentence. */
const sentenceWords = 5
const notAWord = -1_000_000

export function detectPath(value: ByteString, place: PathPlace): Detection | undefined {
  if (!hasMark(value) || isOrdinary(value)) return undefined
  const isText = value.length > proseBytes ? blanks(value) > 8 : isSentence(value)
  let count = 0
  for (let start = 0; start < value.length && count < maxTokens; ) {
    while (start < value.length && isBreak(value.charCodeAt(start))) start++
    let end = start
    while (end < value.length && !isBreak(value.charCodeAt(end))) end++
    if (end > start) {
      count++
      const reason = judge(value, start, end, isText, place)
      if (reason !== undefined) return { reason, start, end }
    }
    start = end
  }
  return undefined
}

function hasMark(value: ByteString): boolean {
  if (value.includes('/') || value.includes('\\') || value.includes('..2f') || value.includes('0x')) return true
  return value.length < 24 && isSecretName(value.toLowerCase().trim())
}

/** A name alone. A shadow is a file behind a slash only. */
function isSecretName(name: ByteString): boolean {
  return names.has(name) && name !== 'shadow'
}

const Kind = { other: 0, break: 1, slash: 2, dot: 3, odd: 4 } as const

const kinds = new Uint8Array(256)
for (let c = 0; c < 256; c++) if (isBreak(c)) kinds[c] = Kind.break
kinds[0x2f] = Kind.slash
kinds[0x2e] = Kind.dot
kinds[0x5c] = kinds[0x78] = kinds[0x58] = Kind.odd

/**
 * A URL, or words between which slashes stand, as most headers have them: nothing in it climbs, is written otherwise than
 * it is read, or is nothing but a path; and no secret file is named.
 */
function isOrdinary(value: ByteString): boolean {
  const bytes = viewOf(value)
  const { length } = value
  let isWhole = true
  for (let i = 0; i < length; i++) {
    switch (kinds[bytes[i] as number]) {
      case Kind.break:
        if (i > 0 && i < length - 1) isWhole = false
        break
      case Kind.slash:
        if (isOddSlash(bytes, i)) return false
        break
      case Kind.dot:
        if (bytes[i + 1] === 0x2e) return false
        break
      case Kind.odd:
        if (bytes[i] === 0x5c || bytes[i - 1] === 0x30) return false
    }
  }
  if (!isWhole) return files.firstMatch(value) === undefined
  const scheme = value.indexOf('://')
  return scheme > 1 && !value.slice(0, scheme).toLowerCase().endsWith('file')
}

/** `;/`, `/./`, and `//` but behind a scheme. */
function isOddSlash(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 1]
  if (next === 0x2f) return bytes[at - 1] !== 0x3a || bytes[at + 2] === 0x2f
  return bytes[at - 1] === 0x3b || (next === 0x2e && bytes[at + 2] === 0x2f)
}

function blanks(value: ByteString): number {
  let count = 0
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) <= 0x20) count++
  return count
}

/** Words of letters on both sides of a path, and nothing that a shell would act on: somebody writes about it. */
function isSentence(value: ByteString): boolean {
  let words = 0
  let letters = 0
  for (let i = 0; i <= value.length; i++) {
    const c = i < value.length ? value.charCodeAt(i) : 0x20
    if (((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c >= 0x80) letters++
    else if (c === 0x3b || c === 0x7c || c === 0x26 || c === 0x60 || c === 0x24 || c === 0x3c || c === 0x3e)
      return false
    else if (c === 0x20) {
      if (letters > 1) words++
      letters = 0
    } else if ((c !== 0x2c && c !== 0x2e && c !== 0x3a) || value.charCodeAt(i + 1) > 0x20) letters = notAWord
  }
  return words >= sentenceWords
}

/** What no path is written with, blanks aside where they stand in the name of a Windows folder. */
function isBreak(c: number): boolean {
  return (
    c <= 0x20 ||
    c === 0x22 ||
    c === 0x27 ||
    c === 0x60 ||
    c === 0x28 ||
    c === 0x29 ||
    c === 0x3c ||
    c === 0x3e ||
    c === 0x2c ||
    c === 0x7c ||
    c === 0x26 ||
    c === 0x3d ||
    c === 0x7b ||
    c === 0x7d ||
    c === 0x5b ||
    c === 0x5d
  )
}

function judge(value: ByteString, start: number, end: number, isText: boolean, place: PathPlace): string | undefined {
  const token = value.slice(start, end)
  if (token.length < 3) return undefined
  const isWhole = start <= 1 && end >= value.length - 1
  // A name alone says something only when it is all there is.
  if (!token.includes('/') && !token.includes('\\') && !token.includes('..2') && !token.includes('0x')) {
    return isWhole && place === 'value' && isSecretName(token.toLowerCase()) ? 'secret file' : undefined
  }
  const path = plain(token)
  const ups = countUps(path)
  if (ups > 0 && climbs(path, ups, isText, isWhole, place)) return 'traversal'
  // What a web page or a module has, it has by URL: `https://host/etc/…` names no file.
  if (path.includes('://') && !path.startsWith('file:')) return undefined
  if (isText && ups === 0) return undefined
  const local = withoutRoot(path)
  const found = files.firstMatch(local) ? secretFiles.find(name => standsIn(local, name)) : undefined
  if (found !== undefined && (place === 'value' || !found.startsWith('var/'))) {
    if (local !== path || ups > 0 || isWhole || place === 'url') return 'system file'
  }
  if (!isWhole || place === 'url') return undefined
  if (names.has(local.slice(local.lastIndexOf('/') + 1)) && !path.includes('//')) return 'secret file'
  const isAbsolute = path !== local
  if (isAbsolute && serverFolders.some(name => local.startsWith(name)) && !isBareFolder(local)) return 'server folder'
  return isDrive(token) && local === '' ? 'root of a drive' : undefined
}

/** Escapes whose percent sign was filtered out, or of another language. */
const halfEscapes = [
  ['0x2e', '.'],
  ['0x2f', '/'],
  ['0x5c', '/'],
  ['..2f', '../'],
  ['..5c', '../'],
] as const

/** Lower case, slashes, no empty and no `.` segments. */
function plain(token: ByteString): ByteString {
  let path = token.toLowerCase().replaceAll('\\', '/').replaceAll(';/', '/')
  for (const [half, character] of halfEscapes) if (path.includes(half)) path = path.replaceAll(half, character)
  if (path.startsWith('file:')) path = `file:/${path.slice(5)}`
  const isUrl = path.includes('://')
  while (path.includes('/./')) path = path.replaceAll('/./', '/')
  if (!isUrl) while (path.includes('//')) path = path.replaceAll('//', '/')
  return path
}

/** Segments of two dots or more; with what double replacement leaves: `....//` and `..././`. */
function countUps(path: ByteString): number {
  let count = 0
  let dots = 0
  for (let i = 0; i <= path.length; i++) {
    const c = i < path.length ? path.charCodeAt(i) : 0x2f
    if (c === 0x2e) dots++
    else {
      // Three dots at the end are an ellipsis.
      const isUp = c === 0x2f && dots >= 2 && (dots === 2 || i < path.length)
      if (isUp && isSegmentStart(path, i - dots)) count++
      dots = 0
    }
  }
  return count
}

function isSegmentStart(path: ByteString, at: number): boolean {
  if (at <= 0) return true
  const before = path.charCodeAt(at - 1)
  return before === 0x2f || before === 0x3a || before === 0x3b || before === 0x3f || before === 0x25
}

const harmless = ['.png', '.jpg', '.jpeg', '.gif', '.svg', '.css', '.js', '.mjs', '.ts', '.tsx', '.jsx', '.md', '.html']

function climbs(path: ByteString, ups: number, isText: boolean, isWhole: boolean, place: PathPlace): boolean {
  if (path.startsWith('.../') || path === '...') return ups > 1
  if (isText) {
    if (ups > 5) return true
    return ups >= 2 && secretFiles.some(name => standsIn(path, name))
  }
  if (place === 'url') return true
  if (ups >= 2) return !harmless.some(extension => path.endsWith(extension)) || isWhole
  return isWhole && path.length >= 3 && leavesFolder(path)
}

/** `a/../b` stays where it is. */
function leavesFolder(path: ByteString): boolean {
  let depth = 0
  for (const segment of path.split('/', 40)) {
    if (segment.startsWith('..')) depth--
    else if (segment !== '' && segment !== '.') depth++
    if (depth < 0) return true
  }
  return path.startsWith('/')
}

function withoutRoot(path: ByteString): ByteString {
  let at = path.startsWith('file:') ? 5 : 0
  if (isDrive(path.slice(at))) at += 2
  else if (path.charAt(at) === '/' && isDrive(path.slice(at + 1))) at += 3
  while (path.charCodeAt(at) === 0x2f || path.startsWith('../', at)) at += path.charCodeAt(at) === 0x2f ? 1 : 3
  return path.slice(at)
}

function isDrive(path: ByteString): boolean {
  const letter = path.charCodeAt(0) | 0x20
  const next = path.charCodeAt(2)
  return letter >= 0x61 && letter <= 0x7a && path.charAt(1) === ':' && (next === 0x2f || next === 0x5c)
}

/** At the start of a segment, and at the end of one unless it names a folder or a beginning. */
function standsIn(path: ByteString, name: string): boolean {
  for (let at = path.indexOf(name); at >= 0; at = path.indexOf(name, at + 1)) {
    if (at > 0 && path.charCodeAt(at - 1) !== 0x2f && name.charCodeAt(0) !== 0x2e) continue
    const after = path.charCodeAt(at + name.length)
    const isWord = (after >= 0x61 && after <= 0x7a) || after === 0x5f
    if (!isWord || name.endsWith('/') || name.endsWith('_') || name.startsWith('etc/')) return true
  }
  return false
}

/** `/opt/` and `/usr/local` alone are routes as well. */
function isBareFolder(local: ByteString): boolean {
  if (local.startsWith('etc/')) return local.length < 6
  const slash = local.indexOf('/')
  return slash < 0 || slash === local.length - 1 || !(local.includes('.') || local.indexOf('/', slash + 1) > 0)
}
