// Follows the frames of a WebSocket (RFC 6455 §5.2) through the bytes of one direction, and stops at the first that is
// not right. Payloads are not unmasked here and nothing is kept but the head of a frame, so that idle tunnels cost
// little. Without extensions every reserved bit is wrong: the handshake's offer of compression is not passed on.

import type { LimitName } from '../limits.ts'

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface Frame {
  readonly isLast: boolean
  readonly opcode: number
  readonly length: number
  /** Undefined for frames of a server. */
  readonly mask: Uint8Array | undefined
  /** As it came. */
  readonly head: Buffer
}

export interface FrameFault {
  /** For the Close frame. */
  readonly closeCode: number
  readonly detail: string
  /** For the event; undefined when a guard has made one. */
  readonly code: `websocket.${string}` | undefined
  /** That was passed. */
  readonly limit?: LimitName
}

export interface FrameSink {
  /** A fault says that the frame is not wanted. */
  begin(frame: Frame): FrameFault | undefined
  /** A piece of its payload, masked as it came. */
  payload(bytes: Buffer): void
  end(): FrameFault | undefined
}

/** 2 bytes, 8 of length, 4 of mask. */
const headMax = 14

export class FrameScanner {
  readonly #sink: FrameSink
  readonly #isMasked: boolean
  readonly #held = new Uint8Array(headMax)
  #heldBytes = 0
  #payloadLeft = 0
  #inMessage = false

  /** @param from Clients mask their frames, servers don't. */
  constructor(from: 'client' | 'server', sink: FrameSink) {
    this.#isMasked = from === 'client'
    this.#sink = sink
  }

  get payloadLeft(): number {
    return this.#payloadLeft
  }

  /** Between two frames, where another may be put in. */
  get atBoundary(): boolean {
    return this.#payloadLeft === 0 && this.#heldBytes === 0
  }

  /** Nothing more is scanned after a fault. */
  push(chunk: Buffer): FrameFault | undefined {
    let at = 0
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at)
        this.#sink.payload(chunk.subarray(at, at + taken))
        at += taken
        this.#payloadLeft -= taken
        const fault = this.#payloadLeft === 0 ? this.#sink.end() : undefined
        if (fault) return fault
        continue
      }
      this.#held[this.#heldBytes++] = chunk[at++] ?? 0
      if (this.#heldBytes < 2 || this.#heldBytes < this.#headBytes()) continue
      const fault = this.#begin()
      if (fault) return fault
    }
    return undefined
  }

  #headBytes(): number {
    const second = this.#held[1] ?? 0
    const short = second & 0x7f
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second >= 0x80 ? 4 : 0)
  }

  #begin(): FrameFault | undefined {
    const head = Buffer.from(this.#held.subarray(0, this.#heldBytes))
    this.#heldBytes = 0
    const [first = 0, second = 0] = head
    const opcode = first & 0x0f
    const isLast = first >= 0x80
    const short = second & 0x7f
    const isMasked = second >= 0x80
    if ((first & 0x70) !== 0) return malformed('a reserved bit')
    if (isMasked !== this.#isMasked) return malformed(isMasked ? 'a masked frame' : 'a frame without a mask')
    const isControl = opcode >= 8
    if (isControl ? opcode > opcodes.pong : opcode > opcodes.binary) return malformed(`the opcode ${opcode}`)
    if (isControl && (!isLast || short > 125)) return malformed('a control frame in pieces, or a long one')
    const length = lengthOf(head, short)
    if (length === undefined) return malformed('a length that is not written shortest, or too large')
    if (!isControl) {
      if ((opcode === opcodes.continuation) !== this.#inMessage) {
        return malformed(this.#inMessage ? 'a message within a message' : 'a continuation of nothing')
      }
      this.#inMessage = !isLast
    }
    const mask = isMasked ? head.subarray(head.length - 4) : undefined
    const fault = this.#sink.begin({ isLast, opcode, length, mask, head })
    if (fault) return fault
    this.#payloadLeft = length
    return length === 0 ? this.#sink.end() : undefined
  }
}

function lengthOf(head: Buffer, short: number): number | undefined {
  if (short < 126) return short
  if (short === 126) {
    const length = head.readUInt16BE(2)
    return length < 126 ? undefined : length
  }
  const high = head.readUInt32BE(2)
  const length = high * 2 ** 32 + head.readUInt32BE(6)
  return length < 65_536 || high >= 2 ** 21 ? undefined : length
}

export function malformed(detail: string): FrameFault {
  return { closeCode: 1002, detail, code: 'websocket.malformed' }
}
