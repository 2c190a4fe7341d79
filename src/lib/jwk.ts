// Public keys as JWK (RFC 7517) that somebody else wrote: what is private, symmetric, weak or made to be slow is none.

import { createPublicKey, hash, type JsonWebKey, type KeyObject } from 'node:crypto'

export interface PublicKey {
  readonly key: KeyObject
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string
}

const members: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}
const curves: Readonly<Record<string, readonly string[]>> = { EC: ['P-256', 'P-384', 'P-521'], OKP: ['Ed25519'] }
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const rsaBitsMin = 2048
/** What verifies a signature pays for the size of the key that its sender chose. */
const rsaBitsMax = 4096
const rsaExponentMax = 2n ** 32n

/** Undefined when it is no public key that can be used for signatures. */
export function publicKeyOf(jwk: unknown): PublicKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const given = jwk as Readonly<Record<string, unknown>>
  const kty = String(given['kty'])
  const names = Object.hasOwn(members, kty) ? members[kty] : undefined
  if (!names || privateMembers.some(name => Object.hasOwn(given, name))) return undefined
  if (names.some(name => typeof given[name] !== 'string' || String(given[name]).length > 1024)) return undefined
  if (kty !== 'RSA' && !curves[kty]?.includes(String(given['crv']))) return undefined
  if (given['use'] !== undefined && given['use'] !== 'sig') return undefined
  const exact = Object.fromEntries(names.map(name => [name, given[name]]))
  try {
    const key = createPublicKey({ key: exact as JsonWebKey, format: 'jwk' })
    const { modulusLength = rsaBitsMin, publicExponent = 3n } = key.asymmetricKeyDetails ?? {}
    if (modulusLength < rsaBitsMin || modulusLength > rsaBitsMax || publicExponent > rsaExponentMax) return undefined
    // Names in order, no spaces: how RFC 7638 §3 writes what it hashes.
    return { key, thumbprint: hash('sha256', JSON.stringify(exact), 'base64url') }
  } catch {
    return undefined
  }
}
