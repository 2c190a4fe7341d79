// Bearer tokens: verified once, then known by their hash until they expire, are revoked, or their issuer's keys change.

import { hash } from 'node:crypto'
import { type JwtFault, readJwt, type TokenIssuer, verifyJwt } from '../../lib/jwt.ts'
import { Lru } from '../../lib/lru.ts'
import { deniableOf, type Identity, type KnownToken, type Principal } from '../../pipeline/identity.ts'
import { type Binding, bindingOf } from './binding.ts'
import { membership } from './membership.ts'

export type TokenResult =
  | {
      readonly ok: true
      readonly principal: Principal
      readonly binding: Binding
      /** What tokens of its issuer are for. */
      readonly audience: readonly string[]
      /** What this one is for. */
      readonly meantFor: readonly string[]
    }
  | { readonly ok: false; readonly why: JwtFault | 'revoked' | 'unknown' | 'unavailable' | 'blocked' }

interface Verified {
  readonly principal: Principal
  readonly binding: Binding
  readonly meantFor: readonly string[]
  readonly deniable: readonly string[]
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** The very object it was verified with: other keys are another object. */
  readonly issuer: TokenIssuer
  /** What it was found as, when it is but a name. */
  readonly found: KnownToken | undefined
}

/** Tokens whose verification a worker remembers. */
const rememberedMax = 10_000

type Claims = Readonly<Record<string, unknown>>

export class Tokens {
  readonly #identity: Identity
  readonly #skewMs: number
  readonly #verified = new Lru<string, Verified>(rememberedMax)

  constructor(identity: Identity, skewMs: number) {
    this.#identity = identity
    this.#skewMs = skewMs
  }

  /** @param isBlocked Whether nothing is verified for this client that was not verified before. */
  check(token: string, nowMs: number, isBlocked: () => boolean): TokenResult | Promise<TokenResult> {
    const key = hash('sha256', token, 'base64url')
    const known = this.#verified.get(key)
    if (known && this.#isCurrent(key, known, nowMs)) return this.#answer(key, known, nowMs)
    if (isBlocked()) return { ok: false, why: 'blocked' }
    // A JWT has dots, a name of ours has none.
    return token.includes('.') ? this.#verify(key, token, nowMs) : this.#find(key, token, nowMs)
  }

  #isCurrent(key: string, { issuer, found }: Verified, nowMs: number): boolean {
    if (this.#identity.issuers.get(issuer.issuer) !== issuer) return false
    return found === undefined || this.#identity.findToken(key, nowMs) === found
  }

  async #verify(key: string, token: string, nowMs: number): Promise<TokenResult> {
    const read = readJwt(token)
    if (!read) return { ok: false, why: 'malformed' }
    const issuer = this.#identity.issuers.get(String(read.claims['iss']))
    if (!issuer) return { ok: false, why: 'issuer' }
    const result = await verifyJwt(token, issuer, { nowMs, skewMs: this.#skewMs })
    if (!result.ok) {
      if (result.why === 'unknown-key') this.#identity.wantKeys(issuer.issuer)
      return result
    }
    return this.#remember(key, result.claims, result.claims.exp * 1000, issuer, undefined, nowMs)
  }

  #find(key: string, token: string, nowMs: number): TokenResult | Promise<TokenResult> {
    const found = this.#identity.findToken(key, nowMs)
    const asked = found === undefined ? this.#identity.introspect(token, key, nowMs) : undefined
    return asked ? asked.then(said => this.#judge(key, said, nowMs)) : this.#judge(key, found, nowMs)
  }

  #judge(key: string, found: KnownToken | 'inactive' | 'unavailable' | undefined, nowMs: number): TokenResult {
    if (found === 'unavailable') return { ok: false, why: 'unavailable' }
    if (found === 'inactive' || found === undefined) return { ok: false, why: 'unknown' }
    const issuer = this.#identity.issuers.get(String(found.claims['iss']))
    if (!issuer) return { ok: false, why: 'unknown' }
    return this.#remember(key, found.claims, found.expiresAtMs, issuer, found, nowMs)
  }

  #remember(
    key: string,
    claims: Claims,
    expiresAtMs: number,
    issuer: TokenIssuer,
    found: KnownToken | undefined,
    nowMs: number,
  ): TokenResult {
    const principal = principalOf(claims, issuer)
    const binding = bindingOf(claims['cnf'])
    if (!principal || !binding) return { ok: false, why: 'claims' }
    const { iat } = claims
    const issuedAtMs = typeof iat === 'number' ? iat * 1000 : 0
    const meantFor = [claims['aud'] ?? []].flat().map(textOf)
    const deniable = deniableOf(claims)
    const verified = { principal, binding, meantFor, deniable, issuedAtMs, expiresAtMs, issuer, found }
    this.#verified.set(key, verified)
    return this.#answer(key, verified, nowMs)
  }

  /** Expiry and revocation are looked at every time. */
  #answer(key: string, known: Verified, nowMs: number): TokenResult {
    if (known.expiresAtMs + this.#skewMs <= nowMs) {
      this.#verified.delete(key)
      return { ok: false, why: 'expired' }
    }
    if (this.#identity.isDenied(known.deniable, known.issuedAtMs)) return { ok: false, why: 'revoked' }
    const { principal, binding, meantFor, issuer } = known
    return { ok: true, principal, binding, audience: issuer.audience, meantFor }
  }
}

function principalOf(claims: Claims, { issuer }: TokenIssuer): Principal | undefined {
  const clientId = textOf(claims['client_id'] ?? claims['azp'])
  const id = textOf(claims['sub'] ?? clientId)
  if (id === '') return undefined
  // RFC 9068 §2.2: a token without a person behind it has its client as subject.
  const kind = id === clientId ? 'client' : 'user'
  const scopes = scopesOf(claims)
  const { acr, auth_time: authTime, grant_id: grantId } = claims
  const authenticated = { acr: textOf(acr), ...(typeof authTime === 'number' && { authTimeMs: authTime * 1000 }) }
  const granted = typeof grantId === 'string' && { grantId }
  return { kind, id, scopes, ...membership(kind, claims, scopes), clientId, ...authenticated, ...granted, issuer }
}

function textOf(claim: unknown): string {
  return typeof claim === 'string' ? claim : ''
}

/** `scope` as RFC 8693 and RFC 9068 have it; `scp` as some issuers write it. */
function scopesOf(claims: Readonly<Record<string, unknown>>): readonly string[] {
  const value = claims['scope'] ?? claims['scp']
  if (typeof value === 'string') return value.split(' ').filter(scope => scope !== '')
  return Array.isArray(value) ? value.filter(scope => typeof scope === 'string') : []
}
