// Strict HTTP framing: refuses every request whose end, target, host or type two readers could see in two places (RFC
// 9112 §3, §6; request smuggling, host confusion). A pure function, so that `merlon inspect` and the listener judge alike.
// It runs on what a parser already split; sizes and counts are the listener's limits.

import type { ByteString } from '../lib/bytes.ts'

export interface FramingFault {
  /** Stable: `http.content-length`, `http.host`, … */
  readonly code: `http.${string}`
  readonly detail: string
  readonly status: 400
}

/** `headers` is flat: [name, value, …], names and values as they came, without the white space around values. */
export function checkFraming(
  method: ByteString,
  target: ByteString,
  protocol: string,
  headers: readonly ByteString[],
): FramingFault | undefined {
  if (!isToken(method)) return fault('method', 'the method is not a token')
  const version = versions.get(protocol)
  if (version === undefined) return fault('protocol', 'the protocol is not HTTP/1.0, HTTP/1.1 or HTTP/2')
  return checkTarget(method, target) ?? checkHeaders(target, version, headers)
}

/** HTTP/2 is spelt `HTTP/2.0` in CGI and in node:http2. */
const versions = new Map<string, Version>([
  ['HTTP/1.0', '1.0'],
  ['HTTP/1.1', '1.1'],
  ['HTTP/2', '2'],
  ['HTTP/2.0', '2'],
])
type Version = '1.0' | '1.1' | '2'

function checkTarget(method: ByteString, target: ByteString): FramingFault | undefined {
  for (let i = 0; i < target.length; i++) {
    const c = target.charCodeAt(i)
    if (c <= 0x20 || c === 0x7f) return fault('target', `the target holds ${describeByte(c)}`)
    if (c === 0x23) return fault('target', 'the target holds a fragment')
  }
  if (method === 'CONNECT') {
    return isHost(target) && target.includes(':') ? undefined : fault('target', 'CONNECT wants host:port as target')
  }
  if (target.charCodeAt(0) === 0x2f) return undefined
  if (target === '*') return method === 'OPTIONS' ? undefined : fault('target', 'the target * is for OPTIONS alone')
  const authority = authorityOf(target)
  if (authority === undefined) return fault('target', 'the target is neither a path nor an http URL')
  return isHost(authority) ? undefined : fault('target', 'the authority in the target is not host or host:port')
}

function checkHeaders(target: ByteString, version: Version, headers: readonly ByteString[]): FramingFault | undefined {
  let host: ByteString | undefined
  let hasLength = false
  let hasCoding = false
  let hasType = false
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (version === '2' && name.charCodeAt(0) === 0x3a) continue // pseudo-headers: node:http2 has checked them
    if (!isToken(name)) return fault('header-name', nameProblem(name))
    const bad = badValueByte(value)
    if (bad >= 0) return fault('header-value', `the value of ${name} holds ${describeByte(bad)}`)
    switch (name.length) {
      case 4:
        if (!isNamed(name, 'host')) break
        if (host !== undefined) return fault('host', 'more than one Host header')
        host = value
        break
      case 12:
        // Of two, some servers take the first, some the last: a body would be read as another than was inspected.
        if (!isNamed(name, 'content-type')) break
        if (hasType) return fault('content-type', 'more than one Content-Type')
        hasType = true
        break
      case 14:
        if (!isNamed(name, 'content-length')) break
        if (hasLength) return fault('content-length', 'more than one Content-Length')
        if (!isLength(value)) return fault('content-length', 'Content-Length is not a plain number')
        hasLength = true
        break
      case 17:
        if (!isNamed(name, 'transfer-encoding')) break
        if (version !== '1.1') return fault('transfer-encoding', `Transfer-Encoding in HTTP/${version}`)
        if (hasCoding) return fault('transfer-encoding', 'more than one Transfer-Encoding')
        if (!isNamed(value, 'chunked')) return fault('transfer-encoding', 'a Transfer-Encoding other than chunked')
        hasCoding = true
        break
      default:
        break
    }
  }
  if (hasLength && hasCoding) return fault('transfer-encoding', 'both Content-Length and Transfer-Encoding')
  return checkHost(target, version, host)
}

function checkHost(target: ByteString, version: Version, host: ByteString | undefined): FramingFault | undefined {
  if (host === undefined) return version === '1.1' ? fault('host', 'no Host header') : undefined
  if (!isHost(host)) return fault('host', host === '' ? 'the Host header is empty' : 'Host is not host or host:port')
  const authority = authorityOf(target)
  if (authority === undefined || sameHost(authority, host)) return undefined
  return fault('host', 'the host in the target is not the one in the Host header')
}

/** The authority of an absolute-form target; undefined for the other forms. */
function authorityOf(target: ByteString): ByteString | undefined {
  const colon = target.indexOf('://')
  if (colon < 4 || colon > 5) return undefined
  if (!isNamed(target.slice(0, colon), 'http') && !isNamed(target.slice(0, colon), 'https')) return undefined
  const start = colon + 3
  let end = start
  while (end < target.length && !isDelimiter(target.charCodeAt(end))) end++
  return target.slice(start, end)
}

function isDelimiter(c: number): boolean {
  return c === 0x2f || c === 0x3f
}

function sameHost(a: ByteString, b: ByteString): boolean {
  return withoutDefaultPort(a.toLowerCase()) === withoutDefaultPort(b.toLowerCase())
}

function withoutDefaultPort(host: ByteString): ByteString {
  if (host.endsWith(':80')) return host.slice(0, -3)
  return host.endsWith(':443') ? host.slice(0, -4) : host.endsWith(':') ? host.slice(0, -1) : host
}

/** Lower case, without port and without the dot of a rooted name, which servers take for the same host. */
export function hostName(host: ByteString): ByteString {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':')
  const name = (end > 0 ? host.slice(0, end) : end === 0 ? '' : host).toLowerCase()
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/**
 * A DNS name, an IPv4 address or [IPv6], with an optional port. RFC 3986 also allows percent signs and sub-delims in a
 * registered name; no name that resolves has them, and readers disagree about them, so they are refused.
 */
function isHost(host: ByteString): boolean {
  if (host.length === 0 || host.length > 255) return false
  let i = 0
  if (host.charCodeAt(0) === 0x5b) {
    i = host.indexOf(']') + 1
    if (i < 4) return false
    for (let j = 1; j < i - 1; j++) if (!isAddressByte(host.charCodeAt(j))) return false
  } else {
    while (i < host.length && isNameByte(host.charCodeAt(i))) i++
    if (i === 0) return false
  }
  if (i === host.length) return true
  if (host.charCodeAt(i) !== 0x3a || host.length - i > 6) return false
  for (let j = i + 1; j < host.length; j++) if (!isDigit(host.charCodeAt(j))) return false
  return Number(host.slice(i + 1)) <= 0xffff
}

function isAddressByte(c: number): boolean {
  return isDigit(c) || c === 0x3a || c === 0x2e || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66)
}

function isNameByte(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || isDigit(c) || c === 0x2d || c === 0x2e || c === 0x5f || c === 0x7e
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

/** 15 digits stay below 2^53, so that no two readers round differently. */
function isLength(value: ByteString): boolean {
  if (value.length === 0 || value.length > 15) return false
  for (let i = 0; i < value.length; i++) if (!isDigit(value.charCodeAt(i))) return false
  return true
}

/** RFC 9110 §5.6.2; white space before the colon or at the start of a line makes a name no token. */
const tokenBytes = new Uint8Array(256)
for (const c of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenBytes[c.charCodeAt(0)] = 1
}

function isToken(text: ByteString): boolean {
  if (text.length === 0 || text.length > 256) return false
  for (let i = 0; i < text.length; i++) if (tokenBytes[text.charCodeAt(i)] !== 1) return false
  return true
}

/** Control bytes but the tab; -1 when there is none. */
function badValueByte(value: ByteString): number {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if ((c < 0x20 && c !== 0x09) || c === 0x7f) return c
  }
  return -1
}

function isNamed(name: ByteString, lower: string): boolean {
  return name === lower || (name.length === lower.length && name.toLowerCase() === lower)
}

function nameProblem(name: ByteString): string {
  if (name === '') return 'a header without a name'
  const last = name.charCodeAt(name.length - 1)
  if (last === 0x20 || last === 0x09) return 'white space between a header name and its colon'
  return name.length > 256
    ? 'a header name of more than 256 bytes'
    : 'a header name with a byte that names may not have'
}

function describeByte(c: number): string {
  if (c === 0x20) return 'a space'
  return c === 0 ? 'a NUL' : `the control byte 0x${c.toString(16).padStart(2, '0')}`
}

function fault(name: string, detail: string): FramingFault {
  return { code: `http.${name}`, detail, status: 400 }
}
