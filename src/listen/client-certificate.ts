// What a client certificate says of its owner. node:tls has verified it by then; its names are still somebody else's text.

import type { X509Certificate } from 'node:crypto'
import type { ClientCertificate } from '../pipeline/exchange.ts'

const namesMax = 64

export function clientCertificate(certificate: X509Certificate | undefined): ClientCertificate | undefined {
  if (!certificate) return undefined
  const names = splitNames(certificate.subjectAltName ?? '')
  const uris = names.filter(name => name.startsWith('URI:'))
  // A SPIFFE certificate has exactly one URI name (X509-SVID §2).
  const spiffe = uris.length === 1 && /^URI:spiffe:\/\/[a-z0-9._-]+(?:\/[\w.-]+)+$/.test(uris[0] ?? '')
  return {
    subject: certificate.subject?.replaceAll('\n', ', ') ?? '',
    names,
    spiffeId: spiffe ? uris[0]?.slice(4) : undefined,
    der: certificate.raw,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

/** Node joins names by `, ` and quotes those in which one could hide another. */
function splitNames(text: string): string[] {
  const names: string[] = []
  for (const [, type = '', plain, quoted] of text.matchAll(
    /([A-Za-z ]+):(?:([^",][^,]*)|"((?:[^"\\]|\\.)*)")(?:, |$)/g,
  )) {
    if (names.length >= namesMax) break
    names.push(`${type}:${plain ?? unquote(quoted ?? '')}`)
  }
  return names
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return text
  }
}
