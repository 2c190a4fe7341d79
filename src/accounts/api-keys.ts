// API keys: `mk_ENV_RANDOM_CHECK`, shown once, kept as a peppered hash. A key has an id of its own, so that it can be
// talked about; rotating gives the id a new secret, and the old one works for a while. Keys that another system gave out
// are known by their SHA-256 alone. Their secrets may be weak, so that hash is sealed where ours are only hashed.

import { createCheckedToken, randomBase62 } from '../lib/checked-token.ts'
import type { Quota } from '../pipeline/quota.ts'
import type { Records } from '../store/store.ts'
import { allRecords, byName, changeRecord } from './changed-record.ts'
import { AccountFailure } from './failure.ts'
import type { ImportedKey, ImportReport } from './imported-key.ts'
import type { Keyring } from './keyring.ts'
import type { KeyEntry } from './update.ts'

export const apiKeyKind = 'api-key'
const kind = apiKeyKind
const secretBits = 160

export interface KeyInput {
  readonly name: string
  /** `live`, `test` …: stands in the key, so that one can see where it belongs. */
  readonly env: string
  readonly owner: string
  readonly scopes: readonly string[]
  readonly expiresAtMs: number | undefined
  readonly networks: readonly string[]
  readonly quota?: Quota
  /** A bait: it is laid out to be found, opens nothing, and whoever uses it has stolen it. */
  readonly canary: boolean
}

interface KeyData extends Omit<KeyInput, 'canary'> {
  readonly canary?: boolean
  readonly hashes: readonly { readonly hash: string; readonly untilMs?: number }[]
  /** The SHA-256 of a key that another system gave out, sealed; it has no `hashes`. */
  readonly sealed?: string
  /** The start of the key, to find it again in a list. */
  readonly hint: string
  readonly createdAtMs: number
  readonly rotatedAtMs?: number
  readonly revokedAtMs?: number
  readonly lastUsedAtMs?: number
}

export interface ApiKey extends KeyInput {
  readonly keyId: string
  readonly hint: string
  readonly createdAtMs: number
  readonly rotatedAtMs: number | undefined
  readonly revokedAtMs: number | undefined
  readonly lastUsedAtMs: number | undefined
}

export interface IssuedKey {
  readonly keyId: string
  readonly key: string
}

export class ApiKeys {
  readonly #records: Records
  readonly #keyring: Keyring
  readonly #now: () => number

  constructor(records: Records, keyring: Keyring, now: () => number) {
    this.#records = records
    this.#keyring = keyring
    this.#now = now
  }

  async create(input: KeyInput): Promise<{ readonly issued: IssuedKey; readonly entry: KeyEntry }> {
    const keyId = `key_${randomBase62(90)}`
    const key = createCheckedToken(`mk_${input.env}`, secretBits)
    const data: KeyData = {
      ...input,
      hashes: [{ hash: this.#keyring.hash(key) }],
      hint: hintOf(key),
      createdAtMs: this.#now(),
    }
    const indexes = { owner: input.owner }
    await this.#records.put({ kind, id: keyId, json: JSON.stringify(data), indexes }, 0)
    return { issued: { keyId, key }, entry: this.#entryOf(keyId, data) }
  }

  /** Takes over keys that another system gave out: all of them or, when one is known already, none. */
  async import(
    given: readonly ImportedKey[],
    isDryRun: boolean,
  ): Promise<{ readonly report: ImportReport; readonly entries: readonly KeyEntry[] }> {
    const all = given.map(input => [this.#importedId(input.sha256), this.#importedData(input)] as const)
    const known: ImportReport['known'][number][] = []
    const seen = new Set<string>()
    for (const [index, [keyId]] of all.entries()) {
      if (seen.has(keyId)) throw new AccountFailure('invalid', `keys.${index}.sha256: the same key stands there twice`)
      seen.add(keyId)
      if (await this.#records.get(kind, keyId)) known.push({ index, keyId })
    }
    if (isDryRun) return { report: { imported: [], known }, entries: [] }
    const records = all.map(([id, data]) => ({ kind, id, json: JSON.stringify(data) }))
    if (known.length > 0 || !(await this.#records.createAll(records))) {
      const { index, keyId } = known[0] ?? { index: 0, keyId: 'another one' }
      throw new AccountFailure('conflict', `keys.${index}.sha256: is known already, as ${keyId}: nothing was imported`)
    }
    const imported = all.map(([keyId, { name }]) => ({ keyId, name }))
    return { report: { imported, known }, entries: all.map(([id, data]) => this.#entryOf(id, data)) }
  }

  /** Made from the hash, so that a key can't be imported twice, nor again after it was revoked. */
  #importedId(sha256: string): string {
    return `key_${Buffer.from(this.#keyring.hash(`imported ${sha256}`), 'base64url').toString('hex', 0, 12)}`
  }

  #importedData({ sha256, name, owner, scopes, expires, ranges, quota }: ImportedKey): KeyData {
    return {
      name,
      env: 'imported',
      owner,
      scopes,
      expiresAtMs: expires,
      networks: ranges,
      ...(quota && { quota }),
      hashes: [],
      sealed: this.#keyring.seal(sha256, `${kind}/${this.#importedId(sha256)}`),
      hint: '(imported)',
      createdAtMs: this.#now(),
    }
  }

  async get(keyId: string): Promise<ApiKey | undefined> {
    const record = await this.#records.get(kind, keyId)
    return record && shown(keyId, JSON.parse(record.json) as KeyData)
  }

  async list(): Promise<readonly ApiKey[]> {
    return (await allRecords<KeyData>(this.#records, kind)).map(([id, data]) => shown(id, data)).sort(byName)
  }

  /** What workers must know: every key that is not revoked. */
  async entries(): Promise<readonly KeyEntry[]> {
    const all = await allRecords<KeyData>(this.#records, kind)
    return all.filter(([, data]) => data.revokedAtMs === undefined).map(([id, data]) => this.#entryOf(id, data))
  }

  /** Undefined when there is none or it is revoked. */
  async entry(keyId: string): Promise<KeyEntry | undefined> {
    const record = await this.#records.get(kind, keyId)
    const data = record && (JSON.parse(record.json) as KeyData)
    return data && data.revokedAtMs === undefined ? this.#entryOf(keyId, data) : undefined
  }

  async rotate(keyId: string, overlapMs: number): Promise<{ readonly issued: IssuedKey; readonly entry: KeyEntry }> {
    let key = ''
    const data = await this.#change(keyId, before => {
      if (before.revokedAtMs !== undefined) throw new AccountFailure('conflict', `the key ${keyId} is revoked`)
      if (before.sealed !== undefined) {
        throw new AccountFailure('conflict', `the key ${keyId} was imported: make a new one instead, then revoke it`)
      }
      key = createCheckedToken(`mk_${before.env}`, secretBits)
      const nowMs = this.#now()
      const old = before.hashes.slice(0, 1).map(({ hash }) => ({ hash, untilMs: nowMs + overlapMs }))
      const hashes = [{ hash: this.#keyring.hash(key) }, ...(overlapMs > 0 ? old : [])]
      return { ...before, hashes, hint: hintOf(key), rotatedAtMs: nowMs }
    })
    return { issued: { keyId, key }, entry: this.#entryOf(keyId, data) }
  }

  async revoke(keyId: string): Promise<ApiKey> {
    const data = await this.#change(keyId, before => ({ ...before, revokedAtMs: before.revokedAtMs ?? this.#now() }))
    return shown(keyId, data)
  }

  async used(keyId: string, atMs: number): Promise<void> {
    await this.#change(keyId, data => ({ ...data, lastUsedAtMs: Math.max(atMs, data.lastUsedAtMs ?? 0) }))
  }

  #entryOf(id: string, data: KeyData): KeyEntry {
    const { hashes, scopes, expiresAtMs, networks, canary = false, quota, sealed } = data
    const own = hashes.map(({ hash, untilMs }) => ({ hash, untilMs }))
    const sha256 = sealed && this.#keyring.open(sealed, `${kind}/${id}`)
    const importedHash = sha256 && { importedHash: Buffer.from(sha256, 'hex').toString('base64url') }
    return {
      id,
      hashes: own,
      scopes,
      expiresAtMs,
      networks,
      isCanary: canary,
      ...(quota && { quota }),
      ...importedHash,
    }
  }

  #change(keyId: string, change: (data: KeyData) => KeyData): Promise<KeyData> {
    return changeRecord(this.#records, kind, keyId, change, ({ owner }) => ({ indexes: { owner } }))
  }
}

/** `mk_live_3fK9…`: enough to tell two keys apart, not enough to guess one. */
function hintOf(key: string): string {
  const [mk, env, random = ''] = key.split('_')
  return `${mk}_${env}_${random.slice(0, 4)}…`
}

function shown(keyId: string, data: KeyData): ApiKey {
  const { hashes: _, sealed: __, ...rest } = data
  return {
    keyId,
    ...rest,
    canary: data.canary ?? false,
    expiresAtMs: data.expiresAtMs,
    rotatedAtMs: data.rotatedAtMs,
    revokedAtMs: data.revokedAtMs,
    lastUsedAtMs: data.lastUsedAtMs,
  }
}
