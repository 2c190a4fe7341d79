// What was worked out for texts that come again, in a table of fixed size. A text is kept when it is met for the second
// time, and as a copy: a piece cut out of a large text would keep all of it in memory.

/** A power of two. */
const slots = 4096
/** Longer texts are neither kept nor found. */
export const keptTextLength = 128

const scratch = Buffer.alloc(keptTextLength)

/** For texts of bytes (code units up to 0xff). `T` is anything but undefined. */
export class RecentTexts<T> {
  readonly #texts = new Array<string | undefined>(slots).fill(undefined)
  readonly #values = new Array<T | undefined>(slots).fill(undefined)
  /** Hash of the text that last asked for a slot in vain. */
  readonly #asked = new Int32Array(slots)
  /** What `get` did not find, so that `set` need not read it again. */
  #missed: string | undefined
  #missedHash = 0

  get(text: string): T | undefined {
    if (text.length > keptTextLength) return undefined
    const hash = hashOf(text)
    const slot = hash & (slots - 1)
    if (this.#texts[slot] === text) return this.#values[slot]
    this.#missed = text
    this.#missedHash = hash
    return undefined
  }

  /** Whether `set` will keep what it is given for a text that `get` has just not found: it was asked for before. */
  isAwaited(text: string): boolean {
    if (text.length > keptTextLength) return false
    const hash = text === this.#missed ? this.#missedHash : hashOf(text)
    return this.#asked[hash & (slots - 1)] === hash
  }

  set(text: string, value: T): void {
    if (text.length > keptTextLength) return
    const hash = text === this.#missed ? this.#missedHash : hashOf(text)
    this.#missed = undefined
    const slot = hash & (slots - 1)
    if (this.#asked[slot] !== hash) {
      this.#asked[slot] = hash
      return
    }
    this.#texts[slot] = scratch.toString('latin1', 0, scratch.write(text, 'latin1'))
    this.#values[slot] = value
  }
}

/** Bytes at either end that are hashed, and the fewest between them; of a long text every second, third … is. */
const hashedEnd = 12

/** Texts that differ only where nothing is hashed take each other's slot, no more. */
function hashOf(text: string): number {
  const { length } = text
  let hash = length
  let i = 0
  const head = length < hashedEnd * 3 ? length : hashedEnd
  for (; i < head; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1)
  if (i < length) {
    const step = Math.ceil((length - 2 * hashedEnd) / hashedEnd)
    for (; i < length - hashedEnd; i += step) hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1)
    for (i = length - hashedEnd; i < length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1)
  }
  return hash ^ (hash >>> 15)
}
