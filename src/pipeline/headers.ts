// Header lines as they came, in one flat array of names and values: [name, value, name, value, …].
// Names keep their case and order (WAF rules and fingerprints read them); look-up ignores case (RFC 9110 §5.1).

import type { ByteString } from '../lib/bytes.ts'

export class HeaderList {
  readonly raw: readonly ByteString[]
  readonly #lowerNames: ByteString[]

  constructor(raw: readonly ByteString[]) {
    this.raw = raw
    const names = new Array<ByteString>(raw.length >> 1)
    for (let i = 0; i < names.length; i++) names[i] = (raw[i * 2] ?? '').toLowerCase()
    this.#lowerNames = names
  }

  /** Number of header lines. */
  get count(): number {
    return this.#lowerNames.length
  }

  /** Lower-case name of line `i`. */
  nameAt(i: number): ByteString {
    return this.#lowerNames[i] ?? ''
  }

  valueAt(i: number): ByteString {
    return this.raw[i * 2 + 1] ?? ''
  }

  /** First value of a header; `name` in lower case. */
  get(name: string): ByteString | undefined {
    const i = this.#lowerNames.indexOf(name)
    return i < 0 ? undefined : this.raw[i * 2 + 1]
  }

  /** All values of a header, in order; `name` in lower case. */
  getAll(name: string): ByteString[] {
    const values: ByteString[] = []
    for (let i = 0; i < this.#lowerNames.length; i++) {
      if (this.#lowerNames[i] === name) values.push(this.raw[i * 2 + 1] ?? '')
    }
    return values
  }
}
