// The next of few bytes in a text, for a search that can pass over all others: V8 looks for a byte many times faster than
// an automaton reads one. Each byte is looked for again only behind the place where it was found, so that all of it takes
// time in proportion to the text.

import type { ByteString } from '../../lib/bytes.ts'

/** More are not looked for: each costs a call. */
export const maxExits = 3

export class Exits {
  readonly #bytes: readonly string[]
  readonly #places: number[]
  #input: ByteString = ''

  constructor(bytes: readonly number[]) {
    this.#bytes = bytes.map(byte => String.fromCharCode(byte))
    this.#places = bytes.map(() => -1)
  }

  begin(input: ByteString): void {
    this.#input = input
    for (let i = 0; i < this.#places.length; i++) this.#places[i] = -1
  }

  /** Lets go of the text. */
  end(): void {
    this.#input = ''
  }

  /** The first place at or behind `from` with one of the bytes; the end of the text when there is none. */
  next(from: number): number {
    const input = this.#input
    const places = this.#places
    let first = input.length
    for (let i = 0; i < places.length; i++) {
      let place = places[i] as number
      if (place < from) {
        const found = input.indexOf(this.#bytes[i] as string, from)
        place = found < 0 ? input.length : found
        places[i] = place
      }
      if (place < first) first = place
    }
    return first
  }
}
