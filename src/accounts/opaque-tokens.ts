// Access tokens of ours that are but a name: what they stand for, by the hash of the name. Workers hold a copy, as they
// do of API keys, so that no request waits for a store and a revocation holds at once.

import type { AdapterPayload } from 'oidc-provider'
import type { Records } from '../store/store.ts'
import { allRecords } from './changed-record.ts'
import type { TokenEntry } from './update.ts'

/** Models of the provider that are access tokens. */
export const tokenModels: readonly string[] = ['AccessToken', 'ClientCredentials']
export const tokenKinds: readonly string[] = tokenModels.map(model => `oidc:${model}`)
/** Workers hold each in memory, under 1 KB. Whoever needs more has JWTs. */
const defaultMax = 200_000

export interface OpaqueToken extends TokenEntry {
  readonly grantId: string | undefined
}

export class OpaqueTokens {
  readonly #max: number
  readonly #entries = new Map<string, OpaqueToken>()
  /** By the grant that they were issued for. */
  readonly #grants = new Map<string, Set<string>>()

  /** Whose they are, once they are loaded. */
  issuer: string | undefined

  constructor(max = defaultMax) {
    this.#max = max
  }

  get isFull(): boolean {
    return this.#entries.size >= this.#max
  }

  entries(): readonly TokenEntry[] {
    return [...this.#entries.values()].map(entryOf)
  }

  async load(records: Records, issuer: string, nowMs: number): Promise<void> {
    for (const kind of tokenKinds) {
      for (const [hash, payload] of await allRecords<AdapterPayload>(records, kind)) {
        const token = tokenOf(hash, payload, issuer)
        if (token.expiresAtMs > nowMs) this.add(token)
      }
    }
    this.issuer = issuer
  }

  /** After changes by other gateways may have been missed; gives the hashes of what is gone. */
  async reload(records: Records, nowMs: number): Promise<readonly string[]> {
    const before = [...this.#entries.keys()]
    this.#entries.clear()
    this.#grants.clear()
    if (this.issuer !== undefined) await this.load(records, this.issuer, nowMs)
    return before.filter(hash => !this.#entries.has(hash))
  }

  /** Takes over what another gateway has changed; undefined when it is gone. */
  async take(records: Records, kind: string, hash: string): Promise<TokenEntry | undefined> {
    const record = await records.get(kind, hash)
    if (record && this.issuer !== undefined) {
      return this.add(tokenOf(hash, JSON.parse(record.json) as AdapterPayload, this.issuer))
    }
    this.remove(hash)
    return undefined
  }

  add(token: OpaqueToken): TokenEntry {
    this.#entries.set(token.hash, token)
    if (token.grantId !== undefined) {
      const own = this.#grants.get(token.grantId) ?? new Set()
      this.#grants.set(token.grantId, own.add(token.hash))
    }
    return entryOf(token)
  }

  remove(hash: string): void {
    const token = this.#entries.get(hash)
    if (!token) return
    this.#entries.delete(hash)
    const own = token.grantId === undefined ? undefined : this.#grants.get(token.grantId)
    own?.delete(hash)
    if (own?.size === 0) this.#grants.delete(token.grantId ?? '')
  }

  /** The tokens of a grant, which are gone with it. */
  removeGrant(grantId: string): readonly string[] {
    const hashes = [...(this.#grants.get(grantId) ?? [])]
    for (const hash of hashes) this.remove(hash)
    return hashes
  }

  /** Forgets what has expired. */
  sweep(nowMs: number): void {
    for (const { hash, expiresAtMs } of [...this.#entries.values()]) if (expiresAtMs <= nowMs) this.remove(hash)
  }
}

function entryOf({ hash, claims, expiresAtMs }: OpaqueToken): TokenEntry {
  return { hash, claims, expiresAtMs }
}

/** Claims as a JWT of the same token would hold them (RFC 9068). */
export function tokenOf(hash: string, payload: AdapterPayload, issuer: string): OpaqueToken {
  const { accountId, clientId, aud, scope, exp = 0, iat, jkt, 'x5t#S256': x5t, grantId, extra } = payload
  const cnf =
    jkt === undefined && x5t === undefined ? undefined : { ...(jkt && { jkt }), ...(x5t && { 'x5t#S256': x5t }) }
  const own = { iss: issuer, sub: accountId ?? clientId, aud, client_id: clientId, scope, exp, iat, cnf }
  const claims = { ...extra, ...own }
  return { hash, claims, expiresAtMs: exp * 1000, grantId }
}
