// A worker's copy of what it must know of accounts. The main thread posts every change as it happens, so a revocation
// holds on every worker as soon as the message is read.

import { hash } from 'node:crypto'
import type { TokenIssuer } from '../lib/jwt.ts'
import { Lru } from '../lib/lru.ts'
import type { ClientCertificate } from '../pipeline/exchange.ts'
import type { Identity, KnownClient, KnownKey, KnownToken, VerdictKeys } from '../pipeline/identity.ts'
import type { Marks } from '../store/store.ts'
import { namesOf } from './certificate-names.ts'
import { type Introspected, Introspector } from './introspector.ts'
import { pepperedHash } from './keyring.ts'
import {
  type ClientEntry,
  type DeniedEntry,
  type IdentityState,
  type IdentityUpdate,
  isDeniedBy,
  type KeyEntry,
  type TokenEntry,
} from './update.ts'

export interface MirrorOutput {
  readonly onUsed: (used: readonly (readonly [id: string, atMs: number])[]) => void
  readonly onWantKeys: (issuer: string) => void
}

/** `last used` is told this often: it is for people who clean up, not for limits. */
const usedEveryMs = 2000
/** Keys whose peppered hash is remembered. */
const rememberedMax = 10_000
/** Expired denials and tokens go when there are this many more than after the last sweep. */
const sweepEvery = 1000

export class IdentityMirror implements Identity {
  readonly issuers = new Map<string, TokenIssuer>()
  isStale = false
  verdictKeys: VerdictKeys | undefined
  readonly nonceSecret: Uint8Array
  readonly marks: Marks
  readonly #pepper: Uint8Array
  readonly #output: MirrorOutput
  readonly #keys = new Map<string, KeyEntry>()
  /** By hash; the old secret of a rotated key until its time is over. */
  readonly #hashes = new Map<string, { readonly key: KeyEntry; readonly untilMs: number | undefined }>()
  /** Peppered hashes of good keys by their plain hash, which is ten times as fast. */
  readonly #peppered = new Lru<string, string>(rememberedMax)
  readonly #clients = new Map<string, ClientEntry>()
  /** By the name of their certificate. */
  readonly #certificates = new Map<string, ClientEntry>()
  readonly #introspector = new Introspector()
  readonly #tokens = new Map<string, TokenEntry>()
  #sweepTokensAt = sweepEvery
  readonly #denied = new Map<string, DeniedEntry>()
  #sweepAt = sweepEvery
  readonly #used = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(state: IdentityState, marks: Marks, output: MirrorOutput) {
    this.#pepper = state.pepper
    this.nonceSecret = state.nonceSecret
    this.marks = marks
    this.#output = output
    this.update(state)
  }

  update(update: IdentityUpdate): void {
    const { issuers, introspection, keys = [], removedKeys = [], denied = [] } = update
    const { tokens = [], removedTokens = [], clients = [], removedClients = [] } = update
    for (const id of [...removedClients, ...clients.map(({ id }) => id)]) this.#removeClient(id)
    for (const client of clients) {
      this.#clients.set(client.id, client)
      if (client.certificate !== undefined) this.#certificates.set(client.certificate, client)
    }
    if (introspection) this.#introspector.use(introspection)
    this.isStale = update.stale ?? this.isStale
    this.verdictKeys = update.verdictKeys ?? this.verdictKeys
    if (issuers) {
      this.issuers.clear()
      for (const issuer of issuers) this.issuers.set(issuer.issuer, issuer)
    }
    for (const id of removedKeys) this.#remove(id)
    for (const key of keys) {
      this.#remove(key.id)
      this.#keys.set(key.id, key)
      for (const { hash, untilMs } of key.hashes) this.#hashes.set(hash, { key, untilMs })
    }
    for (const token of tokens) this.#tokens.set(token.hash, token)
    for (const hash of removedTokens) this.#tokens.delete(hash)
    if (this.#tokens.size > this.#sweepTokensAt) this.#sweepTokens()
    for (const entry of denied) this.#denied.set(entry.what, entry)
    if (this.#denied.size > this.#sweepAt) this.#sweep()
  }

  findKey(secret: string, nowMs: number): KnownKey | undefined {
    const plain = hash('sha256', secret, 'base64url')
    const known = this.#peppered.get(plain)
    const peppered = known ?? pepperedHash(this.#pepper, secret)
    const found = this.#hashes.get(peppered)
    if (!found || (found.untilMs !== undefined && found.untilMs <= nowMs)) return undefined
    if (known === undefined) this.#peppered.set(plain, peppered)
    return found.key
  }

  findToken(hash: string, nowMs: number): KnownToken | 'inactive' | undefined {
    return this.#tokens.get(hash) ?? this.#introspector.known(hash, nowMs)
  }

  introspect(token: string, hash: string, nowMs: number): Promise<Introspected> | undefined {
    return this.#introspector.ask(token, hash, nowMs)
  }

  isDenied(whats: readonly string[], issuedAtMs: number): boolean {
    for (const what of whats) {
      const entry = this.#denied.get(what)
      if (entry && isDeniedBy(entry, issuedAtMs)) return true
    }
    return false
  }

  findClient(id: string): KnownClient | undefined {
    return this.#clients.get(id)
  }

  /** When two clients were registered for names of one certificate, nobody can say which of them it is. */
  findCertificate(certificate: ClientCertificate): KnownClient | undefined {
    const found = new Set(namesOf(certificate).flatMap(name => this.#certificates.get(name) ?? []))
    const [client] = found
    return found.size === 1 ? client : undefined
  }

  #removeClient(id: string): void {
    const { certificate } = this.#clients.get(id) ?? {}
    if (certificate !== undefined && this.#certificates.get(certificate)?.id === id)
      this.#certificates.delete(certificate)
    this.#clients.delete(id)
  }

  keyUsed(id: string, nowMs: number): void {
    this.#used.set(id, nowMs)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const used = [...this.#used]
      this.#used.clear()
      this.#output.onUsed(used)
    }, usedEveryMs).unref()
  }

  wantKeys(issuer: string): void {
    this.#output.onWantKeys(issuer)
  }

  #remove(id: string): void {
    const known = this.#keys.get(id)
    if (!known) return
    for (const { hash } of known.hashes) this.#hashes.delete(hash)
    this.#keys.delete(id)
  }

  #sweepTokens(nowMs = Date.now()): void {
    for (const [hash, { expiresAtMs }] of this.#tokens) if (expiresAtMs < nowMs) this.#tokens.delete(hash)
    this.#sweepTokensAt = this.#tokens.size + sweepEvery
  }

  #sweep(nowMs = Date.now()): void {
    for (const [what, { untilMs }] of this.#denied) if (untilMs < nowMs) this.#denied.delete(what)
    this.#sweepAt = this.#denied.size + sweepEvery
  }
}

export function deniedToken(tokenId: string, untilMs: number): DeniedEntry {
  return { what: `token:${tokenId}`, untilMs }
}
