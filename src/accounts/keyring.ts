// What is made from the master key: sealing (AES-256-GCM) of what must be read again, and peppered hashes
// (HMAC-SHA-256) of what must only be recognized. Opening the keyring proves that the key is the one the data was
// written with.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Records } from '../store/store.ts'
import {
  createMasterKey,
  createPendingMasterKey,
  MasterKeyError,
  pendingMasterKeys,
  readMasterKey,
} from './master-key.ts'

const ivBytes = 12
const tagBytes = 16
const formatVersion = 1

const wrapPurpose = 'merlon wrap v1'

export class Keyring {
  readonly #root: Buffer
  readonly #sealing: Buffer
  /** Of API keys and client secrets; workers hold it to recognize keys by themselves. */
  readonly pepper: Buffer
  /** Of nonces that resource servers give out; workers hold it too. */
  readonly nonceSecret: Buffer
  /** Of nonces that the authorization server gives out. */
  readonly serverNonceSecret: Buffer

  /** @param root The master key itself, or what it was before the first rotation. */
  constructor(root: Buffer) {
    this.#root = root
    this.#sealing = derive(root, 'merlon seal v1')
    this.pepper = derive(root, 'merlon pepper v1')
    this.nonceSecret = derive(root, 'merlon nonce v1')
    this.serverNonceSecret = derive(root, 'merlon server nonce v1')
  }

  /** @param place What it is and where it stands; it can be opened there alone. */
  seal(text: string, place: string): string {
    return sealWith(this.#sealing, text, place)
  }

  /** Undefined when it was sealed with another key, for another place, or was changed since. */
  open(sealed: string, place: string): string | undefined {
    return openSealed(this.#sealing, sealed, place)
  }

  /** The root, for who has this master key. */
  wrap(masterKey: Buffer): string {
    return sealWith(derive(masterKey, wrapPurpose), this.#root.toString('hex'), rootPlace)
  }

  hash(secret: string): string {
    return pepperedHash(this.pepper, secret)
  }
}

function sealWith(key: Buffer, text: string, place: string): string {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(place))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.of(formatVersion), iv, cipher.getAuthTag(), sealed]).toString('base64')
}

function openSealed(key: Buffer, sealed: string, place: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64')
  const start = 1 + ivBytes + tagBytes
  if (bytes.length < start || bytes[0] !== formatVersion) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + ivBytes))
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(1 + ivBytes, start))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(start)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

/** Secrets of ours have 160 random bits and more: nothing slow is needed to keep them from being guessed. */
export function pepperedHash(pepper: Uint8Array, secret: string): string {
  return createHmac('sha256', pepper).update(secret).digest('base64url')
}

function derive(masterKey: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', purpose, 32))
}

const proof = { kind: 'keyring', id: 'proof' }
const proofText = 'merlon'

export interface KeyringPlace {
  readonly stateDir: string
  /** `store.key` of the config. */
  readonly key: string | undefined
}

/** @throws MasterKeyError when the key is missing though there is data, or is not the one the data was written with */
export async function openKeyring(records: Records, { stateDir, key: reference }: KeyringPlace): Promise<Keyring> {
  const written = await records.get(proof.kind, proof.id)
  const known = readMasterKey(stateDir, reference)
  if (!known && written) {
    throw new MasterKeyError('the master key is gone, and what it sealed can’t be read without it: put master.key back')
  }
  const first = known ?? createMasterKey(stateDir)
  const stored = written ?? (await storeProof(records, new Keyring(first).seal(proofText, proofPlace)))
  const keyring = unlock(stored.json, first)
  if (keyring) return keyring
  // A rotation that was cut off after the store had the new key and before its file had its name.
  for (const pending of reference === undefined ? pendingMasterKeys(stateDir) : []) {
    const found = unlock(stored.json, pending.key)
    if (!found) continue
    pending.settle()
    return found
  }
  throw new MasterKeyError('the master key is not the one that the accounts in this state folder were written with')
}

/**
 * Puts everything under another master key. What was sealed stays as it is, under a root key that is itself sealed with
 * the master key, so there is one record to be written, and no moment in which half of the data has the old key.
 * @param newKey Where the new key is; undefined to make one in place of `master.key`
 * @throws MasterKeyError when there is no such key, or others rotate at the same time
 */
export async function rotateMasterKey(
  records: Records,
  keyring: Keyring,
  { stateDir, key: reference }: KeyringPlace,
  newKey: string | undefined,
): Promise<void> {
  if (newKey === undefined && reference !== undefined) {
    throw new MasterKeyError('the config says where the master key is (store.key): say where the new one is')
  }
  if (newKey !== undefined && reference === undefined) {
    throw new MasterKeyError('the master key is master.key in the state folder: a new one is made there')
  }
  const before = await records.get(proof.kind, proof.id)
  const made = newKey === undefined ? createPendingMasterKey(stateDir) : undefined
  const key = made?.key ?? readMasterKey(stateDir, newKey)
  if (!before || !key) throw new MasterKeyError('there is no master key to be replaced')
  const put = await records.put({ ...proof, json: JSON.stringify({ wrapped: keyring.wrap(key) }) }, before.version)
  if (put === undefined) {
    made?.discard()
    throw new MasterKeyError('the master key is being replaced by another command')
  }
  made?.settle()
}

const proofPlace = `${proof.kind}/${proof.id}`
const rootPlace = `${proof.kind}/root`

/** The keyring that a master key opens; undefined when it is not the one. */
function unlock(json: string, masterKey: Buffer): Keyring | undefined {
  const stored: unknown = JSON.parse(json)
  if (typeof stored === 'string') {
    const keyring = new Keyring(masterKey)
    return keyring.open(stored, proofPlace) === proofText ? keyring : undefined
  }
  const { wrapped } = stored as { readonly wrapped: string }
  const root = openSealed(derive(masterKey, wrapPurpose), wrapped, rootPlace)
  return root === undefined ? undefined : new Keyring(Buffer.from(root, 'hex'))
}

async function storeProof(records: Records, sealed: string): Promise<{ readonly json: string }> {
  const json = JSON.stringify(sealed)
  const isFirst = (await records.put({ ...proof, json }, 0)) !== undefined
  return isFirst ? { json } : ((await records.get(proof.kind, proof.id)) ?? { json })
}
