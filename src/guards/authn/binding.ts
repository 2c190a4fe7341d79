// Whether who sends a token is who it was issued to: a token may be bound to a key, for which the request brings a DPoP
// proof (RFC 9449), or to a client certificate (RFC 8705). One that is bound and comes without is a stolen one.

import type { Exchange } from '../../pipeline/exchange.ts'
import type { Identity } from '../../pipeline/identity.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { type Proof, Proofs } from './dpop.ts'
import { Nonces, nonceTtlMs } from './nonces.ts'
import type { AuthnOptions } from './options.ts'
import { refuse, type Scheme } from './refusal.ts'

/** `cnf` of a token. */
export interface Binding {
  /** Thumbprint of a key. */
  readonly jkt: string | undefined
  /** Hash of a certificate. */
  readonly x5t: string | undefined
}

const unbound: Binding = { jkt: undefined, x5t: undefined }

/** Undefined when the token is bound to something that can't be checked here. */
export function bindingOf(cnf: unknown): Binding | undefined {
  if (cnf === undefined) return unbound
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return undefined
  const { jkt, 'x5t#S256': x5t, ...rest } = cnf as Readonly<Record<string, unknown>>
  if (Object.keys(rest).length > 0 || (jkt === undefined && x5t === undefined)) return undefined
  if ((jkt !== undefined && typeof jkt !== 'string') || (x5t !== undefined && typeof x5t !== 'string')) return undefined
  return { jkt, x5t }
}

export interface BoundToken {
  readonly token: string
  readonly scheme: Scheme
  readonly binding: Binding
  /** What tokens of its issuer are for. */
  readonly audience: readonly string[]
}

const onlyDpop: readonly Scheme[] = ['DPoP']

export class Bindings {
  readonly #options: AuthnOptions
  readonly #identity: Identity
  readonly #proofs = new Proofs()
  readonly #nonces: Nonces
  readonly #origins = new WeakMap<readonly string[], readonly string[]>()

  constructor(options: AuthnOptions, identity: Identity) {
    this.#options = options
    this.#identity = identity
    this.#nonces = new Nonces(identity.nonceSecret)
  }

  /** Says nothing when the sender is the right one. */
  check(ex: Exchange, bound: BoundToken, nowMs: number): Verdict | undefined {
    const { scheme, binding } = bound
    const invalid = { error: 'invalid_token', schemes: [scheme] }
    if (binding.jkt === undefined && scheme === 'DPoP') {
      return refuse('authn.binding', 'the access token is bound to no key, and came with one', invalid)
    }
    if (binding.x5t !== undefined && binding.x5t !== certificateHash(ex)) {
      return refuse('authn.binding', 'the access token is bound to another client certificate', invalid)
    }
    if (binding.jkt !== undefined) return this.#checkProof(ex, bound, binding.jkt, nowMs)
    if (binding.x5t === undefined && this.#options.requireBound) {
      const schemes = onlyDpop
      return refuse('authn.binding', 'the access token is bound to nothing', { error: 'invalid_token', schemes })
    }
    return undefined
  }

  #checkProof(ex: Exchange, bound: BoundToken, jkt: string, nowMs: number): Verdict | undefined {
    const { token, scheme } = bound
    if (scheme !== 'DPoP') {
      const detail = 'the access token is bound to a key, and came without'
      return refuse('authn.binding', detail, { error: 'invalid_token', schemes: onlyDpop })
    }
    const [text, ...more] = ex.headers.getAll('dpop')
    if (text === undefined || more.length > 0) return badProof(text === undefined ? 'missing' : 'there twice')
    const origins = this.#originsOf(bound.audience)
    if (origins.length === 0) return badProof('for a service whose address nobody knows: set `origins`')
    const result = this.#proofs.verify(text, { method: ex.method, origins, path: ex.path, accessToken: token })
    if (!result.ok) return badProof(`refused: ${result.why}`)
    if (result.proof.jkt !== jkt) {
      const detail = 'the access token is bound to another key'
      return refuse('authn.binding', detail, { error: 'invalid_token', schemes: onlyDpop })
    }
    return this.#checkFreshness(ex, result.proof, nowMs)
  }

  /** Last, so that nobody without a token and its key can make us remember anything. */
  #checkFreshness(ex: Exchange, { jkt, jti, issuedMs, nonce }: Proof, nowMs: number): Verdict | undefined {
    const { marks } = this.#identity
    const { maxAge, nonce: wantsNonce } = this.#options.dpop
    let untilMs: number
    if (nonce === undefined) {
      if (wantsNonce) return this.#askNonce('without a nonce', nowMs)
      if (issuedMs > nowMs + this.#options.clockSkew || issuedMs + maxAge <= nowMs) {
        return this.#askNonce('made at another time', nowMs)
      }
      if (issuedMs <= marks.sinceMs) return this.#askNonce('older than what is remembered', nowMs)
      untilMs = issuedMs + maxAge
    } else {
      const known = this.#nonces.check(nonce, nowMs)
      if (!known) return this.#askNonce('made with a nonce that is none of ours or too old', nowMs)
      if (known.madeMs <= marks.sinceMs) return this.#askNonce('older than what is remembered', nowMs)
      untilMs = known.madeMs + nonceTtlMs
      if (known.isOld) ex.extraHeaders.push('dpop-nonce', this.#nonces.next(nowMs))
    }
    const mark = marks.mark(`dpop ${jkt} ${jti}`, untilMs - nowMs, nowMs)
    if (mark === 'first') return undefined
    if (mark === 'again') return badProof('a replay')
    const reason = { code: 'authn.busy', detail: 'more DPoP proofs than can be remembered' } as const
    return { kind: 'deny', status: 503, reason, retryAfterMs: 10_000 }
  }

  #askNonce(why: string, nowMs: number): Verdict {
    const refusal = { error: 'use_dpop_nonce', schemes: onlyDpop, nonce: this.#nonces.next(nowMs) }
    return refuse('authn.nonce', `the DPoP proof is ${why}`, refusal)
  }

  #originsOf(audience: readonly string[]): readonly string[] {
    const { origins } = this.#options
    if (origins.length > 0) return origins
    let known = this.#origins.get(audience)
    if (!known) {
      known = audience.flatMap(text => {
        const url = URL.parse(text)
        return url && /^https?:$/.test(url.protocol) ? [url.origin] : []
      })
      this.#origins.set(audience, known)
    }
    return known
  }
}

function badProof(why: string): Verdict {
  const refusal = { error: 'invalid_dpop_proof', schemes: onlyDpop }
  return refuse('authn.invalid-proof', `the DPoP proof is ${why}`, refusal)
}

/** As `x5t#S256` has it. */
function certificateHash(ex: Exchange): string | undefined {
  const fingerprint = ex.client.tls?.certificate?.fingerprint
  return fingerprint === undefined ? undefined : Buffer.from(fingerprint, 'hex').toString('base64url')
}
