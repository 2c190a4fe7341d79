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

  get(text: string): T | undefined {
    if (text.length > keptTextLength) return undefined
    const slot = hashOf(text) & (slots - 1)
    return this.#texts[slot] === text ? this.#values[slot] : undefined
  }

  set(text: string, value: T): void {
    if (text.length > keptTextLength) return
    const hash = hashOf(text)
    const slot = hash & (slots - 1)
    if (this.#asked[slot] !== hash) {
      this.#asked[slot] = hash
      return
    }
    this.#texts[slot] = scratch.toString('latin1', 0, scratch.write(text, 'latin1'))
    this.#values[slot] = value
  }
}

function hashOf(text: string): number {
  let hash = text.length
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1)
  return hash ^ (hash >>> 15)
}
