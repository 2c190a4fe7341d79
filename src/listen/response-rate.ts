// Watches how fast a client takes what was written for it. An idle timeout alone is fooled by a client that takes a few
// bytes now and then and so holds a connection, here and to the upstream, for as long as it likes.

import type { Socket } from 'node:net'
import type { Limits } from '../pipeline/limits.ts'
import type { BodyClock, Timed } from './body-clock.ts'

export class ResponseRate implements Timed {
  readonly #socket: Socket
  readonly #limits: Limits
  readonly #clock: BodyClock
  readonly #onSlow: () => void
  #waitedMs = 0
  #takenBytes = 0
  #waitingSinceMs = 0
  #startBytes = 0

  constructor(socket: Socket, limits: Limits, clock: BodyClock, onSlow: () => void) {
    this.#socket = socket
    this.#limits = limits
    this.#clock = clock
    this.#onSlow = onSlow
  }

  /** Nothing more can be written until the client takes something. */
  wait(): void {
    if (this.#waitingSinceMs > 0) return
    this.#waitingSinceMs = performance.now()
    this.#startBytes = takenBytes(this.#socket)
    this.#clock.watch(this)
  }

  /** There is room again, or all is over. */
  took(): void {
    if (this.#waitingSinceMs === 0) return
    this.#waitedMs += performance.now() - this.#waitingSinceMs
    this.#takenBytes += takenBytes(this.#socket) - this.#startBytes
    this.#waitingSinceMs = 0
    this.#clock.unwatch(this)
  }

  tick(nowMs: number): void {
    if (this.#socket.destroyed) return this.#clock.unwatch(this)
    const { responseMinRate, responseRateGrace } = this.#limits
    const waitedMs = this.#waitedMs + nowMs - this.#waitingSinceMs
    const taken = this.#takenBytes + takenBytes(this.#socket) - this.#startBytes
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
    this.#startBytes = takenBytes(this.#socket)
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
