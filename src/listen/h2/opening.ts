// How an HTTP/2 client opens its connection: SETTINGS, window and priorities before its first request. Programs differ
// in this, and node:http2 shows little of it.

import { openingOf } from '../http-print.ts'
import { type FrameHead, type FrameVisitor, frameTypes } from './frame-reader.ts'

const settingBytes = 6
const settingsMax = 32
const ack = 1

export class Opening implements FrameVisitor {
  readonly #settings: [id: number, value: number][] = []
  #window = 0
  #priorities = 0
  #isOver = false
  #hasSettings = false
  #text: string | undefined
  #pseudo = ''

  head({ type, flags, stream }: FrameHead): number {
    if (this.#isOver) return 0
    switch (type) {
      case frameTypes.settings:
        if ((flags & ack) !== 0 || this.#hasSettings) return 0
        this.#hasSettings = true
        return settingBytes * settingsMax
      case frameTypes.windowUpdate:
        return stream === 0 && this.#window === 0 ? 4 : 0
      case frameTypes.priority:
        this.#priorities++
        return 0
      case frameTypes.headers:
        this.#isOver = true
        return 0
      default:
        return 0
    }
  }

  payload({ type }: FrameHead, bytes: Buffer): void {
    if (type === frameTypes.windowUpdate && bytes.length === 4) this.#window = bytes.readUInt32BE(0) & 0x7fffffff
    if (type !== frameTypes.settings) return
    for (let at = 0; at + settingBytes <= bytes.length; at += settingBytes) {
      const id = bytes.readUInt16BE(at)
      // Reserved ids (RFC 8701's pattern) come at random.
      if ((id & 0x0f0f) !== 0x0a0a) this.#settings.push([id, bytes.readUInt32BE(at + 2)])
    }
  }

  /** @param pseudo Names of the request's pseudo-headers, in order. */
  text(pseudo: readonly string[]): string {
    const joined = pseudo.join()
    if (this.#text === undefined || joined !== this.#pseudo) {
      this.#pseudo = joined
      this.#text = openingOf(pseudo, this.#settings, this.#window, this.#priorities)
    }
    return this.#text
  }
}
