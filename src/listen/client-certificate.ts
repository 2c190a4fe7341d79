// What a client certificate says of its owner. node:tls has verified it by then; its names are still somebody else's text.

import type { X509Certificate } from 'node:crypto'
import { fingerprintOf } from '../lib/pem.ts'
import type { PresentedCertificate } from '../pipeline/certificate-rule.ts'
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
    fingerprint: fingerprintOf(certificate),
  }
}

/** No chain that is in use is longer. */
const issuersMax = 8

/** The certificate and its way up, each step of which is signed by the next. */
export function presentedCertificate(
  leaf: X509Certificate,
  authorities: readonly X509Certificate[],
): PresentedCertificate | undefined {
  const certificate = clientCertificate(leaf)
  if (!certificate) return undefined
  const serials: string[] = []
  const issuers: string[] = []
  for (let at = leaf; serials.length <= issuersMax; ) {
    serials.push(at.serialNumber.toLowerCase().replace(/^0+/, ''))
    const issuer = [at.issuerCertificate, ...authorities].find(known => known && hasIssued(known, at))
    if (!issuer || issuer.raw.equals(at.raw)) break
    issuers.push(fingerprintOf(issuer))
    at = issuer
  }
  return { certificate, serials, issuers }
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
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
