// The client's side of one request over HTTP/2: one stream of node:http2.

import { createHash } from 'node:crypto'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { GatewayError } from '../../lib/errors.ts'
import type { Edge } from '../../pipeline/edge.ts'
import type { RequestBody } from '../../pipeline/exchange.ts'
import type { HeaderList } from '../../pipeline/headers.ts'
import type { Limits } from '../../pipeline/limits.ts'
import type { TunnelClient } from '../../pipeline/route.ts'
import type { BodyClock } from '../body-clock.ts'
import { type LargeBodies, RequestBodyReader } from '../request-body.ts'
import { ResponseRate, type Taker, tookNothing, tooSlow } from '../response-rate.ts'

export interface Http2EdgeOptions {
  readonly stream: ServerHttp2Stream
  readonly headers: HeaderList
  readonly isHead: boolean
  readonly isWebSocket: boolean
  readonly reference: string
  readonly limits: Limits
  readonly clock: BodyClock
  readonly largeBodies: LargeBodies
  /** How fast the client takes the response. */
  readonly taker: Taker
  /** Told before the stream is given up: the client took its response too slowly. */
  readonly onStalled: (error: GatewayError) => void
}

export class Http2Edge implements Edge, TunnelClient {
  readonly hasBody: boolean
  readonly declaredBytes: number | undefined
  readonly head = new Uint8Array(0)
  headSent = false
  requestTrailers: readonly string[] = []
  onDrain: (() => void) | undefined
  onAbort: (() => void) | undefined
  readonly finished: Promise<void>
  readonly #stream: ServerHttp2Stream
  readonly #options: Http2EdgeOptions
  readonly #body: RequestBodyReader
  readonly #rate: ResponseRate
  #expectsContinue: boolean
  /** A head that waits for what comes with it: without a body it ends the stream by itself (gRPC wants that). */
  #waiting: readonly string[] | undefined
  /** What came with it. */
  #first: Uint8Array | undefined
  #trailers: readonly string[] = []
  #ended = false
  #full = false
  #wantsTrailers = false

  constructor(options: Http2EdgeOptions) {
    const { stream, headers, limits, clock, largeBodies, isWebSocket } = options
    this.onDrain = undefined
    this.onAbort = undefined
    this.#options = options
    this.#stream = stream
    const declared = headers.get('content-length')
    this.hasBody = !isWebSocket && !stream.endAfterHeaders && declared !== '0'
    this.declaredBytes = !this.hasBody ? 0 : declared === undefined ? undefined : Number(declared)
    this.#expectsContinue = headers.get('expect')?.toLowerCase() === '100-continue'
    const { hasBody, declaredBytes } = this
    this.#body = new RequestBodyReader({
      source: stream,
      carrier: stream,
      hasBody,
      declaredBytes,
      limits,
      clock,
      largeBodies,
    })
    this.#rate = new ResponseRate(options.taker, limits, clock, () => this.giveUp(tooSlow()))
    stream.on('error', ignore) // 'close' follows, and tells enough
    stream.on('timeout', () => this.giveUp(tookNothing()))
    this.finished = new Promise(resolve => {
      stream.once('close', () => {
        if (!this.#ended || !stream.writableFinished) this.#aborted()
        this.#body.release()
        this.#rate.took()
        resolve()
      })
    })
    stream.on('trailers', (_headers, _flags, raw) => {
      this.requestTrailers = raw as unknown as string[]
    })
    if (!hasBody && !isWebSocket) stream.resume()
  }

  async readBody(limitBytes: number): Promise<RequestBody> {
    this.#continue()
    return this.#body.readUpTo(limitBytes)
  }

  restOfBody(maxBytes: number, patient = false): AsyncIterable<Uint8Array> {
    this.#continue()
    return this.#body.rest(maxBytes, patient)
  }

  informational(status: number, headers: readonly string[]): void {
    if (this.headSent || this.#stream.destroyed) return
    this.#stream.additionalHeaders({ ':status': status, ...asRecord(headers) })
  }

  sendHead(status: number, _statusText: string, headers: readonly string[]): void {
    this.headSent = true
    const lines = [':status', String(status), 'x-request-id', this.#options.reference]
    for (let i = 0; i < headers.length; i += 2) {
      const name = (headers[i] ?? '').toLowerCase()
      if (ownHeaders.has(name) || (status === 204 && name === 'content-length')) continue
      lines.push(name, headers[i + 1] ?? '')
    }
    if (status === 204 || status === 304 || this.#options.isHead) {
      this.#respond(lines, 'nothing')
      return
    }
    this.#waiting = lines
    process.nextTick(() => this.#flushHead())
  }

  write(chunk: Uint8Array): boolean {
    const stream = this.#stream
    if (chunk.length === 0 || !stream.writable) return true
    if (this.#waiting && !this.#first && chunk.length < stream.writableHighWaterMark) {
      this.#first = chunk
      return true
    }
    this.#flushHead()
    if (stream.write(chunk)) return true
    if (this.#full) return false
    this.#full = true
    this.#watchClient()
    stream.once('drain', () => {
      this.#full = false
      this.#rate.took()
      stream.setTimeout(0)
      this.onDrain?.()
    })
    return false
  }

  end(trailers: readonly string[]): void {
    this.#ended = true
    const stream = this.#stream
    this.#trailers = trailers
    if (this.#waiting && trailers.length === 0) {
      const first = this.#first
      this.#respond(this.#waiting, first ? 'body' : 'nothing')
      if (first && stream.writable) stream.end(first)
    } else {
      this.#flushHead()
      stream.end()
    }
    if (stream.destroyed) return
    if (!stream.writableFinished) this.#watchClient()
    if (this.#body.ended) return
    this.#body.fail(new GatewayError('CLIENT_ABORTED', 'client', 'the response ended before the request body did'))
    if (!this.#wantsTrailers) stream.once('finish', () => this.#dropRest())
  }

  /** The client has had its time. */
  giveUp(error: GatewayError): void {
    this.#options.onStalled(error)
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  destroy(): void {
    this.#ended = true
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }

  /** Says yes to a WebSocket: the key was ours, so its answer is for us to look at, and not for the client. */
  open(headers: readonly string[]): Duplex {
    const stream = this.#stream
    const lines = [':status', '200', 'x-request-id', this.#options.reference]
    let accept = ''
    for (let i = 0; i < headers.length; i += 2) {
      const name = (headers[i] ?? '').toLowerCase()
      if (name === 'sec-websocket-accept') accept = headers[i + 1] ?? ''
      else if (!ownHeaders.has(name) && name !== 'content-length') lines.push(name, headers[i + 1] ?? '')
    }
    const key = this.#options.headers.get('sec-websocket-key') ?? ''
    if (accept !== createHash('sha1').update(`${key}${acceptSalt}`).digest('base64')) {
      throw new GatewayError('UPSTREAM_PROTOCOL', 'upstream', 'a handshake that does not fit its key')
    }
    this.headSent = true
    this.#ended = true
    if (!stream.destroyed) stream.respond(lines)
    return stream
  }

  #respond(lines: readonly string[], then: 'nothing' | 'body' | 'body and trailers'): void {
    this.#waiting = undefined
    this.#first = undefined
    const stream = this.#stream
    if (stream.destroyed || stream.closed) return
    this.#wantsTrailers = then === 'body and trailers'
    stream.respond(lines, { endStream: then === 'nothing', waitForTrailers: this.#wantsTrailers })
    if (this.#wantsTrailers) {
      stream.once('wantTrailers', () => {
        if (!stream.destroyed && !stream.closed) stream.sendTrailers(asRecord(this.#trailers))
        if (!this.#body.ended) setImmediate(() => this.#dropRest())
      })
    }
  }

  #flushHead(): void {
    const first = this.#first
    if (this.#waiting) this.#respond(this.#waiting, 'body and trailers')
    if (first && this.#stream.writable) this.#stream.write(first)
  }

  /**
   * The client need not send the rest of its body (RFC 9113 §8.1). Later, for node:http2 sends the end of the response
   * a moment after it says that it has, and not at all behind a reset.
   */
  #dropRest(): void {
    setImmediate(() => {
      if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_NO_ERROR)
    })
  }

  #continue(): void {
    if (!this.#expectsContinue || this.headSent || this.#stream.destroyed) return
    this.#expectsContinue = false
    this.#stream.additionalHeaders({ ':status': 100 })
  }

  /** Looks whether bytes leave, as the window of the client lets them. */
  /** A response is held up by the client, or by the way to it. */
  get waits(): boolean {
    return this.#rate.isWaiting
  }

  #watchClient(): void {
    this.#rate.wait()
    this.#stream.setTimeout(this.#options.limits.responseIdleTimeout)
  }

  #aborted(): void {
    this.#body.fail(new GatewayError('CLIENT_ABORTED', 'client', 'the client closed the stream'))
    this.onAbort?.()
  }
}

/** RFC 6455 §1.3. */
const acceptSalt = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Of HTTP/1.1's connections, or written here. */
const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te',
  'x-request-id',
])

/** Lower case; lines of the same name in one list. */
function asRecord(headers: readonly string[]): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    if (name === '' || name.startsWith(':') || ownHeaders.has(name)) continue
    const value = headers[i + 1] ?? ''
    const before = record[name]
    record[name] = before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value]
  }
  return record
}

function ignore(): void {}
