// detectHeader: whether a value would end the line that it is put into and go on with a header of its own, of an HTTP
// response or of a mail, or with a command of a mail protocol: `x\r\nSet-Cookie: a=b`, `a@b\nBcc: c@d`, `x\r\nRCPT TO:<a@b>`.

import type { ByteString } from '../../lib/bytes.ts'
import type { Detection } from './types.ts'

const maxLines = 64
/** Longer lines in front are text: a header takes a name, an address, a path. */
const maxFirstLine = 512

/** From this line on a value is a text, which may show an exchange: only headers that an answer is changed by count. */
const textLines = 6
const strongHeaders = new Set(['set-cookie', 'location', 'transfer-encoding', 'bcc', 'mime-version'])

/** A made-up header that asks whether it is taken stands in a short value. */
const maxProbe = 200

const httpHeaders = new Set(
  (
    'set-cookie set-cookie2 location content-type content-length content-disposition content-encoding refresh ' +
    'transfer-encoding link clear-site-data content-security-policy x-accel-redirect x-sendfile x-frame-options ' +
    'x-xss-protection strict-transport-security remote-addr proxy-connection last-modified status host'
  ).split(' '),
)
const headerPrefixes = [
  'x-forwarded',
  'access-control-',
  'x-injected',
  'x-original',
  'x-rewrite',
  'x-http-',
  'x-crlf',
  'x-powered',
]
const mailHeaders = new Set('bcc cc to from reply-to subject mime-version sender return-path'.split(' '))

/** Commands of SMTP and POP3, as a client writes them: the word, and what must follow. */
const mailCommands: readonly (readonly [word: string, next: 'end' | 'colon' | 'word'])[] = [
  ['HELO', 'word'],
  ['EHLO', 'word'],
  ['MAIL FROM', 'colon'],
  ['RCPT TO', 'colon'],
  ['DATA', 'end'],
  ['QUIT', 'end'],
  ['RSET', 'end'],
  ['VRFY', 'word'],
  ['EXPN', 'word'],
  ['RETR', 'word'],
  ['DELE', 'word'],
  ['STARTTLS', 'end'],
]

const imapCommands = new Set(
  (
    'capability fetch login logout select examine create delete rename subscribe list lsub status append check close ' +
    'expunge search store copy uid authenticate noop starttls'
  ).split(' '),
)

/** U+560A and U+560D, which servers that keep the lower byte alone make line breaks of. */
const wideBreaks = ['\xe5\x98\x8d', '\xe5\x98\x8a']

export function detectHeader(given: ByteString): Detection | undefined {
  const value = given.includes('\xe5\x98')
    ? wideBreaks.reduce((text, wide) => text.replaceAll(wide, '\r\r\n'), given)
    : given
  let at = lineEnd(value, 0)
  if (at < 0 || at > maxFirstLine) return undefined
  // A block of header lines (a log, a recording) starts with one.
  const first = value.slice(0, at)
  const isBlock = isHeaderLine(first)
  // The head of a mail that is quoted: behind a rule, or behind such a head's own lines.
  let isQuoted = isRule(first)
  for (let lines = 0; at >= 0 && lines < maxLines; lines++) {
    const start = lineStart(value, at)
    if (start < 0) return undefined
    const end = lineEnd(value, start)
    const line = value.slice(start, Math.min(end < 0 ? value.length : end, start + 512))
    const isDeep = lines >= textLines
    // A line that is set in goes on with the header above it; in a text it is code.
    const isSetIn =
      value.length >= maxProbe && value.charCodeAt(start - 1) !== 0x0a && value.charCodeAt(start - 1) !== 0x0d
    const found = isBlock || isSetIn ? undefined : header(line, value.length < maxProbe, isDeep)
    const reason = (isQuoted && found === 'mail header' ? undefined : found) ?? command(line)
    isQuoted = isRule(line) || (isQuoted && isHeaderLine(line))
    if (reason) return { reason, start: at, end: start + Math.min(line.length, 80) }
    at = end
  }
  return undefined
}

function lineEnd(value: ByteString, from: number): number {
  const lf = value.indexOf('\n', from)
  const cr = value.indexOf('\r', from)
  return lf < 0 ? cr : cr < 0 ? lf : Math.min(lf, cr)
}

/** Behind the line ends and blanks at `at`; -1 at the end of the value. */
function lineStart(value: ByteString, at: number): number {
  let i = at
  while (i < value.length && value.charCodeAt(i) <= 0x20) i++
  return i < value.length ? i : -1
}

/** `---------- Forwarded message ---------`, `-----Ursprüngliche Nachricht-----`, `________________` */
function isRule(line: ByteString): boolean {
  return line.startsWith('-----') || line.startsWith('_____') || line.startsWith('=====') || line.startsWith('> ')
}

function isHeaderLine(line: ByteString): boolean {
  const colon = line.indexOf(': ')
  return colon > 0 && colon < 40 && !line.slice(0, colon).includes(' ') && !line.includes('?')
}

function header(line: ByteString, isShort: boolean, isDeep: boolean): string | undefined {
  const colon = line.indexOf(':')
  if (colon < 2 || colon > 48) return isDeep ? undefined : statusLine(line)
  let name = line.slice(0, colon).trimEnd().toLowerCase()
  const text = line.slice(colon + 1).trim()
  // What a tool leaves before the name to see whether it is taken.
  while (name !== '' && name.charCodeAt(0) >= 0x30 && name.charCodeAt(0) <= 0x39) name = name.slice(1)
  // `host: 'example.com',` is a member of an object.
  if (text === '' || (text.endsWith(',') && (!isShort || isQuote(text.charCodeAt(0))))) return undefined
  if (isDeep && !strongHeaders.has(name)) return undefined
  if (mailHeaders.has(name))
    return text.includes('@') || name === 'mime-version' || name === 'bcc' ? 'mail header' : undefined
  if (httpHeaders.has(name)) return isPlausible(name, text) ? 'response header' : undefined
  if (headerPrefixes.some(prefix => name.startsWith(prefix))) return 'response header'
  const isProbe = isShort && !name.includes(' ') && (name.includes('inject') || name.includes('crlf'))
  return isProbe ? 'probe header' : statusLine(line)
}

function isQuote(c: number): boolean {
  return c === 0x22 || c === 0x27 || c === 0x60
}

/** Names that are words of letters as well ("Location: Berlin", "Status: open") need a value that a server would act on. */
function isPlausible(name: string, text: ByteString): boolean {
  if (name === 'location' || name === 'link' || name === 'refresh')
    return text.includes('/') || text.includes('=') || text.includes('.')
  if (name === 'status') return text.charCodeAt(0) >= 0x31 && text.charCodeAt(0) <= 0x35 && text.length > 2
  if (name === 'host') return text.includes('.') && !text.includes(' ')
  return true
}

/** `HTTP/1.1 200 OK`; a sentence may begin with the name of the protocol. */
function statusLine(line: ByteString): string | undefined {
  if (line.slice(0, 5).toUpperCase() !== 'HTTP/') return undefined
  const blank = line.indexOf(' ')
  if (blank < 6 || blank > 8) return undefined
  for (let i = blank + 1; i < blank + 4; i++)
    if (!(line.charCodeAt(i) >= 0x30 && line.charCodeAt(i) <= 0x39)) return undefined
  return 'response'
}

function command(line: ByteString): string | undefined {
  for (const [word, next] of mailCommands) {
    if (!line.startsWith(word)) continue
    const rest = line.slice(word.length)
    if (
      next === 'end'
        ? rest.trim() === ''
        : next === 'colon'
          ? rest.trimStart().startsWith(':')
          : rest.startsWith(' ') && rest.trim() !== ''
    )
      return 'mail command'
  }
  const [tag = '', name = ''] = line.split(' ', 2)
  return isTag(tag) && imapCommands.has(name.toLowerCase()) && (name === name.toUpperCase() || tag.length > 2)
    ? 'mail command'
    : undefined
}

/** `A1`, `V100`, `a003`: letters, then digits. */
function isTag(text: ByteString): boolean {
  let i = 0
  while (i < text.length && i < 3 && (text.charCodeAt(i) | 0x20) >= 0x61 && (text.charCodeAt(i) | 0x20) <= 0x7a) i++
  const digits = i
  while (i < text.length && text.charCodeAt(i) >= 0x30 && text.charCodeAt(i) <= 0x39) i++
  return digits > 0 && i > digits && i === text.length && text.length <= 8
}
