// Reads DER (X.690), as far as revocation lists and certificates need it. Of the operator's files and of authorities.

export interface Element {
  readonly tag: number
  readonly body: Buffer
  /** With its head. */
  readonly whole: Buffer
}

/** @throws Error for what is no DER */
export function childrenOf(bytes: Buffer | undefined): Element[] {
  const found: Element[] = []
  for (let at = 0; bytes && at < bytes.length; ) {
    const first = bytes[at + 1] ?? 0
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    if (lengthBytes > 4 || first === 0x80) throw new Error('it is no DER')
    if (at + 2 + lengthBytes > bytes.length) throw new Error('it is cut off')
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)
    const start = at + 2 + lengthBytes
    if (start + length > bytes.length) throw new Error('it is cut off')
    found.push({
      tag: bytes[at] ?? 0,
      body: bytes.subarray(start, start + length),
      whole: bytes.subarray(at, start + length),
    })
    at = start + length
  }
  return found
}
