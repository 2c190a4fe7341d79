// Whether a client certificate has the name that a client was registered with (RFC 8705 §2.1.2): to the letter, because
// authorities write a name in one way, and what is alike to one reader is not to another.

import type { ShownCertificate } from '../lib/shown-certificate.ts'
import type { CertificateName } from './client-auth.ts'

const prefixes = { dns: 'DNS:', uri: 'URI:', ip: 'IP Address:', email: 'email:' } as const
const kinds = Object.keys(prefixes) as (keyof typeof prefixes)[]

/** One text for one name. */
export function nameKey({ kind, value }: CertificateName): string {
  if (kind === 'dn') return dnKey(splitDn(value).reverse())
  return `${kind} ${kind === 'dns' ? value.toLowerCase() : value}`
}

/** Every name that a certificate has. */
export function namesOf({ subject, names }: Pick<ShownCertificate, 'subject' | 'names'>): readonly string[] {
  const others = names.flatMap(name => {
    const kind = kinds.find(one => name.startsWith(prefixes[one]))
    return kind === undefined ? [] : [nameKey({ kind, value: name.slice(prefixes[kind].length) })]
  })
  return [dnKey(splitDn(subject)), ...others]
}

export function hasName(shown: ShownCertificate, name: CertificateName): boolean {
  const key = nameKey(name)
  return key !== dnKey([]) && namesOf(shown).includes(key)
}

function dnKey(parts: readonly string[]): string {
  return `dn ${parts.join('\n')}`
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
