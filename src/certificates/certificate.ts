// A certificate with its key, as text that was checked: for whom it is, until when, and that the two belong together.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { Certificate } from '../listen/settings.ts'

export interface KnownCertificate extends Certificate {
  readonly startsMs: number
  readonly expiresMs: number
}

/** @throws Error that says in a few words what is wrong */
export function readCertificate(cert: string, key: string): KnownCertificate {
  const leaf = attempt('the certificate is no PEM certificate', () => new X509Certificate(cert))
  const privateKey = attempt('the key is no PEM key without a passphrase', () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(privateKey)) throw new Error('the key is of another certificate')
  attempt('the certificate can’t be used for TLS', () => createSecureContext({ cert, key }))
  return {
    names: namesOf(leaf),
    cert,
    key,
    startsMs: Date.parse(leaf.validFrom),
    expiresMs: Date.parse(leaf.validTo),
  }
}

function namesOf(leaf: X509Certificate): string[] {
  const names = [...(leaf.subjectAltName ?? '').matchAll(/(?:^|, )(?:DNS|IP Address):([\w.*:-]+)/g)]
  return names.map(([, name = '']) => name.toLowerCase())
}

function attempt<Result>(message: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw new Error(`${message}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
