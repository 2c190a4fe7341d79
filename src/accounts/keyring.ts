// What is made from the master key: sealing (AES-256-GCM) of what must be read again, and peppered hashes
// (HMAC-SHA-256) of what must only be recognized. Opening the keyring proves that the key is the one the data was
// written with.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Records } from '../store/store.ts'
import { createMasterKey, MasterKeyError, readMasterKey } from './master-key.ts'

const ivBytes = 12
const tagBytes = 16
const formatVersion = 1

export class Keyring {
  readonly #sealing: Buffer
  /** Of API keys and client secrets; workers hold it to recognize keys by themselves. */
  readonly pepper: Buffer
  /** Of nonces that resource servers give out; workers hold it too. */
  readonly nonceSecret: Buffer
  /** Of nonces that the authorization server gives out. */
  readonly serverNonceSecret: Buffer

  constructor(masterKey: Buffer) {
    this.#sealing = derive(masterKey, 'merlon seal v1')
    this.pepper = derive(masterKey, 'merlon pepper v1')
    this.nonceSecret = derive(masterKey, 'merlon nonce v1')
    this.serverNonceSecret = derive(masterKey, 'merlon server nonce v1')
  }

  /** @param place What it is and where it stands; it can be opened there alone. */
  seal(text: string, place: string): string {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#sealing, iv)
    cipher.setAAD(Buffer.from(place))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([Buffer.of(formatVersion), iv, cipher.getAuthTag(), sealed]).toString('base64')
  }

  /** Undefined when it was sealed with another key, for another place, or was changed since. */
  open(sealed: string, place: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64')
    const start = 1 + ivBytes + tagBytes
    if (bytes.length < start || bytes[0] !== formatVersion) return undefined
    const decipher = createDecipheriv('aes-256-gcm', this.#sealing, bytes.subarray(1, 1 + ivBytes))
    decipher.setAAD(Buffer.from(place))
    decipher.setAuthTag(bytes.subarray(1 + ivBytes, start))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(start)), decipher.final()]).toString('utf8')
    } catch {
      return undefined
    }
  }

  hash(secret: string): string {
    return pepperedHash(this.pepper, secret)
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
  const keyring = new Keyring(known ?? createMasterKey(stateDir))
  const place = `${proof.kind}/${proof.id}`
  const stored = written ?? (await storeProof(records, keyring.seal(proofText, place)))
  if (keyring.open(String(JSON.parse(stored.json)), place) !== proofText) {
    throw new MasterKeyError('the master key is not the one that the accounts in this state folder were written with')
  }
  return keyring
}

async function storeProof(records: Records, sealed: string): Promise<{ readonly json: string }> {
  const json = JSON.stringify(sealed)
  const isFirst = (await records.put({ ...proof, json }, 0)) !== undefined
  return isFirst ? { json } : ((await records.get(proof.kind, proof.id)) ?? { json })
}
