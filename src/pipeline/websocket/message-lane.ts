// The way from a WebSocket client to the upstream. Frames go on as they came, byte for byte; text messages wait until
// they are whole and somebody has judged them, while control frames within them go ahead. What breaks RFC 6455 or a
// limit ends the connection.

import { isUtf8 } from 'node:buffer'
import type { Limits } from '../limits.ts'
import { checkClose, unmask } from './close-frame.ts'
import { type Frame, type FrameFault, FrameScanner, type FrameSink, opcodes } from './frame-scanner.ts'

export interface LaneOptions {
  readonly limits: Limits
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number
  /** Bytes for the upstream. */
  readonly forward: (bytes: Buffer) => void
  /** Looks at a text message, which waits for it. False: it does not go on. */
  readonly judge: (message: Uint8Array) => boolean
}

const windowMs = 10_000

export class MessageLane implements FrameSink {
  /** The client has said goodbye: nothing that comes behind it goes on (RFC 6455 §5.5.1). */
  closed = false
  readonly #options: LaneOptions
  readonly #scanner: FrameScanner
  #frame: Frame | undefined
  #frameBytes = 0
  #messageBytes = 0
  #isText = false
  /** Frames that wait, as they came, and what they say. */
  #held: Buffer[] = []
  #plain: Buffer[] = []
  #close: Buffer[] = []
  #windowStartMs = 0
  #frames = 0
  #messages = 0

  constructor(options: LaneOptions) {
    this.#options = options
    this.#scanner = new FrameScanner('client', this)
  }

  /** Nothing may be pushed after a fault. */
  push(chunk: Buffer): FrameFault | undefined {
    return this.closed ? undefined : this.#scanner.push(chunk)
  }

  begin(frame: Frame): FrameFault | undefined {
    const { opcode, length, isLast, head } = frame
    const isControl = opcode >= opcodes.close
    const limited = this.#count(isControl || isLast)
    if (limited) return limited
    this.#frame = frame
    this.#frameBytes = 0
    if (isControl) {
      if (opcode === opcodes.close) this.#close = [head]
      else this.#options.forward(head)
      return undefined
    }
    if (opcode !== opcodes.continuation) {
      this.#isText = opcode === opcodes.text
      this.#messageBytes = 0
    }
    this.#messageBytes += length
    const max = this.#options.limits.websocketMessageBytes
    if (this.#messageBytes > max)
      return {
        closeCode: 1009,
        detail: `a message of more than ${max} bytes`,
        code: 'websocket.message-bytes',
        limit: 'websocketMessageBytes',
      }
    if (this.#isText) this.#held.push(head)
    else this.#options.forward(head)
    return undefined
  }

  payload(bytes: Buffer): void {
    const frame = this.#frame
    if (!frame) return
    if (frame.opcode === opcodes.close) this.#close.push(bytes)
    else if (frame.opcode > opcodes.close || !this.#isText) this.#options.forward(bytes)
    else {
      this.#held.push(bytes)
      this.#plain.push(unmasked(bytes, frame, this.#frameBytes))
    }
    this.#frameBytes += bytes.length
  }

  end(): FrameFault | undefined {
    const frame = this.#frame
    if (!frame) return undefined
    if (frame.opcode === opcodes.close) return this.#endClose(frame)
    if (frame.opcode > opcodes.close || !frame.isLast || !this.#isText) return undefined
    const [only, ...others] = this.#plain
    const message = only && others.length === 0 ? only : Buffer.concat(this.#plain)
    this.#plain = []
    if (!isUtf8(message)) return { closeCode: 1007, detail: 'a text message that is not UTF-8', code: 'websocket.utf8' }
    if (!this.#options.judge(message))
      return { closeCode: 1008, detail: 'a message that a guard refused', code: undefined }
    this.#release()
    return undefined
  }

  /** A message that has not ended is not passed on: nobody has seen it. */
  #endClose(frame: Frame): FrameFault | undefined {
    const payload = Buffer.concat(this.#close.slice(1))
    const fault = checkClose(unmasked(payload, frame, 0))
    if (fault) return fault
    this.closed = true
    this.#held = this.#close
    this.#release()
    return undefined
  }

  #release(): void {
    const held = this.#held
    this.#held = []
    for (const bytes of held) this.#options.forward(bytes)
  }

  #count(isMessage: boolean): FrameFault | undefined {
    const { limits, now } = this.#options
    const nowMs = now()
    if (nowMs - this.#windowStartMs >= windowMs) {
      this.#windowStartMs = nowMs
      this.#frames = 0
      this.#messages = 0
    }
    this.#frames++
    if (isMessage) this.#messages++
    const { websocketFrames, websocketMessages } = limits
    if (this.#frames > websocketFrames) return tooMany('frames', websocketFrames)
    return this.#messages > websocketMessages ? tooMany('messages', websocketMessages) : undefined
  }
}

function tooMany(what: 'frames' | 'messages', max: number): FrameFault {
  const detail = `more than ${max} ${what} in 10 s`
  return what === 'frames'
    ? { closeCode: 1008, detail, code: 'websocket.frames', limit: 'websocketFrames' }
    : { closeCode: 1008, detail, code: 'websocket.messages', limit: 'websocketMessages' }
}

function unmasked(bytes: Buffer, { mask }: Frame, from: number): Buffer {
  const plain = Buffer.from(bytes)
  if (mask) unmask(plain, mask, from)
  return plain
}
