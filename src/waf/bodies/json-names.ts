// Names of JSON members as arguments (`json.items.array_0.id`). Bodies of one API have the same names again and again, so
// the names are kept as a tree, from which a name costs one look-up and no string is made. Bounded: when the tree is
// full, it is begun anew.

import type { ByteString } from '../../lib/bytes.ts'

export const maxKept = 8192
/** Longer names are made each time. */
const maxKeptLength = 256
/** Items of an array whose names are kept. */
const maxKeptItems = 256

let kept = 0

export class JsonName {
  readonly text: ByteString
  readonly #isKept: boolean
  #members: Map<ByteString, JsonName> | undefined
  readonly #items: JsonName[] = []

  constructor(text: ByteString, isKept: boolean) {
    this.text = text
    this.#isKept = isKept
  }

  member(key: ByteString): JsonName {
    const known = this.#members?.get(key)
    if (known) return known
    const made = this.#child(`.${key || 'empty-key'}`)
    if (!made.#isKept) return made
    this.#members ??= new Map()
    // The key is cut out of a body; in the map it is part of a copy.
    this.#members.set(key === '' ? '' : made.text.slice(-key.length), made)
    return made
  }

  item(index: number): JsonName {
    const known = this.#items[index]
    if (known) return known
    const made = this.#child(`.array_${index}`)
    if (made.#isKept && index === this.#items.length && index < maxKeptItems) this.#items.push(made)
    return made
  }

  shortened(bytes: number): JsonName {
    return new JsonName(this.text.slice(0, bytes), false)
  }

  #child(suffix: ByteString): JsonName {
    const text = this.text + suffix
    if (!this.#isKept || text.length > maxKeptLength || kept >= maxKept) return new JsonName(text, false)
    kept++
    return new JsonName(Buffer.from(text, 'latin1').toString('latin1'), true)
  }
}

let root = new JsonName('json', true)

/** The name of a whole body. */
export function jsonRoot(): JsonName {
  if (kept >= maxKept) {
    kept = 0
    root = new JsonName('json', true)
  }
  return root
}
