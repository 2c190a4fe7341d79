// Which client certificates a listener or a route takes. The handshake has verified by then that the certificate belongs
// to one of all authorities that any route believes, that it is for clients, and in force; this says whether it is one
// that this route believes. Plain data, made by certificates/client-rule.ts in the main thread.

import type { ClientCertificate } from './exchange.ts'
import type { Verdict } from './verdict.ts'

export interface CertificateRule {
  /** SHA-256 of the authorities, in hex. */
  readonly authorities: ReadonlySet<string>
  /** By SHA-256 of the authority that has signed the list; undefined: nothing is looked up. */
  readonly revoked: ReadonlyMap<string, RevocationList> | undefined
  /** `URI:spiffe://example.org/billing`, `DNS:*.example.org`; every name when empty. */
  readonly names: readonly string[]
}

export interface RevocationList {
  /** In hex, lower case, without leading zeros. */
  readonly serials: ReadonlySet<string>
  /** When it is no longer to be believed. */
  readonly endsMs: number
}

/** What a client has shown in its handshake. */
export interface PresentedCertificate {
  readonly certificate: ClientCertificate
  /** Serials of the certificate and of its issuers, as in RevocationList. */
  readonly serials: readonly string[]
  /** SHA-256 of its issuers, the nearest first. */
  readonly issuers: readonly string[]
}

/** Undefined when it is a good one, else why it is none. */
export function certificateFault(
  rule: CertificateRule,
  { certificate, serials, issuers }: PresentedCertificate,
  nowMs: number,
): string | undefined {
  const anchor = issuers.findIndex(issuer => rule.authorities.has(issuer))
  if (anchor < 0) return 'the certificate is of another authority'
  if (rule.revoked) {
    for (let i = 0; i <= anchor; i++) {
      const list = rule.revoked.get(issuers[i] ?? '')
      if (!list) {
        if (i === 0) return 'there is no revocation list of its issuer'
        continue
      }
      if (list.endsMs <= nowMs) return 'the revocation list is out of date'
      if (list.serials.has(serials[i] ?? '')) return 'the certificate was taken back'
    }
  }
  if (rule.names.length === 0) return undefined
  const fits = certificate.names.some(name => rule.names.some(wanted => fitsName(name, wanted)))
  return fits ? undefined : 'the certificate has none of the names'
}

/** A `*` stands for one label of a DNS name, or for the rest of a URI behind a slash. */
function fitsName(name: string, wanted: string): boolean {
  if (name === wanted) return true
  if (wanted.startsWith('DNS:*.')) {
    const dot = name.indexOf('.')
    return name.startsWith('DNS:') && dot > 4 && name.slice(dot).toLowerCase() === wanted.slice(5).toLowerCase()
  }
  return wanted.startsWith('URI:') && wanted.endsWith('/*') && name.startsWith(wanted.slice(0, -1))
}

export function refuseCertificate(status: 403 | 421, detail: string): Verdict {
  return { kind: 'deny', status, reason: { code: 'http.client-certificate', detail } }
}
