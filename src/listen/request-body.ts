// Reads a request body from node:http or node:http2: first up to a limit, then the rest as a stream, with back-pressure, idle timeout
// and minimum rate. Time counts only while we wait for the client, never while the upstream holds us back.

import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { GatewayError } from '../lib/errors.ts'
import type { RequestBody } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { BodyClock, Timed } from './body-clock.ts'

/** Bytes held before the client is stopped. */
const heldBytesMax = 64 * 1024
const shortBytes = 4 * 1024

/** What carries the body, and is cut when the body comes too slowly: a connection, or one stream of it. */
interface Carrier {
  readonly destroyed: boolean
  destroy(): unknown
}

/** Leave to hold a large body; undefined from `enter` when it is given at once. */
export interface LargeBodies {
  enter(): Promise<void> | undefined
  leave(): void
}

export interface RequestBodyOptions {
  readonly source: Readable
  readonly carrier: Carrier
  readonly hasBody: boolean
  readonly declaredBytes: number | undefined
  readonly limits: Limits
  readonly clock: BodyClock
  /** For connections on which many bodies come at once. */
  readonly largeBodies?: LargeBodies
}

export class RequestBodyReader implements Timed {
  receivedBytes = 0
  /** The whole body has been received. */
  ended: boolean
  readonly #source: Readable
  readonly #carrier: Carrier
  readonly #declaredBytes: number | undefined
  readonly #limits: Limits
  readonly #clock: BodyClock
  readonly #largeBodies: LargeBodies | undefined
  #isLarge = false
  #patient = false
  #started = false
  #discarding = false
  #chunks: Buffer[] = []
  #heldBytes = 0
  #passedBytes = 0
  #failure: GatewayError | undefined
  #waiter: PromiseWithResolvers<void> | undefined
  #waitingSinceMs = 0
  #waitedMs = 0

  constructor(options: RequestBodyOptions) {
    this.#source = options.source
    this.#carrier = options.carrier
    this.ended = !options.hasBody
    this.#declaredBytes = options.declaredBytes
    this.#limits = options.limits
    this.#clock = options.clock
    this.#largeBodies = options.largeBodies
  }

  /** Broken off, or so slow that it counts as broken off. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  async readUpTo(limitBytes: number): Promise<RequestBody> {
    let held: Buffer = emptyBuffer
    let bytes = 0
    while (bytes <= limitBytes) {
      if (this.#largeBodies && !this.#isLarge && bytes >= heldBytesMax) await this.#enterLarge(this.#largeBodies)
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

  async *rest(maxBytes: number, patient = false): AsyncGenerator<Uint8Array> {
    this.#patient = patient
    for (;;) {
      const next = this.#next()
      const chunk = next instanceof Promise ? await next : next
      if (chunk === undefined) return
      this.#passedBytes += chunk.length
      if (this.#passedBytes > maxBytes)
        throw new GatewayError('BODY_TOO_LARGE', 'client', `more than ${maxBytes} bytes`, { limit: 'bodyMax' })
      yield chunk
    }
  }

  /** What was held of the body is no longer needed. */
  release(): void {
    if (this.#isLarge) this.#largeBodies?.leave()
    this.#isLarge = false
  }

  async #enterLarge(largeBodies: LargeBodies): Promise<void> {
    const entered = largeBodies.enter()
    this.#isLarge = true
    if (entered) await entered
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
    this.#source.resume()
    this.#wait()
  }

  tick(nowMs: number): void {
    if (this.#carrier.destroyed) return this.#clock.unwatch(this)
    const idleMs = nowMs - this.#waitingSinceMs
    const waitedMs = this.#waitedMs + idleMs
    const { bodyMinRate, bodyRateGrace, bodyIdleTimeout, tunnelIdleTimeout } = this.#limits
    const tooSlow = !this.#patient && waitedMs > bodyRateGrace && this.receivedBytes * 1000 < bodyMinRate * waitedMs
    if (!tooSlow && idleMs <= (this.#patient ? tunnelIdleTimeout : bodyIdleTimeout)) return
    this.#clock.unwatch(this)
    if (this.#discarding) this.#carrier.destroy()
    else if (tooSlow)
      this.fail(new GatewayError('BODY_TIMEOUT', 'client', 'the body comes too slowly', { limit: 'bodyMinRate' }))
    else {
      const limit = this.#patient ? 'tunnelIdleTimeout' : 'bodyIdleTimeout'
      this.fail(new GatewayError('BODY_TIMEOUT', 'client', 'the body stopped', { limit }))
    }
  }

  #start(): void {
    if (this.#started) return
    this.#started = true
    this.#source.on('data', (chunk: Buffer) => this.#received(chunk))
    this.#source.on('end', () => this.#end())
    if (this.#source.readableEnded) this.#end() // an empty body of HTTP/2 ends before anybody asks for it
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
      if (this.#source.isPaused()) this.#source.resume()
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
      if (this.#heldBytes > heldBytesMax) this.#source.pause()
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
