// From the files of an operator to the rule which client certificates are good.

import type { RouteCertificateConfig } from '../config/config.ts'
import { certificatesIn, fingerprintOf } from '../lib/pem.ts'
import type { CertificateRule } from '../pipeline/certificate-rule.ts'
import { readAuthorities, readText } from './pem-files.ts'
import { readRevocations } from './revocations.ts'

export interface ClientRule {
  /** PEM, for the handshake. */
  readonly ca: string
  readonly rule: CertificateRule
}

/** @param say Is told what is wrong, with the key of the config. */
export function readClientRule(
  { ca, crl, names }: RouteCertificateConfig,
  say: (key: string, message: string) => void,
): ClientRule | undefined {
  const read = <Result>(key: string, work: () => Result): Result | undefined => {
    try {
      return work()
    } catch (error) {
      say(key, error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
  const text = read('ca', () => readAuthorities(ca))
  if (text === undefined) return undefined
  const authorities = certificatesIn(text)
  const revoked =
    crl === undefined ? undefined : read('crl', () => new Map(readRevocations(readText(crl), authorities)))
  if (crl !== undefined && !revoked) return undefined
  return { ca: text, rule: { authorities: new Set(authorities.map(fingerprintOf)), revoked, names } }
}

/** Names a rule; routes with the same files share one. */
export function ruleKey({ ca, crl, names }: RouteCertificateConfig): string {
  return JSON.stringify([ca, crl ?? '', names])
}
