// One HTTP/2 connection: streams of node:http2 become exchanges, and its frames are counted on their way in. What costs
// more than its budget ends the connection (GOAWAY ENHANCE_YOUR_CALM), and leaves an event.

import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { ByteString } from '../../lib/bytes.ts'
import type { LimitName } from '../../pipeline/limits.ts'
import { serve, serveRefusal, serveUpgrade } from '../../pipeline/serve.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import type { BodyClock, Timed } from '../body-clock.ts'
import type { Connection } from '../connection.ts'
import type { Handler } from '../handler.ts'
import type { Opened, RequestHead } from '../open-exchange.ts'
import { ResponseRate, socketTaker, type Taker, tooSlow } from '../response-rate.ts'
import { FrameBudget, type Overdrawn } from './frame-budget.ts'
import { FrameReader, prefaceBytes } from './frame-reader.ts'
import { Http2Edge } from './h2-edge.ts'
import { LargeBodyRoom } from './large-bodies.ts'
import { MeteredSocket } from './metered-socket.ts'
import { Opening } from './opening.ts'
import { readHttp2Head } from './request-head.ts'
import { SentFrames } from './sent-frames.ts'

/** What a listener is to its HTTP/2 connections. */
export interface Http2Host {
  readonly handler: Handler
  readonly clock: BodyClock
  open(connection: Connection, head: RequestHead): Opened
  /** The connection is over for a reason that is the client's. */
  failed(connection: Connection, verdict: Extract<Verdict, { kind: 'deny' }>): void
  /** A connection on which nothing is asked has had its time. */
  rested(): void
  /** Counts what a client overdid, by limit. */
  overdrawn(connection: Connection, limit: LimitName): void
}

/** For a client that answers no PING while we say goodbye, or takes no GOAWAY. */
const farewellMs = 1_000
/** Requests that nghttp2 refuses by itself before it ends the connection. */
const invalidFramesMax = 100
/** Room for pieces of cookies (RFC 9113 §8.2.3), which are counted as one when they are one again. */
const cookiePieces = 32

export class Http2Connection implements Timed {
  readonly #connection: Connection
  readonly #host: Http2Host
  readonly #session: ServerHttp2Session
  readonly #socket: MeteredSocket
  readonly #budget: FrameBudget
  readonly #reader: FrameReader
  readonly #sent = new SentFrames(() => this.#refused())
  readonly #rate: ResponseRate
  readonly #edges = new Set<Http2Edge>()
  readonly #largeBodies: LargeBodyRoom
  readonly #opening = new Opening()
  #idle: NodeJS.Timeout | undefined
  /** Requests in work; one that was reset is until its work has ended. */
  #working = 0
  #cut = false
  #draining = false

  constructor(connection: Connection, host: Http2Host) {
    const { limits } = host.handler
    this.#connection = connection
    this.#host = host
    this.#budget = new FrameBudget(
      () => host.handler.limits,
      () => performance.now(),
      this.#opening,
    )
    this.#reader = new FrameReader(this.#budget, prefaceBytes)
    this.#largeBodies = new LargeBodyRoom(() => host.handler.limits.http2LargeBodies)
    const pairs = 2 * limits.headerCount + cookiePieces
    this.#rate = new ResponseRate(socketTaker(connection.socket), limits, host.clock, () => this.#tooSlow())
    const written = new FrameReader(this.#sent)
    const socket = new MeteredSocket(connection.socket, {
      received: chunk => this.#received(chunk),
      sent: chunk => {
        this.#budget.sentBytes += chunk.length
        written.push(chunk)
      },
      full: isFull => (isFull ? this.#rate.wait() : this.#rate.took()),
    })
    this.#socket = socket
    socket.on('error', ignore)
    this.#session = performServerHandshake(socket, {
      settings: {
        initialWindowSize: limits.http2Window,
        maxConcurrentStreams: limits.http2Streams,
        // Larger than what is refused with 431: more than this ends the stream without an answer.
        maxHeaderListSize: 2 * limits.headerBytes + 32 * pairs,
        enableConnectProtocol: true,
      },
      maxHeaderListPairs: pairs,
      maxSessionInvalidFrames: invalidFramesMax,
      maxSessionRejectedStreams: 2 ** 30, // http2Refused says how many
      strictSingleValueFields: false,
    })
    this.#session.setLocalWindowSize(Math.max(65_535, 16 * limits.http2Window))
    this.#session.on('stream', (stream, _headers, _flags, raw) => this.#begin(stream, raw as unknown as string[]))
    this.#session.on('error', error => this.#failed(error))
    this.#session.on('close', () => this.#closed())
    connection.session = this
    host.clock.watch(this)
    this.#rest()
  }

  /** Takes no more requests, and ends after those that are under way (RFC 9113 §6.8: a notice, then the last word). */
  drain(): void {
    if (this.#draining || this.#session.destroyed) return
    this.#draining = true
    clearTimeout(this.#idle)
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1)
    const close = () => {
      clearTimeout(timer)
      if (!this.#session.destroyed) this.#session.close()
    }
    const timer = setTimeout(close, farewellMs)
    if (!this.#session.ping(close)) close()
  }

  tick(nowMs: number): void {
    const sinceMs = this.#budget.blockSinceMs
    if (this.#session.destroyed || sinceMs === undefined) return this.#host.clock.unwatch(this)
    if (nowMs - sinceMs < this.#host.handler.limits.headerTimeout) return
    this.#host.clock.unwatch(this)
    this.#end(408, 'http.header-timeout', 'the head came too slowly', 'headerTimeout')
  }

  #received(chunk: Buffer): boolean {
    if (this.#cut) return false
    this.#reader.push(chunk)
    const { overdrawn, blockSinceMs } = this.#budget
    if (overdrawn) this.#overdrawn(overdrawn)
    else if (blockSinceMs !== undefined) this.#host.clock.watch(this)
    return !this.#cut
  }

  #begin(stream: ServerHttp2Stream, raw: readonly ByteString[]): void {
    const { limits } = this.#host.handler
    stream.on('error', ignore)
    if (this.#cut || this.#working >= 2 * limits.http2Streams) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM)
      return
    }
    clearTimeout(this.#idle)
    this.#working++
    stream.once('close', () => {
      if (ownFaults.has(stream.rstCode)) this.#budget.reset()
    })
    this.#serve(stream, raw)
      .catch(() => stream.destroy()) // a bug before there was anybody to answer for it
      .finally(() => {
        this.#working--
        if (this.#working === 0) this.#rest()
      })
    if (++this.#connection.requests >= limits.requestsPerConnection) this.drain()
  }

  async #serve(stream: ServerHttp2Stream, raw: readonly ByteString[]): Promise<void> {
    const head = readHttp2Head(raw, this.#connection.secure)
    const opening = this.#opening.text(head.pseudo)
    const { ex, verdict } = this.#host.open(this.#connection, { ...head, opening })
    const edge = new Http2Edge({
      stream,
      headers: ex.headers,
      isHead: ex.method === 'HEAD',
      isWebSocket: head.isWebSocket,
      reference: ex.reference,
      limits: ex.route.limits,
      clock: this.#host.clock,
      largeBodies: this.#largeBodies,
      taker: this.#taker(stream),
      onStalled: error => {
        ex.failure ??= error
      },
    })
    this.#edges.add(edge)
    stream.once('close', () => this.#edges.delete(edge))
    const expects = ex.headers.get('expect')?.toLowerCase() ?? '100-continue'
    const refused = verdict ?? (expects === '100-continue' ? undefined : expectationFailed)
    if (refused) {
      this.#budget.badHead()
      this.#checkSoon()
      return serveRefusal(ex, edge, refused)
    }
    return head.isWebSocket ? serveUpgrade(ex, edge, edge) : serve(ex, edge)
  }

  /** As fast as its window lets bytes go; while the way is full, that is no fault of one stream. */
  #taker(stream: ServerHttp2Stream): Taker {
    const { id = 0 } = stream
    const sent = this.#sent
    const socket = this.#socket
    sent.watch(id)
    stream.once('close', () => sent.unwatch(id))
    return {
      get destroyed() {
        return stream.destroyed
      },
      takenBytes: () => sent.bytesOf(id),
      get isHeldByWay() {
        return socket.isFull
      },
    }
  }

  /** The connection as a whole is hardly read: those whose responses it holds up are given up with it. */
  #tooSlow(): void {
    const waiting = [...this.#edges].filter(edge => edge.waits)
    for (const edge of waiting) edge.giveUp(tooSlow())
    if (waiting.length > 0) this.#connection.reset()
  }

  /** Told while node:http2 writes. */
  #refused(): void {
    this.#budget.refused()
    this.#checkSoon()
  }

  /** Something was counted while node:http2 is at work. */
  #checkSoon(): void {
    const { overdrawn } = this.#budget
    if (overdrawn) setImmediate(() => this.#overdrawn(overdrawn))
  }

  #overdrawn({ limit, code, detail }: Overdrawn): void {
    if (this.#cut || this.#session.destroyed) return
    this.#host.overdrawn(this.#connection, limit)
    this.#end(429, code, detail, limit)
  }

  #failed(error: Error): void {
    if (this.#cut || !('code' in error) || !String(error.code).startsWith('ERR_HTTP2_')) return
    this.#cut = true
    const { goaway } = this.#sent
    if (goaway.includes('max concurrent streams')) {
      this.#host.overdrawn(this.#connection, 'http2Streams')
      const reason = {
        code: 'http2.streams',
        detail: 'more requests at once than agreed',
        limit: 'http2Streams',
      } as const
      this.#host.failed(this.#connection, { kind: 'deny', status: 429, reason })
      return
    }
    const reason = { code: 'http.malformed', detail: goaway || error.message } as const
    this.#host.failed(this.#connection, { kind: 'deny', status: 400, reason })
  }

  #end(status: number, code: Overdrawn['code'] | 'http.header-timeout', detail: string, limit: LimitName): void {
    if (this.#cut || this.#session.destroyed) return
    this.#cut = true
    this.#host.failed(this.#connection, { kind: 'deny', status, reason: { code, detail, limit } })
    // Of its own, for with requests under way node:http2 resets them and leaves it out.
    this.#session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    setImmediate(() => this.#session.destroy(new Error(detail)))
    const { raw } = this.#connection
    setTimeout(() => raw.destroy(), farewellMs).unref()
  }

  /** Nothing is under way: the client may be silent for so long. Its PINGs are no work. */
  #rest(): void {
    if (this.#session.destroyed || this.#draining) return
    this.#idle = setTimeout(() => {
      this.#host.rested()
      this.drain()
    }, this.#host.handler.limits.keepAliveTimeout)
  }

  #closed(): void {
    clearTimeout(this.#idle)
    this.#host.clock.unwatch(this)
    const { socket, raw } = this.#connection
    socket.destroySoon()
    // Of a client that does not take what was written for it.
    if (!raw.destroyed) setTimeout(() => raw.destroy(), farewellMs).unref()
  }
}

/** Why we ended a stream by ourselves: the client broke its rules, and has had our work for nothing (CVE-2025-8671). */
const ownFaults: ReadonlySet<number | undefined> = new Set([
  constants.NGHTTP2_PROTOCOL_ERROR,
  constants.NGHTTP2_FLOW_CONTROL_ERROR,
  constants.NGHTTP2_STREAM_CLOSED,
  constants.NGHTTP2_FRAME_SIZE_ERROR,
  constants.NGHTTP2_COMPRESSION_ERROR,
])

const expectationFailed: Verdict = {
  kind: 'deny',
  status: 417,
  reason: { code: 'http.expectation', detail: 'an expectation other than 100-continue' },
}

function ignore(): void {}
