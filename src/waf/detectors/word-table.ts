// Looks up words of a value without cutting them out of it: an open hash table over ASCII letters in any case.

import type { ByteString } from '../../lib/bytes.ts'

/** Adds one byte to the hash of a word; letters count without regard to case. Start with 0. */
export function addToHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + (byte | 0x20)) | 0
}

export class WordTable {
  readonly #words: string[] = []
  readonly #classes: number[] = []
  readonly #slots: Int16Array
  readonly #mask: number
  readonly longest: number

  /** Classes are above 0; a word that comes twice keeps its first class. */
  constructor(entries: readonly (readonly [word: string, kind: number])[]) {
    let size = 64
    while (size < entries.length * 4) size *= 2
    this.#slots = new Int16Array(size).fill(-1)
    this.#mask = size - 1
    let longest = 0
    for (const [word, kind] of entries) {
      if (this.find(word, 0, word.length, hashOf(word)) > 0) continue
      let slot = this.#slotOf(hashOf(word))
      while ((this.#slots[slot] ?? -1) >= 0) slot = (slot + 1) & this.#mask
      this.#slots[slot] = this.#words.push(word) - 1
      this.#classes.push(kind)
      longest = Math.max(longest, word.length)
    }
    this.longest = longest
  }

  /** The words of a class. */
  wordsOf(kind: number): readonly string[] {
    return this.#words.filter((_, index) => this.#classes[index] === kind)
  }

  /** The class of the word from `start` to `end`, whose hash is given; 0 when it is not in the table. */
  find(value: ByteString, start: number, end: number, hash: number): number {
    for (let slot = this.#slotOf(hash); ; slot = (slot + 1) & this.#mask) {
      const index = this.#slots[slot] ?? -1
      if (index < 0) return 0
      if (isSame(this.#words[index] ?? '', value, start, end)) return this.#classes[index] ?? 0
    }
  }

  #slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & this.#mask
  }
}

function hashOf(word: string): number {
  let hash = 0
  for (let i = 0; i < word.length; i++) hash = addToHash(hash, word.charCodeAt(i))
  return hash
}

function isSame(word: string, value: ByteString, start: number, end: number): boolean {
  if (word.length !== end - start) return false
  for (let i = 0; i < word.length; i++) {
    if ((value.charCodeAt(start + i) | 0x20) !== (word.charCodeAt(i) | 0x20)) return false
  }
  return true
}
