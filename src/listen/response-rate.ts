// Watches how fast a client takes what was written for it. An idle timeout alone is fooled by a client that takes a few
// bytes now and then and so holds a connection, here and to the upstream, for as long as it likes.

import type { Socket } from 'node:net'
import { GatewayError } from '../lib/errors.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { BodyClock, Timed } from './body-clock.ts'

/** Who takes a response: a connection, or one stream of it. */
export interface Taker {
  readonly destroyed: boolean
  takenBytes(): number
  /** Its window is open, and the way to it is full: no time of its own. */
  readonly isHeldByWay: boolean
}

export class ResponseRate implements Timed {
  readonly #taker: Taker
  readonly #limits: Limits
  readonly #clock: BodyClock
  readonly #onSlow: () => void
  #waitedMs = 0
  #takenBytes = 0
  #waitingSinceMs = 0
  #startBytes = 0
  #tickedMs = 0

  constructor(taker: Taker, limits: Limits, clock: BodyClock, onSlow: () => void) {
    this.#taker = taker
    this.#limits = limits
    this.#clock = clock
    this.#onSlow = onSlow
  }

  get isWaiting(): boolean {
    return this.#waitingSinceMs > 0
  }

  /** Nothing more can be written until the client takes something. */
  wait(): void {
    if (this.isWaiting) return
    this.#waitingSinceMs = performance.now()
    this.#tickedMs = this.#waitingSinceMs
    this.#startBytes = this.#taker.takenBytes()
    this.#clock.watch(this)
  }

  /** There is room again, or all is over. */
  took(): void {
    if (!this.isWaiting) return
    this.#waitedMs += performance.now() - this.#waitingSinceMs
    this.#takenBytes += this.#taker.takenBytes() - this.#startBytes
    this.#waitingSinceMs = 0
    this.#clock.unwatch(this)
  }

  tick(nowMs: number): void {
    if (this.#taker.destroyed) return this.#clock.unwatch(this)
    if (this.#taker.isHeldByWay) this.#waitingSinceMs += nowMs - this.#tickedMs
    this.#tickedMs = nowMs
    const { responseMinRate, responseRateGrace } = this.#limits
    const waitedMs = this.#waitedMs + nowMs - this.#waitingSinceMs
    const taken = this.#takenBytes + this.#taker.takenBytes() - this.#startBytes
    if (waitedMs <= responseRateGrace) return
    if (taken * 1000 < responseMinRate * waitedMs) {
      this.#clock.unwatch(this)
      this.#onSlow()
      return
    }
    // Each stretch counts for itself: who was quick before may not be slow for ever.
    this.#waitedMs = 0
    this.#takenBytes = 0
    this.#waitingSinceMs = nowMs
    this.#startBytes = this.#taker.takenBytes()
  }
}

export function tooSlow(): GatewayError {
  return new GatewayError('CLIENT_STALLED', 'client', 'the response is taken too slowly', { limit: 'responseMinRate' })
}

export function tookNothing(): GatewayError {
  return new GatewayError('CLIENT_STALLED', 'client', 'the response is not taken', { limit: 'responseIdleTimeout' })
}

export function socketTaker(socket: Socket): Taker {
  return {
    get destroyed() {
      return socket.destroyed
    },
    takenBytes: () => takenBytes(socket),
    isHeldByWay: false,
  }
}

interface Handle {
  readonly bytesWritten?: number
  readonly writeQueueSize?: number
}

/** What the kernel has taken; node:net itself looks at the queue of its handle to tell a slow client from a dead one. */
function takenBytes(socket: Socket): number {
  const { bytesWritten, writeQueueSize } = (socket as { _handle?: Handle | null })._handle ?? {}
  if (bytesWritten === undefined || writeQueueSize === undefined) return socket.bytesWritten - socket.writableLength
  return bytesWritten - writeQueueSize
}
