// What workers must know of accounts to judge a request by themselves, and how it changes. Plain data: it is posted.

import type { PublicJwk, TokenIssuer } from '../lib/jwt.ts'
import type { VerdictKeys } from '../pipeline/identity.ts'
import type { Quota } from '../pipeline/quota.ts'
import type { IntrospectionEntry } from './introspector.ts'

export interface KeyEntry {
  readonly id: string
  /** The hash of the key, and of the one before it until its time is over. */
  readonly hashes: readonly { readonly hash: string; readonly untilMs: number | undefined }[]
  readonly scopes: readonly string[]
  readonly expiresAtMs: number | undefined
  readonly networks: readonly string[]
  readonly quota?: Quota
  readonly isCanary: boolean
}

/** A client that needs no token, because it signs or shows a certificate. */
export interface ClientEntry {
  readonly id: string
  readonly scopes: readonly string[]
  readonly keys: readonly PublicJwk[]
  /** The name of its certificate, as `nameKey` writes it. */
  readonly certificate: string | undefined
}

/** An access token of ours that is no JWT. */
export interface TokenEntry {
  /** SHA-256 of the token, base64url. */
  readonly hash: string
  /** As a JWT would hold them. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly expiresAtMs: number
}

/**
 * `token:JTI`, `client:ID`, `user:ID` or `grant:ID` (what one consent gave one client), until every token it is about
 * has expired.
 */
export interface DeniedEntry {
  readonly what: string
  readonly untilMs: number
  /** Tokens issued from then on are good; without it none is. */
  readonly issuedBeforeMs?: number
}

export interface IdentityState {
  readonly pepper: Uint8Array
  /** What nonces for DPoP proofs are made with. */
  readonly nonceSecret: Uint8Array
  readonly issuers: readonly TokenIssuer[]
  readonly introspection: readonly IntrospectionEntry[]
  readonly keys: readonly KeyEntry[]
  readonly clients: readonly ClientEntry[]
  readonly tokens: readonly TokenEntry[]
  readonly denied: readonly DeniedEntry[]
  /** What we know may be out of date, because the store that others change is out of reach: nobody is let in. */
  readonly stale: boolean
  readonly verdictKeys: VerdictKeys | undefined
}

/** Parts of the state that have changed. */
export interface IdentityUpdate {
  /** All of them. */
  readonly issuers?: readonly TokenIssuer[]
  /** All of them. */
  readonly introspection?: readonly IntrospectionEntry[]
  /** New or changed. */
  readonly keys?: readonly KeyEntry[]
  readonly removedKeys?: readonly string[]
  readonly clients?: readonly ClientEntry[]
  readonly removedClients?: readonly string[]
  readonly tokens?: readonly TokenEntry[]
  /** By their hash. */
  readonly removedTokens?: readonly string[]
  readonly denied?: readonly DeniedEntry[]
  readonly stale?: boolean
  readonly verdictKeys?: VerdictKeys | undefined
}

/** Whether an entry is about a token issued then. */
export function isDeniedBy({ issuedBeforeMs }: Pick<DeniedEntry, 'issuedBeforeMs'>, issuedAtMs: number): boolean {
  return issuedBeforeMs === undefined || issuedAtMs < issuedBeforeMs
}
