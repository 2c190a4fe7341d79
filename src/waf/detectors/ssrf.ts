// detectSsrf: whether a value makes a server call an address that only a server can reach: URLs in any spelling, to
// private networks, to the metadata services of clouds, or with a scheme that no web client uses.

import type { ByteString } from '../../lib/bytes.ts'
import { hostKind } from './host.ts'
import type { Detection } from './types.ts'

/** `private`: plain private and loopback addresses as well, when the value is the URL. */
export type SsrfScope = 'hidden' | 'private'

const schemes = new Set([
  'gopher',
  'dict',
  'tftp',
  'sftp',
  'netdoc',
  'jar',
  'rmi',
  'ldap',
  'ldaps',
  'telnet',
  'view-source',
  'phar',
  'smb',
  'unix',
  'file',
])
const callable = new Set(['http', 'https', 'ftp', 'ftps', 'ws', 'wss', ...schemes])
const maxUrls = 200
/** A host with a user before it is no longer than this. */
const maxAuthority = 600

export function detectSsrf(value: ByteString, scope: SsrfScope): Detection | undefined {
  if (scope === 'hidden' && isWithoutSlashes(value))
    return { reason: 'URL without slashes', start: 0, end: value.length }
  let at = value.indexOf('//')
  let count = 0
  for (; at >= 0 && count < maxUrls; at = value.indexOf('//', at + 2), count++) {
    const schemeStart = startOfScheme(value, at)
    const scheme = schemeStart === at ? '' : value.slice(schemeStart, at - 1).toLowerCase()
    const isWhole = schemeStart <= 1 || value.slice(0, schemeStart).toLowerCase() === 'url:'
    if (!callable.has(scheme) && !(isWhole && scheme === '')) continue
    // A text may speak of such schemes; a value that starts with one is meant.
    if (isWhole && schemes.has(scheme)) return { reason: 'scheme', start: schemeStart, end: at + 2 }
    const host = hostAt(value, at + 2)
    if (host.text === '') continue
    const kind = host.isDisguised ? 'disguise' : hostKind(host.text)
    const isFound = scope === 'hidden' ? kind === 'metadata' || kind === 'disguise' : kind === 'private' && isWhole
    if (isFound && scheme !== '') return { reason: kind, start: schemeStart, end: host.end }
    if (isFound && isWhole) return { reason: kind, start: 0, end: host.end }
  }
  return undefined
}

/** `http:127.0.0.1/`, which browsers and some clients complete. */
function isWithoutSlashes(value: ByteString): boolean {
  const lower = value.slice(0, 6).toLowerCase()
  const at = lower === 'https:' ? 6 : lower.startsWith('http:') ? 5 : 0
  if (at === 0 || value.charCodeAt(at) === 0x2f || value.charCodeAt(at) === 0x5c) return false
  return hostKind(hostAt(value, at).text) !== 'public'
}

/** Of the scheme whose colon is before `at`; `at` itself when there is none. */
function startOfScheme(value: ByteString, at: number): number {
  if (value.charCodeAt(at - 1) !== 0x3a) return at
  let start = at - 1
  while (start > 0 && isSchemeByte(value.charCodeAt(start - 1))) start--
  return start
}

function isSchemeByte(c: number): boolean {
  const lower = c | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d
}

/** The host as the most lenient reader finds it: behind the last @, backslashes being slashes. */
function hostAt(
  value: ByteString,
  from: number,
): { readonly text: ByteString; readonly end: number; readonly isDisguised: boolean } {
  let start = from
  while (value.charCodeAt(start) === 0x2f || value.charCodeAt(start) === 0x5c) start++
  let end = start
  let inBrackets = false
  let isDisguised = false
  const limit = Math.min(value.length, start + maxAuthority)
  const lastAt = value.slice(start, limit).lastIndexOf('@') + start
  for (; end < limit; end++) {
    const c = value.charCodeAt(end)
    if (c === 0x5b) inBrackets = true
    else if (c === 0x5d) inBrackets = false
    else if (c === 0x40) {
      // An address before the @ is what a careless check reads.
      const before = value.slice(start, end)
      isDisguised ||= hostKind(before.split(':')[0] ?? '') !== 'public'
      start = end + 1
    } else if (
      c === 0x2f ||
      c === 0x5c ||
      c === 0x3f ||
      c === 0x23 ||
      c <= 0x20 ||
      c === 0x22 ||
      c === 0x27 ||
      c === 0x3c
    )
      break
    else if (c === 0x29 || c === 0x2c || c === 0x3b || c === 0x60 || c === 0x3e || c === 0x7d) break
    else if (c === 0x3a && !inBrackets && lastAt < end) break
  }
  return { text: value.slice(start, end), end, isDisguised }
}
