// The key that everything secret at rest hangs from: given by the operator (`store.key: env:NAME` or `file:PATH`), else
// a file beside the data that is made on the first start. Never made anew when there is data that needs the old one.

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

const keyBytes = 32

export function masterKeyPath(stateDir: string): string {
  return join(stateDir, 'master.key')
}

/** What is wrong with the master key, in words for the operator. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError'
}

/** @throws MasterKeyError when the key that was named is not there or is no key */
export function readMasterKey(stateDir: string, reference: string | undefined): Buffer | undefined {
  if (reference === undefined) return readKeyFile(masterKeyPath(stateDir), 'the master key of this state folder')
  const [, source = '', name = ''] = /^(env|file):(.+)$/s.exec(reference) ?? []
  if (source === 'env') {
    const text = process.env[name]
    if (text === undefined || text === '') throw new MasterKeyError(`the environment has no ${name}`)
    return parseKey(text, `${name} of the environment`)
  }
  if (source !== 'file') throw new MasterKeyError('is no place for a key: write env:NAME or file:PATH')
  const key = readKeyFile(name, name)
  if (!key) throw new MasterKeyError(`${name} does not exist: \`openssl rand -hex 32\` makes a key`)
  return key
}

/** Makes `master.key`. When another process is faster, its key is the one. */
export function createMasterKey(stateDir: string): Buffer {
  const path = masterKeyPath(stateDir)
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const key = randomBytes(keyBytes)
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const other = readMasterKey(stateDir, undefined)
    if (other) return other
    throw error
  }
  writeKey(file, key)
  return key
}

/** A key that is on its way to be the master key. */
export interface PendingMasterKey {
  readonly key: Buffer
  /** Makes it the master key. */
  settle(): void
  discard(): void
}

const pendingPrefix = 'master.key.next-'

/** Makes a key beside `master.key`, under a name that no other rotation has. */
export function createPendingMasterKey(stateDir: string): PendingMasterKey {
  const key = randomBytes(keyBytes)
  const path = join(stateDir, `${pendingPrefix}${randomBytes(8).toString('hex')}`)
  writeKey(openSync(path, 'wx', 0o600), key)
  syncFolder(stateDir) // the store must never know a key that is nowhere
  return pendingAt(stateDir, path, key)
}

/** Keys of rotations that were cut off. */
export function pendingMasterKeys(stateDir: string): PendingMasterKey[] {
  return readdirSync(stateDir)
    .filter(name => name.startsWith(pendingPrefix))
    .flatMap(name => {
      const path = join(stateDir, name)
      try {
        const key = readKeyFile(path, path)
        return key ? [pendingAt(stateDir, path, key)] : []
      } catch {
        return [] // cut off while it was written: the store never knew it
      }
    })
}

function pendingAt(stateDir: string, path: string, key: Buffer): PendingMasterKey {
  return {
    key,
    settle: () => {
      renameSync(path, masterKeyPath(stateDir))
      syncFolder(stateDir)
    },
    discard: () => rmSync(path, { force: true }),
  }
}

function writeKey(file: number, key: Buffer): void {
  try {
    writeSync(file, `${key.toString('hex')}\n`)
    fsyncSync(file) // what is sealed with it must not outlive it
  } finally {
    closeSync(file)
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function readKeyFile(path: string, name: string): Buffer | undefined {
  let text: string
  try {
    if (statSync(path).size > 4096) throw new MasterKeyError(`${name} is no key: it is too large`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error instanceof MasterKeyError ? error : new MasterKeyError(`${name} can't be read: ${String(error)}`)
  }
  return parseKey(text, name)
}

function parseKey(text: string, name: string): Buffer {
  const trimmed = text.trim()
  const isHex = /^[0-9a-fA-F]{64}$/.test(trimmed)
  const key = Buffer.from(trimmed, isHex ? 'hex' : 'base64')
  if (key.length === keyBytes && (isHex || /^[A-Za-z0-9+/_-]+=?$/.test(trimmed))) return key
  throw new MasterKeyError(`${name} is no key: 32 bytes as 64 hex digits or as base64 (\`openssl rand -hex 32\`)`)
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
