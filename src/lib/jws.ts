// Signatures by the algorithms of JWS (RFC 7518 §3.1, RFC 8037), the asymmetric ones alone. In this thread, at once:
// handing a signature to another thread costs as much as checking it.

import { constants, type KeyObject, verify } from 'node:crypto'

interface Method {
  readonly type: 'ec' | 'rsa' | 'ed25519'
  readonly curve?: string
  readonly digest: string | null
  readonly isPss?: true
}

const methods = {
  ES256: { type: 'ec', curve: 'prime256v1', digest: 'sha256' },
  ES384: { type: 'ec', curve: 'secp384r1', digest: 'sha384' },
  ES512: { type: 'ec', curve: 'secp521r1', digest: 'sha512' },
  EdDSA: { type: 'ed25519', digest: null },
  Ed25519: { type: 'ed25519', digest: null },
  RS256: { type: 'rsa', digest: 'sha256' },
  RS384: { type: 'rsa', digest: 'sha384' },
  RS512: { type: 'rsa', digest: 'sha512' },
  PS256: { type: 'rsa', digest: 'sha256', isPss: true },
  PS384: { type: 'rsa', digest: 'sha384', isPss: true },
  PS512: { type: 'rsa', digest: 'sha512', isPss: true },
} as const satisfies Record<string, Method>

export type JwsAlgorithm = keyof typeof methods

/** False also when the key is of another kind than the algorithm wants. Never throws. */
export function isSigned(algorithm: JwsAlgorithm, key: KeyObject, input: string, signature: Uint8Array): boolean {
  const { type, curve, digest, isPss }: Method = methods[algorithm]
  if (key.asymmetricKeyType !== type) return false
  if (curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== curve) return false
  const padding = isPss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {}
  try {
    const encoding = type === 'ec' ? ({ dsaEncoding: 'ieee-p1363' } as const) : {}
    return verify(digest, Buffer.from(input, 'latin1'), { key, ...padding, ...encoding }, signature)
  } catch {
    return false
  }
}
