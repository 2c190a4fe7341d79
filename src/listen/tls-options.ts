// What we speak over TLS: versions 1.2 and 1.3, forward secrecy and authenticated encryption only.

import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Certificate, TlsSettings } from './settings.ts'

const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** SHA-1 is not among them. */
const sigalgs = [
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ed25519',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
].join(':')

/** The hybrid with ML-KEM first, where OpenSSL (3.5) knows it. */
const curves = supported('X25519MLKEM768:X25519:P-256:P-384') ?? 'X25519:P-256:P-384'

function supported(ecdhCurve: string): string | undefined {
  try {
    createSecureContext({ ecdhCurve })
    return ecdhCurve
  } catch {
    return undefined
  }
}

export function contextOptions(
  { cert, key }: Pick<Certificate, 'cert' | 'key'>,
  settings: TlsSettings,
): SecureContextOptions {
  const clients = settings.clients
  // A session that goes on skips the look at the client's certificate, so with client certificates none does.
  const noTickets = clients ? constants.SSL_OP_NO_TICKET : 0
  return {
    cert,
    key,
    ciphers,
    sigalgs,
    ecdhCurve: curves,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION | noTickets,
    ...(clients && { ca: clients.ca, ...(clients.crl !== undefined && { crl: clients.crl }) }),
  }
}

/** @throws Error as node:tls does, when the PEM is bad or the key is of another certificate */
export function createContext(certificate: Pick<Certificate, 'cert' | 'key'>, settings: TlsSettings): SecureContext {
  return createSecureContext(contextOptions(certificate, settings))
}
