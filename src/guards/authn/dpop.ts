// DPoP proofs (RFC 9449 §4.3): a small JWT by which a client shows, for this very request, that it holds the key its
// token is bound to. Only reads and verifies; whether a proof came before, and whether its nonce is ours, are asked of
// others (index.ts).

import { hash } from 'node:crypto'
import { publicKeyOf } from '../../lib/jwk.ts'
import { isSigned, type JwsAlgorithm } from '../../lib/jws.ts'
import { readJwt } from '../../lib/jwt.ts'
import { Lru } from '../../lib/lru.ts'

/** Asymmetric, as §11.6 wants; what `algs` of the challenge names. */
export const proofAlgorithms = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const

/** A proof is a header, a key and five claims; RSA keys are the largest. */
export const proofBytesMax = 4096
const idLengthMax = 256
/** Keys of clients that are not read anew; by the text of the header, which holds the key. */
const keysMax = 2000

export interface ProofWants {
  readonly method: string
  /** Origins that this service is reached at. */
  readonly origins: readonly string[]
  /** Of the request, as received. */
  readonly path: string
  readonly accessToken: string
}

export interface Proof {
  /** Thumbprint of the key. */
  readonly jkt: string
  readonly jti: string
  readonly issuedMs: number
  readonly nonce: string | undefined
}

export type ProofFault = 'malformed' | 'type' | 'algorithm' | 'key' | 'signature' | 'claims' | 'htm' | 'htu' | 'ath'

export type ProofResult =
  | { readonly ok: true; readonly proof: Proof }
  | { readonly ok: false; readonly why: ProofFault }

export class Proofs {
  readonly #keys = new Lru<string, NonNullable<ReturnType<typeof publicKeyOf>>>(keysMax)

  verify(text: string, wants: ProofWants): ProofResult {
    const read = text.length > proofBytesMax ? undefined : readJwt(text)
    if (!read) return { ok: false, why: 'malformed' }
    const { typ, alg, jwk, crit } = read.header
    if (typ !== 'dpop+jwt' || crit !== undefined) return { ok: false, why: 'type' }
    const algorithm = proofAlgorithms.find(name => name === alg)
    if (algorithm === undefined) return { ok: false, why: 'algorithm' }
    const { jti, iat, htm, htu, ath, nonce } = read.claims
    if (typeof jti !== 'string' || jti === '' || jti.length > idLengthMax) return { ok: false, why: 'claims' }
    if (typeof iat !== 'number' || !Number.isFinite(iat) || typeof htu !== 'string') return { ok: false, why: 'claims' }
    if (nonce !== undefined && typeof nonce !== 'string') return { ok: false, why: 'claims' }
    if (htm !== wants.method) return { ok: false, why: 'htm' }
    if (!isSameUri(htu, wants)) return { ok: false, why: 'htu' }
    if (ath !== hash('sha256', wants.accessToken, 'base64url')) return { ok: false, why: 'ath' }
    const signed = this.#checkSignature(text, algorithm, jwk)
    if (typeof signed === 'string') return { ok: false, why: signed }
    return { ok: true, proof: { jkt: signed.thumbprint, jti, issuedMs: iat * 1000, nonce } }
  }

  #checkSignature(text: string, algorithm: JwsAlgorithm, jwk: unknown): 'key' | 'signature' | { thumbprint: string } {
    const head = text.slice(0, text.indexOf('.'))
    const end = text.lastIndexOf('.')
    const known = this.#keys.get(head)
    const key = known ?? publicKeyOf(jwk)
    if (!key) return 'key'
    const signature = Buffer.from(text.slice(end + 1), 'base64url')
    if (!isSigned(algorithm, key.key, text.slice(0, end), signature)) return 'signature'
    if (!known) this.#keys.set(head, key)
    return { thumbprint: key.thumbprint }
  }
}

/** Without query and fragment, normalized as RFC 3986 §6.2.2 and §6.2.3 say. */
function isSameUri(htu: string, { origins, path }: ProofWants): boolean {
  const url = URL.parse(htu)
  if (url?.username !== '' || url.password !== '' || !origins.includes(url.origin)) return false
  const own = URL.parse(`${url.origin}${path}`)
  return own !== null && own.origin === url.origin && plainPath(own.pathname) === plainPath(url.pathname)
}

/** Percent-encoded letters that need none are plain, the others have capitals. */
function plainPath(path: string): string {
  return path.replace(/%[0-9a-fA-F]{2}/g, code => {
    const letter = String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(letter) ? letter : code.toUpperCase()
  })
}
