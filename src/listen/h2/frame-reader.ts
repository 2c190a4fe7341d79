// Reads the heads of HTTP/2 frames (RFC 9113 §4.1) as the bytes of a client pass by on their way to node:http2, which
// hides most frames, and of those that it answers. It judges nothing and keeps nothing but the few bytes that somebody asked for.

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const frameFlags = { endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export interface FrameHead {
  readonly type: number
  readonly flags: number
  readonly length: number
  readonly stream: number
}

export interface FrameVisitor {
  /** Says how many bytes of the payload it wants to see; `payload` is called when they are there, at the most those. */
  head(frame: FrameHead): number
  payload(frame: FrameHead, bytes: Buffer): void
}

const headBytes = 9
/** What a client says first. */
export const prefaceBytes = 24
/** Payload that can be asked for. */
const wantedMax = 512

export class FrameReader {
  readonly #visitor: FrameVisitor
  /** The head or payload that is being put together. */
  readonly #held = Buffer.alloc(wantedMax)
  #heldBytes = 0
  #frame: FrameHead | undefined
  #wantedBytes = 0
  #skipBytes: number

  /** @param skipBytes Stand before the first frame. */
  constructor(visitor: FrameVisitor, skipBytes = 0) {
    this.#visitor = visitor
    this.#skipBytes = skipBytes
  }

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, chunk.length - at)
        this.#skipBytes -= skipped
        at += skipped
        continue
      }
      const missing = (this.#frame ? this.#wantedBytes : headBytes) - this.#heldBytes
      const taken = Math.min(missing, chunk.length - at)
      chunk.copy(this.#held, this.#heldBytes, at, at + taken)
      this.#heldBytes += taken
      at += taken
      if (taken === missing) this.#complete()
    }
  }

  #complete(): void {
    const held = this.#held
    const frame = this.#frame
    const bytes = this.#heldBytes
    this.#heldBytes = 0
    if (frame) {
      this.#frame = undefined
      this.#skipBytes = frame.length - bytes
      this.#visitor.payload(frame, held.subarray(0, bytes))
      return
    }
    const length = held.readUIntBE(0, 3)
    const next = { type: held[3] ?? 0, flags: held[4] ?? 0, length, stream: held.readUInt32BE(5) & 0x7fffffff }
    const wanted = Math.min(this.#visitor.head(next), length, wantedMax)
    if (wanted === 0) {
      this.#skipBytes = length
      return
    }
    this.#frame = next
    this.#wantedBytes = wanted
  }
}
