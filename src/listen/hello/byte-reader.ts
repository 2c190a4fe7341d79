// Reads big-endian fields out of bytes that an attacker wrote. Past the end it reads zeros and remembers that it did, so
// that a parser checks once, at its end, and never throws.

export class ByteReader {
  readonly bytes: Uint8Array
  at = 0
  /** Something was read that is not there. */
  overrun = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  uint8(): number {
    if (this.left < 1) return this.#past()
    return this.bytes[this.at++] ?? 0
  }

  uint16(): number {
    return this.uint8() * 256 + this.uint8()
  }

  uint24(): number {
    return this.uint16() * 256 + this.uint8()
  }

  take(length: number): Uint8Array {
    if (this.left < length) {
      this.#past()
      return empty
    }
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** A field whose length stands before it. */
  vector8(): ByteReader {
    return new ByteReader(this.take(this.uint8()))
  }

  vector16(): ByteReader {
    return new ByteReader(this.take(this.uint16()))
  }

  /** All that is left, as numbers of two bytes. */
  uint16s(): number[] {
    const values: number[] = []
    while (this.left >= 2) values.push(this.uint16())
    if (this.left > 0) this.overrun = true
    return values
  }

  #past(): number {
    this.overrun = true
    this.at = this.bytes.length
    return 0
  }
}

const empty = new Uint8Array(0)
