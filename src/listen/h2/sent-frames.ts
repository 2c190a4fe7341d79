// What node:http2 tells a client, as far as it tells us nothing of it: which requests it refused, why it ends the
// connection, and how much of each response that somebody watches has left.

import { constants } from 'node:http2'
import { type FrameHead, type FrameVisitor, frameTypes } from './frame-reader.ts'

/** The text of a GOAWAY frame that is kept. */
const reasonBytesMax = 200
/** Last stream and code. */
const goawayHeadBytes = 8

export class SentFrames implements FrameVisitor {
  /** nghttp2's own words, when it has ended the connection. */
  goaway = ''
  readonly #onRefused: () => void
  readonly #watched = new Map<number, number>()

  /** @param onRefused Told of each request beyond the streams that the client may have. */
  constructor(onRefused: () => void) {
    this.#onRefused = onRefused
  }

  /** Counts what leaves of a stream from now on. */
  watch(stream: number): void {
    this.#watched.set(stream, 0)
  }

  unwatch(stream: number): void {
    this.#watched.delete(stream)
  }

  bytesOf(stream: number): number {
    return this.#watched.get(stream) ?? 0
  }

  head({ type, length, stream }: FrameHead): number {
    switch (type) {
      case frameTypes.data: {
        const bytes = this.#watched.get(stream)
        if (bytes !== undefined) this.#watched.set(stream, bytes + length)
        return 0
      }
      case frameTypes.resetStream:
        return 4
      case frameTypes.goaway:
        return reasonBytesMax
      default:
        return 0
    }
  }

  payload({ type }: FrameHead, bytes: Buffer): void {
    if (type === frameTypes.goaway) this.goaway = bytes.toString('latin1', goawayHeadBytes)
    else if (bytes.length === 4 && refusals.has(bytes.readUInt32BE(0))) this.#onRefused()
  }
}

/** nghttp2's and Node's, before the client has agreed to our settings. */
const refusals: ReadonlySet<number> = new Set([constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_ENHANCE_YOUR_CALM])
