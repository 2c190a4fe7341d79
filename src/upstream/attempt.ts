// One try of one request at one server: undici's events in, the sink's calls out. Nothing is allocated for a chunk.

import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { changeHeaders } from '../pipeline/header-rules.ts'
import type { ResponseFlow, ResponseSink } from '../pipeline/route.ts'
import { reasonPhrase, responseHeaders, responseTrailers } from './response-headers.ts'
import type { UpstreamServer } from './server.ts'
import { upstreamError } from './upstream-error.ts'

/** Interim responses of one request; who sends more sends them for ever. */
const informationalMax = 32

/** Takes over the upstream's socket after 101. Resolves when the tunnel is closed. */
export type OpenTunnel = (socket: Duplex, headers: readonly Uint8Array[]) => Promise<void>

export interface Tunnel {
  readonly closed: Promise<void>
}

export class Attempt implements Dispatcher.DispatchHandler, ResponseFlow {
  /** Resolves when the response has ended, or to the tunnel as soon as it is open. */
  readonly done: Promise<Tunnel | undefined>
  /** The request was given to a connection. */
  started = false
  /** Something came back. */
  answered = false
  /** The head of a response came. */
  headed = false
  /** Since when the client takes nothing; 0: it does. */
  stalledSinceMs = 0
  readonly #ex: Exchange
  readonly #server: UpstreamServer
  readonly #sink: ResponseSink
  readonly #openTunnel: OpenTunnel | undefined
  readonly #settle: PromiseWithResolvers<Tunnel | undefined>
  #controller: Dispatcher.DispatchController | undefined
  #informational = 0
  #unwanted = false
  #cancelled: GatewayError | undefined

  constructor(ex: Exchange, server: UpstreamServer, sink: ResponseSink, openTunnel: OpenTunnel | undefined) {
    this.#ex = ex
    this.#server = server
    this.#sink = sink
    this.#openTunnel = openTunnel
    this.#settle = Promise.withResolvers()
    this.done = this.#settle.promise
  }

  get clientKey(): string {
    return this.#ex.client.key
  }

  /** The client is gone. */
  cancel(): void {
    this.#cancelled = new GatewayError('CLIENT_ABORTED', 'client', 'the client closed the connection')
    this.#controller?.abort(this.#cancelled)
    this.#settle.reject(this.#cancelled)
  }

  pause(): void {
    this.stalledSinceMs ||= performance.now()
    this.#controller?.pause()
  }

  resume(): void {
    this.stalledSinceMs = 0
    this.#controller?.resume()
  }

  /** Takes the connection from a client that does not take its response. */
  cut(limit: 'responseStall' | 'stalledPerIp'): void {
    this.stalledSinceMs = 0 // not once more
    const error = new GatewayError('CLIENT_STALLED', 'client', 'the response was not taken while others waited', {
      limit,
    })
    this.#cancelled = error
    this.#controller?.abort(error)
    this.#settle.reject(error)
  }

  abort(): void {
    this.#unwanted = true
    this.#controller?.abort(new GatewayError('CLIENT_ABORTED', 'gateway', 'the response is no longer wanted'))
    this.#settle.resolve(undefined)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.started = true
    this.#controller = controller
    if (this.#cancelled) controller.abort(this.#cancelled)
  }

  onResponseStarted(): void {
    this.answered = true
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: unknown, text = ''): void {
    const headers = responseHeaders(controller.rawHeaders as Buffer[])
    if (headers === undefined) return this.#malformed('the response headers are not HTTP')
    if (status < 100) return this.#malformed('the response has no HTTP status')
    if (status < 200) {
      if (++this.#informational > informationalMax) return this.#malformed('too many interim responses')
      this.#sink.informational(status, withoutLength(headers))
      return
    }
    this.headed = true
    this.#server.answered(status)
    this.#ex.upstream = this.#server.url
    this.#sink.head(status, reasonPhrase(text), changeHeaders(headers, this.#ex.route.headers.response), this)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#sink.data(chunk)
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#sink.end(responseTrailers((controller.rawTrailers ?? undefined) as Buffer[] | undefined))
    this.#settle.resolve(undefined)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#unwanted) return
    this.#settle.reject(upstreamError(error, this.#server.url, this.started))
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, status: number, _headers: unknown, socket: Duplex): void {
    if (!this.#openTunnel || this.#cancelled || status !== 101) {
      socket.destroy()
      this.#settle.reject(
        this.#cancelled ?? new GatewayError('UPSTREAM_PROTOCOL', 'upstream', 'an upgrade nobody asked for'),
      )
      return
    }
    this.#server.answered(status)
    this.#ex.upstream = this.#server.url
    try {
      this.#settle.resolve({ closed: this.#openTunnel(socket, controller.rawHeaders as Buffer[]) })
    } catch (error) {
      socket.destroy()
      this.#settle.reject(error)
    }
  }

  #malformed(detail: string): void {
    this.#controller?.abort(new GatewayError('UPSTREAM_PROTOCOL', 'upstream', `${this.#server.url}: ${detail}`))
  }
}

/** An interim response has no content (RFC 9110 §15.2), and a client that waited for some would take the next head. */
function withoutLength(headers: readonly string[]): readonly string[] {
  const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length')
  return at < 0 ? headers : headers.toSpliced(at, 2)
}
