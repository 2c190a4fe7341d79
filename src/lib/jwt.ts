// Verifies JWTs (RFC 7519) as RFC 8725 wants it: the verifier, not the token, says which algorithms and keys count.
// Headers that bring or point to a key (jwk, jku, x5u, x5c) are not looked at, `alg: none` and shared secrets do not
// exist here, and a text that two readers could read differently is refused before its signature is looked at.

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import { parseStrictObject } from './strict-json.ts'

/** Asymmetric ones alone: what verifies must not be able to sign. */
export const jwtAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const

export type JwtAlgorithm = (typeof jwtAlgorithms)[number]

/** Whose tokens count, and which of them. Plain data, so that it can be posted to workers. */
export interface TokenIssuer {
  readonly issuer: string
  /** The token must be for one of these. */
  readonly audience: readonly string[]
  /** Or for one of these, where a route asks for it by name. */
  readonly otherAudience?: readonly string[]
  readonly algorithms: readonly JwtAlgorithm[]
  /** `at+jwt`: access tokens of RFC 9068 alone. `any`: also plain JWTs, as most issuers write them. */
  readonly typ: 'at+jwt' | 'any'
  readonly keys: readonly PublicJwk[]
}

export interface PublicJwk extends JsonWebKey {
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
}

export interface UnverifiedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

export type JwtResult =
  | { readonly ok: true; readonly claims: JWTPayload & { readonly exp: number } }
  | { readonly ok: false; readonly why: JwtFault }

export type JwtFault =
  | 'malformed'
  | 'algorithm'
  | 'unknown-key'
  | 'signature'
  | 'expired'
  | 'not-yet'
  | 'audience'
  | 'issuer'
  | 'type'
  | 'claims'

/** Longer ones are refused unread. */
const jwtBytesMax = 8192
const depthMax = 16

/** What a token says of itself, with nothing of it believed; undefined when it is no signed JWT. */
export function readJwt(token: string): UnverifiedJwt | undefined {
  if (token.length > jwtBytesMax) return undefined
  const parts = token.split('.')
  if (parts.length !== 3 || parts.some(part => !/^[\w-]*$/.test(part))) return undefined
  // One text has one spelling: spare bits at the end of a part must be zero.
  if (parts.some(part => Buffer.from(part, 'base64url').toString('base64url') !== part)) return undefined
  const header = decode(parts[0])
  const claims = decode(parts[1])
  return header && claims && { header, claims }
}

function decode(part = ''): Readonly<Record<string, unknown>> | undefined {
  const bytes = Buffer.from(part, 'base64url')
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? parseStrictObject(text, depthMax) : undefined
}

export interface JwtClock {
  readonly nowMs: number
  /** How far the issuer's clock may be from ours. */
  readonly skewMs: number
}

export async function verifyJwt(token: string, from: TokenIssuer, { nowMs, skewMs }: JwtClock): Promise<JwtResult> {
  const read = readJwt(token)
  if (!read) return { ok: false, why: 'malformed' }
  const { alg, kid, typ, cty, crit } = read.header
  const algorithm = from.algorithms.find(name => name === alg)
  if (algorithm === undefined) return { ok: false, why: 'algorithm' }
  if (crit !== undefined || cty !== undefined) return { ok: false, why: 'malformed' }
  if (!isTyp(typ, from.typ)) return { ok: false, why: 'type' }
  const key = keyFor(from, algorithm, kid)
  if (!key) return { ok: false, why: 'unknown-key' }
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer: from.issuer,
      audience: [...from.audience, ...(from.otherAudience ?? [])],
      clockTolerance: skewMs / 1000,
      currentDate: new Date(nowMs),
      requiredClaims: ['exp'],
    })
    const { exp, iat } = payload
    if (exp === undefined) return { ok: false, why: 'claims' }
    // A token from the future was not made by a clock that we can reckon with.
    if (iat !== undefined && iat * 1000 > nowMs + skewMs) return { ok: false, why: 'not-yet' }
    return { ok: true, claims: { ...payload, exp } }
  } catch (error) {
    return { ok: false, why: faultOf(error) }
  }
}

function isTyp(typ: unknown, wanted: TokenIssuer['typ']): boolean {
  const name = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ
  if (name === 'at+jwt') return true
  return wanted === 'any' && (name === undefined || name === 'jwt')
}

/** Imported keys of an issuer, as long as that very object is in use. */
const imported = new WeakMap<PublicJwk, KeyObject>()

const keyTypes: Readonly<Record<string, string>> = { ES: 'EC', Ed: 'OKP', RS: 'RSA', PS: 'RSA' }
const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', EdDSA: 'Ed25519' }

/** The one key that a token may be signed with: by its id, or the only one that fits when the token names none. */
function keyFor({ keys }: TokenIssuer, algorithm: JwtAlgorithm, kid: unknown): KeyObject | undefined {
  const fitting = keys.filter(
    key =>
      key.kty === keyTypes[algorithm.slice(0, 2)] &&
      (curves[algorithm] === undefined || key.crv === curves[algorithm]) &&
      (key.alg === undefined || key.alg === algorithm || (algorithm === 'EdDSA' && key.alg === 'Ed25519')) &&
      (key.use === undefined || key.use === 'sig') &&
      (kid === undefined || key.kid === kid),
  )
  const [jwk] = fitting
  if (!jwk || fitting.length > 1) return undefined
  let key = imported.get(jwk)
  if (!key) {
    try {
      key = createPublicKey({ key: jwk, format: 'jwk' })
    } catch {
      return undefined
    }
    imported.set(jwk, key)
  }
  return key
}

function faultOf(error: unknown): JwtFault {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error
    return claim === 'aud' ? 'audience' : claim === 'iss' ? 'issuer' : claim === 'nbf' ? 'not-yet' : 'claims'
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm'
  return 'malformed'
}
