// Bearer tokens: verified once, then known by their hash until they expire, are revoked, or their issuer's keys change.

import { hash } from 'node:crypto'
import { type JwtFault, readJwt, type TokenIssuer, verifyJwt } from '../../lib/jwt.ts'
import { Lru } from '../../lib/lru.ts'
import { deniableOf, type Identity, type Principal } from '../../pipeline/identity.ts'
import { type Binding, bindingOf } from './binding.ts'
import { membership } from './membership.ts'

export type TokenResult =
  | {
      readonly ok: true
      readonly principal: Principal
      readonly binding: Binding
      /** What tokens of its issuer are for. */
      readonly audience: readonly string[]
    }
  | { readonly ok: false; readonly why: JwtFault | 'revoked' }

interface Verified {
  readonly principal: Principal
  readonly binding: Binding
  readonly deniable: readonly string[]
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** The very object it was verified with: other keys are another object. */
  readonly issuer: TokenIssuer
}

/** Tokens whose verification a worker remembers. */
const rememberedMax = 10_000

export class Tokens {
  readonly #identity: Identity
  readonly #skewMs: number
  readonly #verified = new Lru<string, Verified>(rememberedMax)

  constructor(identity: Identity, skewMs: number) {
    this.#identity = identity
    this.#skewMs = skewMs
  }

  check(token: string, nowMs: number): TokenResult | Promise<TokenResult> {
    const key = hash('sha256', token, 'base64url')
    const known = this.#verified.get(key)
    if (known && this.#identity.issuers.get(known.issuer.issuer) === known.issuer) {
      return this.#answer(key, known, nowMs)
    }
    return this.#verify(key, token, nowMs)
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
    const { sub, exp, iat, client_id: client, azp } = result.claims
    const clientId = String(client ?? azp ?? '')
    const id = sub ?? clientId
    const binding = bindingOf(result.claims['cnf'])
    if (id === '' || !binding) return { ok: false, why: 'claims' }
    // RFC 9068 §2.2: a token without a person behind it has its client as subject.
    const kind = id === clientId ? 'client' : 'user'
    const scopes = scopesOf(result.claims)
    const acr = typeof result.claims['acr'] === 'string' ? result.claims['acr'] : ''
    const verified: Verified = {
      principal: {
        kind,
        id,
        scopes,
        ...membership(kind, result.claims, scopes),
        clientId,
        acr,
        issuer: issuer.issuer,
      },
      binding,
      deniable: deniableOf(result.claims),
      issuedAtMs: (iat ?? 0) * 1000,
      expiresAtMs: exp * 1000,
      issuer,
    }
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
    const { principal, binding, issuer } = known
    return { ok: true, principal, binding, audience: issuer.audience }
  }
}

/** `scope` as RFC 8693 and RFC 9068 have it; `scp` as some issuers write it. */
function scopesOf(claims: Readonly<Record<string, unknown>>): readonly string[] {
  const value = claims['scope'] ?? claims['scp']
  if (typeof value === 'string') return value.split(' ').filter(scope => scope !== '')
  return Array.isArray(value) ? value.filter(scope => typeof scope === 'string') : []
}
