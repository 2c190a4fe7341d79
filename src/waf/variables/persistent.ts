// IP, SESSION, USER, GLOBAL, RESOURCE: small string maps that outlive a transaction. `initcol` loads one through the
// collection port, rules change it, and the end of the transaction saves it when it was changed.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import type { CollectionPort, CollectionValue } from '../types.ts'
import { Value } from './value.ts'

export const persistentNames = ['IP', 'SESSION', 'USER', 'GLOBAL', 'RESOURCE'] as const
export type PersistentName = (typeof persistentNames)[number]

export function toPersistentName(name: string): PersistentName | undefined {
  const upper = name.toUpperCase()
  return persistentNames.find(known => known === upper)
}

const maxEntries = 1000
const maxValueBytes = 4096

export class PersistentCollection {
  readonly name: PersistentName
  readonly key: ByteString
  readonly #entries: Map<ByteString, CollectionValue>
  readonly #timeoutMs: number
  #changed = false

  constructor(
    name: PersistentName,
    key: ByteString,
    stored: Map<ByteString, CollectionValue> | undefined,
    timeoutMs: number,
  ) {
    this.name = name
    this.key = key
    this.#entries = new Map(stored)
    this.#timeoutMs = timeoutMs
  }

  get(name: ByteString, now: number): ByteString | undefined {
    const entry = this.#entries.get(lowerAscii(name))
    return entry && entry.expiresAt > now ? entry.value : undefined
  }

  /** Keeps an expiry that was set before. */
  set(name: ByteString, value: ByteString, now: number): void {
    const lower = lowerAscii(name)
    const known = this.#entries.get(lower)
    if (!known && this.#entries.size >= maxEntries) return
    const expiresAt = known && known.expiresAt > now ? known.expiresAt : now + this.#timeoutMs
    this.#entries.set(lower, { value: value.slice(0, maxValueBytes), expiresAt })
    this.#changed = true
  }

  expireIn(name: ByteString, ms: number, now: number): void {
    const lower = lowerAscii(name)
    const known = this.#entries.get(lower)
    if (!known) return
    this.#entries.set(lower, { value: known.value, expiresAt: now + ms })
    this.#changed = true
  }

  delete(name: ByteString): void {
    if (this.#entries.delete(lowerAscii(name))) this.#changed = true
  }

  values(now: number, accepts: (name: ByteString) => boolean): Value[] {
    const found: Value[] = []
    for (const [name, entry] of this.#entries) {
      if (entry.expiresAt > now && accepts(name)) found.push(new Value(this.name, name, entry.value))
    }
    return found
  }

  save(port: CollectionPort, now: number): void {
    if (!this.#changed) return
    for (const [name, entry] of this.#entries) if (entry.expiresAt <= now) this.#entries.delete(name)
    port.save(this.name, this.key, this.#entries)
  }
}
