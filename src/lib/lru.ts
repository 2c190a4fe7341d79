/** A bounded map that forgets the entry used longest ago. Map keeps insertion order, so the oldest key comes first. */
export class Lru<Key, Value> {
  readonly max: number
  readonly #entries = new Map<Key, Value>()

  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.max) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
  }

  keys(): IterableIterator<Key> {
    return this.#entries.keys()
  }

  delete(key: Key): boolean {
    return this.#entries.delete(key)
  }
}
