// Reads a request body from node:http: first up to a limit, then the rest as a stream, with back-pressure, idle timeout
// and minimum rate. Time counts only while we wait for the client, never while the upstream holds us back.

import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { GatewayError } from '../lib/errors.ts'
import type { RequestBody } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { BodyClock, Timed } from './body-clock.ts'

/** Bytes held before the client is stopped. */
const heldBytesMax = 64 * 1024
const shortBytes = 4 * 1024

export class RequestBodyReader implements Timed {
  receivedBytes = 0
  /** The whole body has been received. */
  ended: boolean
  readonly #req: IncomingMessage
  readonly #declaredBytes: number | undefined
  readonly #limits: Limits
  readonly #clock: BodyClock
  #started = false
  #discarding = false
  #chunks: Buffer[] = []
  #heldBytes = 0
  #passedBytes = 0
  #failure: GatewayError | undefined
  #waiter: PromiseWithResolvers<void> | undefined
  #waitingSinceMs = 0
  #waitedMs = 0

  constructor(
    req: IncomingMessage,
    hasBody: boolean,
    declaredBytes: number | undefined,
    limits: Limits,
    clock: BodyClock,
  ) {
    this.#req = req
    this.ended = !hasBody
    this.#declaredBytes = declaredBytes
    this.#limits = limits
    this.#clock = clock
  }

  /** Broken off, or so slow that it counts as broken off. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  async readUpTo(limitBytes: number): Promise<RequestBody> {
    let held: Buffer = emptyBuffer
    let bytes = 0
    while (bytes <= limitBytes) {
      const next = this.#next()
      const chunk = next instanceof Promise ? await next : next
      if (chunk === undefined) {
        this.#passedBytes = bytes
        return { bytes: held.subarray(0, bytes), complete: true }
      }
      held = bytes === 0 ? chunk : append(held, bytes, chunk)
      bytes += chunk.length
    }
    this.#chunks.unshift(held.subarray(limitBytes, bytes))
    this.#heldBytes += bytes - limitBytes
    this.#passedBytes = limitBytes
    return { bytes: held.subarray(0, limitBytes), complete: false }
  }

  async *rest(maxBytes: number): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#next()
      const chunk = next instanceof Promise ? await next : next
      if (chunk === undefined) return
      this.#passedBytes += chunk.length
      if (this.#passedBytes > maxBytes)
        throw new GatewayError('BODY_TOO_LARGE', 'client', `more than ${maxBytes} bytes`)
      yield chunk
    }
  }

  /** Ends all reading: whoever waits for a chunk gets the error. */
  fail(error: GatewayError): void {
    if (this.#failure) return
    this.#failure = error
    this.#chunks = []
    this.#wake()
  }

  /** Takes what still comes from the wire and throws it away. */
  discard(): void {
    if (this.#discarding) return
    this.#discarding = true
    this.fail(new GatewayError('CLIENT_ABORTED', 'client', 'the response ended before the request body did'))
    if (this.ended) return
    this.#start()
    this.#req.resume()
    this.#wait()
  }

  tick(nowMs: number): void {
    if (this.#req.socket.destroyed) return this.#clock.unwatch(this)
    const idleMs = nowMs - this.#waitingSinceMs
    const waitedMs = this.#waitedMs + idleMs
    const { bodyMinRate, bodyRateGrace, bodyIdleTimeout } = this.#limits
    const tooSlow = waitedMs > bodyRateGrace && this.receivedBytes * 1000 < bodyMinRate * waitedMs
    if (!tooSlow && idleMs <= bodyIdleTimeout) return
    this.#clock.unwatch(this)
    if (this.#discarding) this.#req.socket.destroy()
    else
      this.fail(new GatewayError('BODY_TIMEOUT', 'client', tooSlow ? 'the body comes too slowly' : 'the body stopped'))
  }

  #start(): void {
    if (this.#started) return
    this.#started = true
    this.#req.on('data', (chunk: Buffer) => this.#received(chunk))
    this.#req.on('end', () => this.#end())
  }

  /** All that has come; undefined at the end. */
  #next(): Buffer | undefined | Promise<Buffer | undefined> {
    this.#start()
    if (this.#failure) throw this.#failure
    const chunks = this.#chunks
    if (chunks.length > 0) {
      const all = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, this.#heldBytes)
      this.#chunks = []
      this.#heldBytes = 0
      if (this.#req.isPaused()) this.#req.resume()
      return all
    }
    if (this.ended) return undefined
    this.#waiter = Promise.withResolvers()
    this.#wait()
    return this.#waiter.promise.then(() => this.#gather())
  }

  /** Lets a short chunk wait for what arrived with it: a client that sends a byte a chunk must not make us work a lot. */
  async #gather(): Promise<Buffer | undefined> {
    if (this.#heldBytes < shortBytes && !this.ended && !this.#failure) await setImmediate()
    return this.#next()
  }

  #received(chunk: Buffer): void {
    this.receivedBytes += chunk.length
    if (this.#discarding) {
      this.#waited()
      this.#wait()
    } else if (!this.#failure) {
      this.#chunks.push(chunk)
      this.#heldBytes += chunk.length
      if (this.#heldBytes > heldBytesMax) this.#req.pause()
    }
    if (this.receivedBytes === this.#declaredBytes) this.#end()
    else this.#wake()
  }

  #end(): void {
    this.ended = true
    this.#clock.unwatch(this)
    this.#wake()
  }

  #wake(): void {
    const waiter = this.#waiter
    if (!waiter) return
    this.#waiter = undefined
    this.#waited()
    waiter.resolve()
  }

  #wait(): void {
    this.#waitingSinceMs = performance.now()
    this.#clock.watch(this)
  }

  #waited(): void {
    this.#waitedMs += performance.now() - this.#waitingSinceMs
    this.#clock.unwatch(this)
  }
}

const emptyBuffer = Buffer.alloc(0)

/** Grows by doubling: what is allocated follows what was received, not what was announced. */
function append(held: Buffer, bytes: number, chunk: Buffer): Buffer {
  if (held.length >= bytes + chunk.length && held !== emptyBuffer) {
    chunk.copy(held, bytes)
    return held
  }
  const grown = Buffer.allocUnsafeSlow(Math.max(4096, 2 * (bytes + chunk.length)))
  held.copy(grown, 0, 0, bytes)
  chunk.copy(grown, bytes)
  return grown
}
