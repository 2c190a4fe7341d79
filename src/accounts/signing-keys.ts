// Keys that sign tokens: made here, sealed in the store, replaced on schedule. A new key is published before it signs,
// and an old one after it has signed, so that nobody who holds the key set for a while ever meets an unknown key.

import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { JwtAlgorithm, PublicJwk } from '../lib/jwt.ts'
import type { Records } from '../store/store.ts'
import { allRecords } from './changed-record.ts'
import type { Keyring } from './keyring.ts'
import { MasterKeyError } from './master-key.ts'

/** Of tokens. */
export const signingKind = 'signing-key'
/** Of statements to upstreams. */
export const verdictKind = 'verdict-key'
const dayMs = 86_400_000
/** How long a key is published before it signs. */
const aheadMs = dayMs
/** How long a key stays published after another signs: longer than any token lives. */
const overlapMs = dayMs

export type SigningAlgorithm = Extract<JwtAlgorithm, 'ES256' | 'EdDSA' | 'RS256'>

/** What a key keeps to itself; of EC and Ed25519 keys it is `d` alone. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const

interface KeyData {
  readonly alg: SigningAlgorithm
  readonly publicJwk: PublicJwk
  readonly sealed: string
  readonly signsFromMs: number
}

interface SigningKey extends KeyData {
  readonly kid: string
}

export interface SigningKeySet {
  /** With their private halves; the one that signs comes first. */
  readonly private: readonly JWK[]
  /** What is published, the same keys. */
  readonly public: readonly PublicJwk[]
}

export class SigningKeys {
  readonly #records: Records
  readonly #keyring: Keyring
  readonly #now: () => number

  readonly #kind: string

  constructor(records: Records, keyring: Keyring, now: () => number, kind = signingKind) {
    this.#kind = kind
    this.#records = records
    this.#keyring = keyring
    this.#now = now
  }

  /** Makes and removes keys as their times want it, and gives those that count now. */
  async current(alg: SigningAlgorithm, rotateMs: number): Promise<SigningKeySet> {
    const nowMs = this.#now()
    const keys = await this.#all()
    const own = keys.filter(key => key.alg === alg)
    const newest = own[0]
    if (!newest) own.unshift(await this.#create(alg, nowMs))
    else if (newest.signsFromMs + rotateMs - aheadMs <= nowMs) {
      own.unshift(await this.#create(alg, Math.max(nowMs + aheadMs, newest.signsFromMs + rotateMs)))
    }
    const signing = own.find(key => key.signsFromMs <= nowMs) ?? own[0]
    // Keys of another algorithm are those from before it was changed in the config.
    const others = keys.filter(key => key.alg !== alg)
    const published = [...own, ...others].filter(key => {
      const next = key.alg === alg ? own[own.indexOf(key) - 1] : own.at(-1)
      return next === undefined || next.signsFromMs + overlapMs > nowMs
    })
    for (const key of keys) if (!published.includes(key)) await this.#records.delete(this.#kind, key.kid)
    const ordered = [...published].sort((a, b) => Number(b === signing) - Number(a === signing))
    return { private: ordered.map(key => this.#open(key)), public: ordered.map(({ publicJwk }) => publicJwk) }
  }

  /** What is published, for who only looks. */
  async published(): Promise<readonly PublicJwk[]> {
    return (await this.#all()).map(({ publicJwk }) => publicJwk)
  }

  /** Newest first. */
  async #all(): Promise<SigningKey[]> {
    const all = await allRecords<KeyData>(this.#records, this.#kind)
    return all.map(([kid, data]) => ({ kid, ...data })).sort((a, b) => b.signsFromMs - a.signsFromMs)
  }

  async #create(alg: SigningAlgorithm, signsFromMs: number): Promise<SigningKey> {
    const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
    const jwk = (await exportJWK(privateKey)) as Readonly<Record<string, unknown>>
    const kid = randomUUID()
    const isPrivate = ([name]: readonly [string, unknown]) => privateMembers.some(member => member === name)
    const own = Object.entries(jwk).filter(isPrivate)
    const rest = Object.entries(jwk).filter(entry => !isPrivate(entry))
    const publicJwk = { ...Object.fromEntries(rest), kid, alg, use: 'sig' } as PublicJwk
    const sealed = this.#keyring.seal(JSON.stringify(Object.fromEntries(own)), placeOf(this.#kind, kid))
    const data: KeyData = { alg, publicJwk, sealed, signsFromMs }
    await this.#records.put({ kind: this.#kind, id: kid, json: JSON.stringify(data) }, 0)
    return { kid, ...data }
  }

  #open({ kid, publicJwk, sealed }: SigningKey): JWK {
    const text = this.#keyring.open(sealed, placeOf(this.#kind, kid))
    if (text === undefined) throw new MasterKeyError(`the signing key ${kid} can't be opened with this master key`)
    // Keys of before there was RSA are their `d` alone.
    const own = text.startsWith('{') ? (JSON.parse(text) as object) : { d: text }
    return { ...publicJwk, ...own } as JWK
  }
}

function placeOf(kind: string, kid: string): string {
  return `${kind}/${kid}`
}
