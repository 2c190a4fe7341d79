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

const noEntries: ReadonlyMap<ByteString, CollectionValue> = new Map()

const maxEntries = 1000
const maxValueBytes = 4096

export class PersistentCollection {
  readonly name: PersistentName
  readonly key: ByteString
  readonly #timeoutMs: number
  /** As the port has it, until it is changed; then a copy. */
  #entries: ReadonlyMap<ByteString, CollectionValue>
  #changed: Map<ByteString, CollectionValue> | undefined

  constructor(
    name: PersistentName,
    key: ByteString,
    stored: Map<ByteString, CollectionValue> | undefined,
    timeoutMs: number,
  ) {
    this.name = name
    this.key = key
    this.#entries = stored ?? noEntries
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
    this.#change().set(lower, { value: value.slice(0, maxValueBytes), expiresAt })
  }

  expireIn(name: ByteString, ms: number, now: number): void {
    const lower = lowerAscii(name)
    const known = this.#entries.get(lower)
    if (!known) return
    this.#change().set(lower, { value: known.value, expiresAt: now + ms })
  }

  delete(name: ByteString): void {
    const lower = lowerAscii(name)
    if (this.#entries.has(lower)) this.#change().delete(lower)
  }

  values(now: number, accepts: (name: ByteString) => boolean): Value[] {
    const found: Value[] = []
    for (const [name, entry] of this.#entries) {
      if (entry.expiresAt > now && accepts(name)) found.push(new Value(this.name, name, entry.value))
    }
    return found
  }

  save(port: CollectionPort, now: number): void {
    const changed = this.#changed
    if (!changed) return
    for (const [name, entry] of changed) if (entry.expiresAt <= now) changed.delete(name)
    port.save(this.name, this.key, changed)
  }

  #change(): Map<ByteString, CollectionValue> {
    this.#changed ??= new Map(this.#entries)
    this.#entries = this.#changed
    return this.#changed
  }
}
