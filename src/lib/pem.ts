// Takes the certificates out of a PEM text that may hold several.

import { X509Certificate } from 'node:crypto'

/** @throws Error for a block that is no certificate */
export function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[\w+/=\s]+-----END CERTIFICATE-----/g) ?? []).map(
    block => new X509Certificate(block),
  )
}

/** SHA-256 in hex, lower case. */
export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}
