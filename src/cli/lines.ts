// Lines of a byte stream, each as it stands, bounded: of a line that is too long only that fact is kept.

export interface Line {
  /** 1-based. */
  readonly number: number
  /** Undefined when the line was longer than the bound. */
  readonly bytes: Uint8Array | undefined
}

const lineFeed = 0x0a

/** The lines of each chunk together, so that a caller can work and write in batches. */
export async function* readLines(stream: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<readonly Line[]> {
  let number = 1
  let held: Uint8Array[] = []
  let heldBytes = 0
  const take = (rest: Uint8Array): Line => {
    const length = heldBytes + rest.length
    const bytes = length > bytesMax ? undefined : held.length === 0 ? rest : Buffer.concat([...held, rest])
    held = []
    heldBytes = 0
    return { number: number++, bytes }
  }
  for await (const chunk of stream) {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      lines.push(take(chunk.subarray(start, end)))
      start = end + 1
    }
    if (start < chunk.length) {
      if (heldBytes <= bytesMax) held.push(chunk.subarray(start))
      else held = []
      heldBytes += chunk.length - start
    }
    if (lines.length > 0) yield lines
  }
  if (heldBytes > 0) yield [take(new Uint8Array(0))]
}
