// The client's side of one HTTP/1.x request over node:http. Framing, keep-alive and hop-by-hop headers are decided here.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError } from '../lib/errors.ts'
import type { Edge } from '../pipeline/edge.ts'
import type { RequestBody } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { BodyClock } from './body-clock.ts'
import type { Connection } from './connection.ts'
import { formatHead } from './head.ts'
import { RequestBodyReader } from './request-body.ts'
import { ResponseRate, socketTaker, tookNothing, tooSlow } from './response-rate.ts'

/** An unread rest of a body up to this size is read away to keep the connection; more closes it. */
const drainedBytesMax = 64 * 1024

/** A first chunk up to this size is sent as a string: 60 instead of 67 µs a request (bench/load). */
const shortBytesMax = 4 * 1024

export interface Http1EdgeOptions {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly connection: Connection
  readonly reference: string
  readonly limits: Limits
  readonly clock: BodyClock
  readonly hasBody: boolean
  readonly declaredBytes: number | undefined
  /** The client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean
  /** No request may follow on this connection. */
  readonly last: boolean
}

export class Http1Edge implements Edge {
  readonly hasBody: boolean
  readonly declaredBytes: number | undefined
  onDrain: (() => void) | undefined
  onAbort: (() => void) | undefined
  readonly finished: Promise<void>
  readonly #res: ServerResponse
  readonly #connection: Connection
  readonly #reference: string
  readonly #limits: Limits
  readonly #body: RequestBodyReader
  readonly #rate: ResponseRate
  readonly #acceptsInformational: boolean
  #expectsContinue: boolean
  #last: boolean
  #cut = false
  #written = false
  /** Waiting for the client to take what was written. */
  #full = false

  constructor(options: Http1EdgeOptions) {
    const { req, res, hasBody, declaredBytes } = options
    this.hasBody = hasBody
    this.declaredBytes = declaredBytes
    this.onDrain = undefined
    this.onAbort = undefined
    this.#res = res
    this.#connection = options.connection
    this.#reference = options.reference
    this.#limits = options.limits
    this.#body = new RequestBodyReader({
      source: req,
      carrier: req.socket,
      hasBody,
      declaredBytes,
      limits: options.limits,
      clock: options.clock,
    })
    this.#rate = new ResponseRate(socketTaker(options.connection.socket), options.limits, options.clock, () =>
      this.#giveUp(tooSlow()),
    )
    this.#acceptsInformational = req.httpVersionMinor >= 1
    this.#expectsContinue = options.expectsContinue
    this.#last = options.last
    this.finished = new Promise(resolve => {
      res.once('close', () => {
        this.#rate.took()
        if (!res.writableFinished && !this.#cut) this.#aborted()
        resolve()
      })
    })
    res.once('timeout', () => this.#giveUp(tookNothing()))
    res.on('error', ignore) // a write after the client is gone; 'close' tells it
  }

  get headSent(): boolean {
    return this.#res.headersSent
  }

  get requestTrailers(): readonly string[] {
    return this.#res.req.rawTrailers
  }

  async readBody(limitBytes: number): Promise<RequestBody> {
    this.#continue()
    return this.#body.readUpTo(limitBytes)
  }

  restOfBody(maxBytes: number, patient = false): AsyncIterable<Uint8Array> {
    this.#continue()
    return this.#body.rest(maxBytes, patient)
  }

  /** Only to clients that know what it is (RFC 9110 §15.2). */
  informational(status: number, headers: readonly string[]): void {
    if (!this.#acceptsInformational || this.headSent) return
    this.#res.socket?.write(formatHead(status, '', headers), 'latin1')
  }

  sendHead(status: number, statusText: string, headers: readonly string[]): void {
    const res = this.#res
    const bodiless = status === 204 || status === 304 || res.req.method === 'HEAD'
    const lines: string[] = ['x-request-id', this.#reference]
    let sized = false
    let trailer: string | undefined
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? ''
      const value = headers[i + 1] ?? ''
      switch (headerKind(name)) {
        case 'own':
          break
        case 'content-length':
          if (status === 204) break
          sized = true
          lines.push(name, value)
          break
        case 'trailer':
          trailer = value
          break
        default:
          lines.push(name, value)
      }
    }
    // Without a chunked body there is no place for trailers, so they are not announced.
    if (trailer !== undefined && !sized && !bodiless && this.#acceptsInformational) lines.push('trailer', trailer)
    if (this.#mustClose()) res.shouldKeepAlive = false
    if (!res.shouldKeepAlive) this.#connection.ending = true
    if (statusText === '') res.writeHead(status, lines)
    else res.writeHead(status, statusText, lines)
    // The head of a response whose body is yet to come goes out at once.
    process.nextTick(flushHead, res)
  }

  write(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return true
    const room = this.#writeChunk(chunk)
    if (room) return true
    if (this.#full) return false
    this.#full = true
    this.#watchClient()
    this.#res.once('drain', () => {
      this.#full = false
      this.#rate.took()
      this.#connection.socket.setTimeout(0)
      this.onDrain?.()
    })
    return false
  }

  end(trailers: readonly string[]): void {
    const res = this.#res
    if (trailers.length > 0 && res.chunkedEncoding) {
      const pairs: [string, string][] = []
      for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i] ?? '', trailers[i + 1] ?? ''])
      res.addTrailers(pairs)
    }
    if (!this.#body.ended) {
      this.#connection.lingers = !res.shouldKeepAlive
      this.#body.discard()
    }
    res.end()
    if (this.#connection.socket.writableLength > 0) this.#watchClient()
  }

  destroy(): void {
    this.#cut = true
    // A response that ends with the connection would look whole if it ended in good order.
    if (this.#res.headersSent && !this.#res.chunkedEncoding) this.#connection.reset()
    else this.#connection.socket.destroy()
  }

  /** Node puts a head and a first chunk into one write when both are strings; a buffer makes it a writev. */
  #writeChunk(chunk: Uint8Array): boolean {
    const res = this.#res
    if (chunk.length > shortBytesMax || res.chunkedEncoding || this.#written) return res.write(chunk)
    this.#written = true
    return res.write(Buffer.prototype.latin1Slice.call(chunk), 'latin1')
  }

  #continue(): void {
    if (!this.#expectsContinue || this.headSent) return
    this.#expectsContinue = false
    this.#res.writeContinue()
  }

  /** The socket's own timeout sees bytes leave, so it is for clients that take nothing at all. */
  #watchClient(): void {
    this.#rate.wait()
    this.#connection.socket.setTimeout(this.#limits.responseIdleTimeout)
  }

  #mustClose(): boolean {
    if (this.#last || this.#connection.draining) return true
    if (this.#body.ended) return false
    if (this.#expectsContinue || this.#body.failed || this.declaredBytes === undefined) return true
    return this.declaredBytes - this.#body.receivedBytes > drainedBytesMax
  }

  /** Reset, so that the kernel does not go on with what it holds for a client that hardly reads. */
  #giveUp(error: GatewayError): void {
    const { exchange } = this.#connection
    if (exchange) exchange.failure ??= error
    this.#connection.reset()
  }

  #aborted(): void {
    this.#body.fail(new GatewayError('CLIENT_ABORTED', 'client', 'the client closed the connection'))
    this.onAbort?.()
  }
}

function ignore(): void {}

function flushHead(res: ServerResponse): void {
  if (!res.writableEnded && !res.destroyed) res.flushHeaders()
}

/** `own`: a header that this side of the gateway writes itself. */
function headerKind(name: string): 'own' | 'content-length' | 'trailer' | undefined {
  switch (name.length) {
    case 7: {
      const lower = name.toLowerCase()
      return lower === 'upgrade' ? 'own' : lower === 'trailer' ? 'trailer' : undefined
    }
    case 10: {
      const lower = name.toLowerCase()
      return lower === 'connection' || lower === 'keep-alive' ? 'own' : undefined
    }
    case 12:
      return name.toLowerCase() === 'x-request-id' ? 'own' : undefined
    case 14:
      return name.toLowerCase() === 'content-length' ? 'content-length' : undefined
    case 16:
      return name.toLowerCase() === 'proxy-connection' ? 'own' : undefined
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? 'own' : undefined
    default:
      return undefined
  }
}
