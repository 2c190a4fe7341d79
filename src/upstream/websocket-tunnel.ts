// A tunnel whose frames are looked at: what the client sends goes through a MessageLane, what the upstream sends is
// followed to know where a frame ends, so that a Close of ours can stand between two.

import type { Duplex } from 'node:stream'
import type { Exchange } from '../pipeline/exchange.ts'
import { closeFrame } from '../pipeline/websocket/close-frame.ts'
import { type FrameFault, FrameScanner } from '../pipeline/websocket/frame-scanner.ts'
import { judgeMessage, recordWebSocketFault } from '../pipeline/websocket/message-exchange.ts'
import { MessageLane } from '../pipeline/websocket/message-lane.ts'

/** For the frame that is on its way when we close, and for the other side to take our goodbye. */
const farewellMs = 1_000

export class WebSocketTunnel {
  readonly #ex: Exchange
  readonly #client: Duplex
  readonly #upstream: Duplex
  readonly #lane: MessageLane
  readonly #back: FrameScanner
  /** A Close frame that waits for the end of the upstream's frame. */
  #closing: Buffer | undefined
  #over = false

  constructor(ex: Exchange, client: Duplex, upstream: Duplex) {
    this.#ex = ex
    this.#client = client
    this.#upstream = upstream
    this.#lane = new MessageLane({
      limits: ex.route.limits,
      now: () => performance.now(),
      forward: bytes => void upstream.write(bytes),
      judge: message => judgeMessage(ex, message),
    })
    this.#back = new FrameScanner('server', silent)
    client.on('data', (chunk: Buffer) => this.fromClient(chunk))
    upstream.on('data', (chunk: Buffer) => this.#fromUpstream(chunk))
    client.on('end', () => upstream.end())
    upstream.on('end', () => {
      if (!this.#over) client.end()
      else this.#sayGoodbye()
    })
    client.on('drain', () => upstream.resume())
    upstream.on('drain', () => client.resume())
    client.resume()
    upstream.resume()
  }

  fromClient(chunk: Buffer): void {
    if (this.#over) return
    this.#upstream.cork()
    const fault = this.#lane.push(chunk)
    this.#upstream.uncork()
    if (fault) this.#faulted(fault)
    else if (this.#upstream.writableNeedDrain) this.#client.pause()
  }

  /** Says goodbye to both. */
  close(code: number): void {
    if (this.#over) return
    this.#over = true
    if (!this.#lane.closed) this.#upstream.write(closeFrame(code, '', 'server'))
    this.#upstream.end()
    this.#closing = closeFrame(code, code === 1008 ? this.#ex.reference : '', 'client')
    if (this.#back.atBoundary) this.#sayGoodbye()
    setTimeout(() => {
      this.#client.destroy()
      this.#upstream.destroy()
    }, farewellMs).unref()
  }

  #fromUpstream(chunk: Buffer): void {
    if (this.#closing) return this.#finishFrame(chunk)
    if (this.#over) return
    const fault = this.#back.push(chunk)
    if (fault) {
      recordWebSocketFault(this.#ex, 'websocket.upstream', `the upstream sent ${fault.detail}`)
      this.close(1002)
      return
    }
    if (!this.#client.write(chunk)) this.#upstream.pause()
  }

  /** Passes on what is left of the frame that was on its way. */
  #finishFrame(chunk: Buffer): void {
    let passed = 0
    while (passed < chunk.length && !this.#back.atBoundary) {
      const next = chunk.subarray(passed, passed + Math.max(1, this.#back.payloadLeft))
      if (this.#back.push(next)) return
      passed += next.length
    }
    this.#client.write(chunk.subarray(0, passed))
    if (this.#back.atBoundary) this.#sayGoodbye()
  }

  #sayGoodbye(): void {
    if (!this.#closing) return
    this.#client.end(this.#closing)
    this.#closing = undefined
  }

  #faulted({ closeCode, detail, code, limit }: FrameFault): void {
    // Of a message that a guard refused there is an event already.
    if (code !== undefined) recordWebSocketFault(this.#ex, code, detail, limit)
    this.close(closeCode)
  }
}

const silent = { begin: () => undefined, payload: () => {}, end: () => undefined }
