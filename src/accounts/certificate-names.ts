// Whether a client certificate has the name that a client was registered with (RFC 8705 §2.1.2): to the letter, because
// authorities write a name in one way, and what is alike to one reader is not to another.

import type { ShownCertificate } from '../lib/shown-certificate.ts'
import type { CertificateName } from './client-auth.ts'

const prefixes = { dns: 'DNS:', uri: 'URI:', ip: 'IP Address:', email: 'email:' } as const

export function hasName({ subject, names }: ShownCertificate, { kind, value }: CertificateName): boolean {
  if (kind === 'dn') return sameNames(splitDn(value).reverse(), splitDn(subject))
  const wanted = kind === 'dns' ? value.toLowerCase() : value
  return names.some(
    name => name.startsWith(prefixes[kind]) && plain(kind, name.slice(prefixes[kind].length)) === wanted,
  )
}

function plain(kind: CertificateName['kind'], value: string): string {
  return kind === 'dns' ? value.toLowerCase() : value
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length > 0 && a.length === b.length && a.every((part, i) => part === b[i])
}

/** `CN=billing,O=Example` (RFC 4514, from the inmost outward): its parts. An escaped comma parts nothing. */
function splitDn(text: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    if (c === '\\') part += c + text.charAt(++i)
    else if (c === ',') {
      parts.push(part.trim())
      part = ''
    } else part += c
  }
  return [...parts, part.trim()].map(withPlainType).filter(part => part !== '')
}

/** Types are names without case; values are what they are. */
function withPlainType(part: string): string {
  const equals = part.indexOf('=')
  return equals < 0 ? part : part.slice(0, equals).trim().toUpperCase() + part.slice(equals)
}
