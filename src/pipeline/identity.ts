// Who a request speaks for, and what a guard may ask to find out. The answers are held in the worker's memory: nothing
// here waits for a store or the network (accounts/mirror.ts implements it).

import type { PublicJwk, TokenIssuer } from '../lib/jwt.ts'
import type { Marks } from '../store/store.ts'
import type { ClientCertificate } from './exchange.ts'
import type { Quota } from './quota.ts'

/** Names of roles and groups, as entities of policies have them (`Role::"admin"`). */
export const membershipPattern = /^[A-Za-z0-9:._/-]{1,64}$/
export const membershipProblem = 'may hold letters, digits and : . _ / -, 64 at the most'

/** Who was authenticated. Never the credential. */
export interface Principal {
  readonly kind: 'client' | 'user' | 'apiKey'
  readonly id: string
  readonly scopes: readonly string[]
  /** As the claims of its token say, and for machines their scopes `role:…` and `group:…`. */
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** The OAuth client that acts, for itself or for a user; empty for API keys. */
  readonly clientId: string
  /** How it was authenticated (`acr`); empty when nobody says. */
  readonly acr: string
  /** When that was (`auth_time`); undefined when nobody says. */
  readonly authTimeMs?: number
  /** What its user allowed, as our authorization server names it (`grant_id`); of tokens that came of that. */
  readonly grantId?: string
  /** Who vouches for it: the issuer of its token; empty for API keys, which are ours. */
  readonly issuer: string
  /** What it may use; of API keys. */
  readonly quota?: Quota
}

/** An API key that is known and not revoked. Whether it may be used now and from there is the guard's question. */
export interface KnownKey {
  readonly id: string
  readonly scopes: readonly string[]
  readonly expiresAtMs: number | undefined
  /** Addresses and networks it may be used from; everywhere when empty. */
  readonly networks: readonly string[]
  readonly quota?: Quota
  /** It opens nothing: whoever has it has stolen it. */
  readonly isCanary: boolean
}

/** A client that proves who it is with each request: by its certificate, or by signing. */
export interface KnownClient {
  readonly id: string
  readonly scopes: readonly string[]
  readonly keys: readonly PublicJwk[]
}

/** An access token of ours that is but a name. */
export interface KnownToken {
  /** As a JWT would hold them. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly expiresAtMs: number
}

/** What statements to upstreams are signed with (upstream/signed-verdict.ts). */
export interface VerdictKeys {
  /** Ed25519, with its private half. */
  readonly private: PublicJwk & { readonly kid: string }
  /** What is published. */
  readonly public: readonly PublicJwk[]
}

export interface Identity {
  /** Undefined until there are some. */
  readonly verdictKeys: VerdictKeys | undefined
  readonly issuers: ReadonlyMap<string, TokenIssuer>
  /** What is known may be out of date: nobody can be let in. */
  readonly isStale: boolean
  findKey(secret: string, nowMs: number): KnownKey | undefined
  /** A key that another system gave out, so it may look like anything. */
  findImportedKey(secret: string): KnownKey | undefined
  /** By the SHA-256 of the token, in base64url: one of ours, or what another issuer has said of one of its own. */
  findToken(hash: string, nowMs: number): KnownToken | 'inactive' | undefined
  /** Asks issuers about a token that nothing is known of. Undefined when there is nobody to ask. */
  introspect(token: string, hash: string, nowMs: number): Promise<KnownToken | 'inactive' | 'unavailable'> | undefined
  /** Whether one of these (see `deniableOf`) was revoked, for tokens issued then. */
  isDenied(whats: readonly string[], issuedAtMs: number): boolean
  /** What nonces are made with; the same on every worker. */
  readonly nonceSecret: Uint8Array
  /** Proofs that were seen, on every worker. */
  readonly marks: Marks
  findClient(id: string): KnownClient | undefined
  /** The client that a verified certificate was registered for. */
  findCertificate(certificate: ClientCertificate): KnownClient | undefined
  /** Tells that a key was used, for `last used`. */
  keyUsed(id: string, nowMs: number): void
  /** Asks for fresh keys of an issuer, because a token names one that is not known. Bounded on the other side. */
  wantKeys(issuer: string): void
}

/** What a token can be revoked by: itself, its client, its user, and the grant that it came from. */
export function deniableOf(claims: Readonly<Record<string, unknown>>): readonly string[] {
  const { jti, client_id: client, azp, sub, grant_id: grant } = claims
  const all = { token: jti, client: client ?? azp, user: sub, grant }
  return Object.entries(all).flatMap(([kind, id]) => (typeof id === 'string' && id !== '' ? [`${kind}:${id}`] : []))
}
