// One try of one request at one server over HTTP/2. Both directions stream at the same time, and trailers come through:
// what gRPC needs.

import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from 'node:http2'
import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { isGrpc } from '../pipeline/grpc-messages.ts'
import { changeHeaders } from '../pipeline/header-rules.ts'
import type { OutgoingBody, ResponseFlow, ResponseSink } from '../pipeline/route.ts'
import type { Http2Pool } from './h2-pool.ts'
import { requestHeaders } from './request-headers.ts'
import { requestTrailers } from './request-trailers.ts'
import { endToEndHeaders, endToEndTrailers } from './response-headers.ts'
import type { UpstreamServer } from './server.ts'
import { upstreamError } from './upstream-error.ts'

const informationalMax = 32

export class Http2Attempt implements ResponseFlow {
  readonly done: Promise<undefined>
  started = false
  answered = false
  headed = false
  /** The server says that it has done nothing (RFC 9113 §8.7). */
  refused = false
  /** Since when the client takes nothing; 0: it does. */
  stalledSinceMs = 0
  readonly #ex: Exchange
  readonly #server: UpstreamServer
  readonly #sink: ResponseSink
  readonly #settle: PromiseWithResolvers<undefined> = Promise.withResolvers()
  #stream: ClientHttp2Stream | undefined
  #settled = false
  #ended = false
  #informational = 0
  #trailers: readonly string[] = []
  #requestTrailers: readonly string[] = []

  constructor(ex: Exchange, server: UpstreamServer, sink: ResponseSink) {
    this.#ex = ex
    this.#server = server
    this.#sink = sink
    this.done = this.#settle.promise
  }

  async send(pool: Http2Pool, body: OutgoingBody): Promise<void> {
    const ex = this.#ex
    try {
      const lease = await pool.lease()
      if (this.#settled) return lease.release()
      const stream = lease.session.request(this.#headers(body), {
        endStream: body === undefined,
        waitForTrailers: ex.requestTrailers !== undefined,
      })
      this.#stream = stream
      this.started = true
      stream.once('close', () => lease.release())
      this.#listen(stream)
      if (body instanceof Uint8Array) {
        this.#requestTrailers = requestTrailers(ex)
        stream.end(body)
      } else if (body) await this.#pump(stream, body)
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  get clientKey(): string {
    return this.#ex.client.key
  }

  /** The client is gone. */
  cancel(): void {
    this.#fail(new GatewayError('CLIENT_ABORTED', 'client', 'the client closed the connection'))
  }

  /** Takes the stream from a client that does not take its response. */
  cut(limit: 'responseStall' | 'stalledPerIp'): void {
    this.stalledSinceMs = 0 // not once more
    const detail = 'the response was not taken while others waited'
    this.#fail(new GatewayError('CLIENT_STALLED', 'client', detail, { limit }))
  }

  pause(): void {
    this.stalledSinceMs ||= performance.now()
    this.#stream?.pause()
    this.#stream?.setTimeout(0)
  }

  resume(): void {
    this.stalledSinceMs = 0
    if (this.#ended) return
    this.#stream?.resume()
    this.#stream?.setTimeout(this.#timeoutMs())
  }

  abort(): void {
    this.#end()
    this.#stream?.close(constants.NGHTTP2_CANCEL)
  }

  #headers(body: OutgoingBody): OutgoingHttpHeaders {
    const { method, request, headers } = this.#ex
    const lines = requestHeaders(this.#ex, body, this.#server.isOwnService)
    const out: OutgoingHttpHeaders = {
      ':method': method,
      ':path': request.target,
      ':scheme': this.#server.origin.startsWith('https:') ? 'https' : 'http',
      ':authority': headers.get('host') ?? this.#server.hostname,
    }
    for (let i = 0; i < lines.length; i += 2) {
      const name = (lines[i] ?? '').toLowerCase()
      if (name === 'host') continue
      const before = out[name]
      const value = lines[i + 1] ?? ''
      out[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value]
    }
    // The only value that HTTP/2 knows; gRPC servers ask for it.
    if (headers.getAll('te').some(value => value.toLowerCase().includes('trailers'))) out['te'] = 'trailers'
    return out
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.setTimeout(this.#timeoutMs())
    stream.on('timeout', () => {
      this.#fail(Object.assign(new Error('the upstream was silent for too long'), { code: 'ETIMEDOUT' }))
    })
    stream.on('wantTrailers', () => {
      if (!stream.destroyed && !stream.closed) stream.sendTrailers(asTrailers(this.#requestTrailers))
    })
    stream.on('headers', (_headers, _flags, raw) => this.#interim(raw as unknown as string[]))
    stream.on('response', (_headers, flags, raw) => this.#response(flags, raw as unknown as string[]))
    stream.on('data', (chunk: Buffer) => {
      if (!this.#ended) this.#sink.data(chunk)
    })
    stream.on('trailers', (_headers, _flags, raw) => {
      this.#trailers = endToEndTrailers(raw as unknown as string[])
    })
    stream.on('end', () => {
      if (this.answered && stream.rstCode === constants.NGHTTP2_NO_ERROR) this.#finish()
    })
    stream.on('error', error => this.#fail(this.#asReset(error)))
    stream.on('close', () => {
      if (stream.rstCode === constants.NGHTTP2_NO_ERROR && this.answered) this.#finish()
      else this.#fail(this.#asReset(new Error(`the stream was reset with code ${stream.rstCode}`)))
    })
  }

  /** A call that streams may be silent for as long as a tunnel may, once it has begun. */
  #timeoutMs(): number {
    const { upstreamTimeout, tunnelIdleTimeout } = this.#ex.route.limits
    return this.headed && isGrpc(this.#ex.headers) ? tunnelIdleTimeout : upstreamTimeout
  }

  #interim(raw: readonly string[]): void {
    const headers = endToEndHeaders(withoutPseudo(raw))
    const status = Number(raw[raw.indexOf(':status') + 1])
    if (headers === undefined || ++this.#informational > informationalMax) return this.#malformed('interim responses')
    if (!this.answered) this.#sink.informational(status, headers)
  }

  #response(flags: number, raw: readonly string[]): void {
    if (this.#ended) return
    const headers = endToEndHeaders(withoutPseudo(raw))
    if (headers === undefined) return this.#malformed('the response headers are not HTTP')
    this.answered = true
    this.headed = true
    this.#ex.upstream = this.#server.url
    const status = Number(raw[raw.indexOf(':status') + 1])
    this.#server.answered(status)
    this.#stream?.setTimeout(this.#timeoutMs())
    this.#sink.head(status, '', changeHeaders(headers, this.#ex.route.headers.response), this)
    // In one go, so that the client's stream can end with its head too.
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) this.#finish()
  }

  async #pump(stream: ClientHttp2Stream, body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      if (this.#ended || stream.destroyed || !stream.writable) return // the answer needs no more of it
      if (!stream.write(chunk)) await roomIn(stream)
    }
    this.#requestTrailers = requestTrailers(this.#ex)
    stream.end()
  }

  #finish(): void {
    if (this.#ended) return
    this.#sink.end(this.#trailers)
    this.#end()
    const stream = this.#stream
    // A request that goes on behind its answer is not wanted (RFC 9113 §8.1).
    if (stream && !stream.writableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
  }

  #end(): void {
    this.#ended = true
    this.#settled = true
    this.#stream?.setTimeout(0)
    this.#settle.resolve(undefined)
  }

  #fail(error: Error): void {
    if (this.#settled) return
    this.#ended = true
    this.#settled = true
    this.#settle.reject(upstreamError(error, this.#server.url, this.started))
    this.#stream?.close(constants.NGHTTP2_CANCEL)
  }

  #malformed(detail: string): void {
    this.#fail(new GatewayError('UPSTREAM_PROTOCOL', 'upstream', `${this.#server.url}: ${detail}`))
  }

  #asReset(error: Error): Error {
    this.refused = this.#stream?.rstCode === constants.NGHTTP2_REFUSED_STREAM
    return Object.assign(error, { code: 'ECONNRESET' })
  }
}

function withoutPseudo(raw: readonly string[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (!raw[i]?.startsWith(':')) lines.push(raw[i] ?? '', raw[i + 1] ?? '')
  }
  return lines
}

function asTrailers(lines: readonly string[]): Record<string, string | string[]> {
  const trailers: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] ?? '').toLowerCase()
    const before = trailers[name]
    const value = lines[i + 1] ?? ''
    trailers[name] = before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value]
  }
  return trailers
}

/** Until what was written has left, or nothing will leave any more. */
function roomIn(stream: ClientHttp2Stream): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}
