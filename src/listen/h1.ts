// The listener: sockets in, exchanges out. Node's own parser in its strict mode reads HTTP/1.1; what it lets pass is
// checked here and in framing.ts before anything else sees it. Connections that speak HTTP/2 are h2/'s.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Exchange } from '../pipeline/exchange.ts'
import type { LimitName, Limits } from '../pipeline/limits.ts'
import { recordRefusal, serve, serveRefusal, serveUpgrade } from '../pipeline/serve.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import { BodyClock } from './body-clock.ts'
import type { Connection } from './connection.ts'
import { Connections, type OnRefused } from './connections.ts'
import { Http1Edge } from './h1-edge.ts'
import { lookForPreface } from './h2/preface.ts'
import { Http2Connection, type Http2Host } from './h2/session.ts'
import type { Handler } from './handler.ts'
import { formatProblem } from './head.ts'
import { type Opened, openExchange, openFaultExchange, type RequestHead } from './open-exchange.ts'
import { type ParserError, parserFault } from './parser-fault.ts'
import { peek } from './peek.ts'
import { readProxyHeader } from './proxy-header.ts'
import { type ListenerSettings, plainSettings } from './settings.ts'
import { TlsTerminator } from './tls-terminator.ts'
import { UpgradeEdge } from './upgrade-edge.ts'

export interface Http1ListenerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Several workers listen on the same port, and the kernel deals the connections out. */
  readonly reusePort?: boolean
  readonly handler: Handler
  /** Plain HTTP unless given. */
  readonly settings?: ListenerSettings
  readonly nextReference: () => string
  /** Told of each connection that is closed without a word. */
  readonly onRefused?: OnRefused
  /** Told of each that is closed because it rested for too long. */
  readonly onRested?: (limit: LimitName) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Http1Listener {
  readonly address: { readonly host: string; readonly port: number }
  readonly stats: ListenerStats
  /** Takes another configuration: it counts for every request from now on. */
  use(handler: Handler, settings: ListenerSettings): void
  /** Stops accepting, lets running requests end, and cuts what is left after `drainMs`. */
  close(options: { readonly drainMs: number }): Promise<void>
}

export interface ListenerStats {
  /** Open now. */
  readonly connections: number
  readonly connectionsRefused: number
  readonly requests: number
  /** What could not be read as HTTP, or came too slowly. */
  readonly parseErrors: number
  readonly handshakes: number
  /** Connections that should have been TLS and were none, or none that we speak. */
  readonly handshakeFailures: number
  /** HTTP/2 connections that were ended for what they overdid, by limit. */
  readonly http2Cut: ReadonlyMap<LimitName, number>
}

/** @throws Error as node:net does, when it can't listen */
export async function openHttp1Listener(options: Http1ListenerOptions): Promise<Http1Listener> {
  const listener = new Listener(options)
  await listener.listen()
  return listener
}

class Listener implements Http1Listener {
  readonly #options: Http1ListenerOptions
  /** Accepts; the HTTP server gets the connections when they are ready to speak HTTP. */
  readonly #front: NetServer
  readonly #server: Server
  readonly #clock = new BodyClock()
  readonly #connections: Connections
  #handler: Handler
  #settings: ListenerSettings
  #terminator: TlsTerminator | undefined
  #requests = 0
  #parseErrors = 0
  #handshakes = 0
  #handshakeFailures = 0
  readonly #http2Cut = new Map<LimitName, number>()

  constructor(options: Http1ListenerOptions) {
    this.#options = options
    this.#connections = new Connections(options.onRefused)
    this.#handler = options.handler
    this.#settings = options.settings ?? plainSettings
    this.#terminator = this.#createTerminator()
    this.#front = createNetServer({ allowHalfOpen: true, noDelay: true, keepAlive: true })
    this.#front.on('connection', socket => this.#connected(socket))
    this.#server = createServer({
      insecureHTTPParser: false,
      requireHostHeader: false, // framing.ts refuses it, with our own answer
      joinDuplicateHeaders: false,
      optimizeEmptyRequests: true,
      requestTimeout: 0, // bodies have an idle timeout and a minimum rate instead
      connectionsCheckingInterval: Math.max(25, Math.min(1000, options.handler.limits.headerTimeout >> 3)),
      shouldUpgradeCallback: isTunnelRequest,
    })
    this.#server.maxHeadersCount = 0 // Node would drop what is over it in silence; check-request.ts refuses it
    this.#applyLimits(options.handler.limits)
    this.#server.on('request', (req, res) => this.#requested(req, res, false))
    this.#server.on('checkContinue', (req, res) => this.#requested(req, res, true))
    this.#server.on('checkExpectation', (req, res) => this.#requested(req, res, false, expectationFailed))
    this.#server.on('upgrade', (req, socket, head) => this.#upgraded(req, socket, head))
    this.#server.on('connect', (req, socket) => this.#connect(req, socket))
    this.#server.on('clientError', (error, socket) => this.#failed(error, socket))
  }

  get stats(): ListenerStats {
    return {
      connections: this.#connections.size,
      connectionsRefused: this.#connections.refused,
      requests: this.#requests,
      parseErrors: this.#parseErrors,
      handshakes: this.#handshakes,
      handshakeFailures: this.#handshakeFailures,
      http2Cut: this.#http2Cut,
    }
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#front.address() as AddressInfo
    return { host: address, port }
  }

  listen(): Promise<void> {
    const { host, port, reusePort = false } = this.#options
    return new Promise((resolve, reject) => {
      this.#front.once('error', reject)
      this.#front.listen({ host, port, reusePort, backlog: this.#handler.limits.acceptQueue }, () => {
        this.#front.off('error', reject)
        this.#front.on('error', () => this.#connections.refused++) // out of file descriptors, as a rule
        // A server that never listens does not start the clock of its header timeout by itself.
        this.#server.emit('listening')
        resolve()
      })
    })
  }

  use(handler: Handler, settings: ListenerSettings): void {
    const isSame = settings === this.#settings && handler.limits === this.#handler.limits
    this.#handler = handler
    this.#settings = settings
    if (!isSame) this.#terminator = this.#createTerminator()
    this.#applyLimits(handler.limits)
  }

  close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        for (const connection of this.#connections) connection.raw.destroy()
      }, drainMs)
      this.#front.close(() => {
        clearTimeout(timer)
        this.#server.close()
        resolve()
      })
      for (const connection of this.#connections) connection.drain()
    })
  }

  #createTerminator(): TlsTerminator | undefined {
    const { tls, http2, challenges } = this.#settings
    return (
      tls &&
      new TlsTerminator({
        tls,
        http2,
        challenges,
        limits: this.#handler.limits,
        onSecure: (connection, socket, client) => {
          this.#handshakes++
          this.#connections.secure(connection, socket, client)
          if (client.alpn === 'h2') this.#openHttp2(connection)
          else this.#server.emit('connection', socket)
        },
        onFailure: (connection, limit) => {
          this.#handshakeFailures++
          if (limit) this.#options.onRefused?.(`limits.${limit}`, connection?.peer.client.ip ?? '')
        },
      })
    )
  }

  /** PROXY header, then TLS, then HTTP: each only where the settings say so. */
  async #connected(socket: Socket): Promise<void> {
    const connection = this.#connections.admit(socket, this.#handler)
    if (!connection) return
    const { proxyProtocol, http2 } = this.#settings
    const terminator = this.#terminator
    if (proxyProtocol || terminator || http2) socket.on('error', ignore)
    if (proxyProtocol && !(await this.#revealed(connection))) return
    if (terminator) return terminator.accept(connection)
    if (http2) {
      const seen = await peek(socket, lookForPreface, this.#handler.limits.headerTimeout)
      if (socket.destroyed) return
      if (seen.kind !== 'found') return this.#connections.refuse(connection, 'proxyProtocol')
      if (seen.value) return this.#openHttp2(connection)
    }
    this.#server.emit('connection', socket)
    if (proxyProtocol || http2) socket.resume()
  }

  #openHttp2(connection: Connection): void {
    const handler = () => this.#handler
    const host: Http2Host = {
      get handler() {
        return handler()
      },
      clock: this.#clock,
      open: (on, head) => this.#open(on, head),
      failed: (on, verdict) => {
        this.#parseErrors++
        recordRefusal(this.#openFault(on), verdict, true)
      },
      rested: () => this.#options.onRested?.('keepAliveTimeout'),
      overdrawn: (on, limit) => {
        this.#http2Cut.set(limit, (this.#http2Cut.get(limit) ?? 0) + 1)
        this.#connections.cut(on)
      },
    }
    new Http2Connection(connection, host)
  }

  async #revealed(connection: Connection): Promise<boolean> {
    const { raw, peer } = connection
    const seen = peer.trusted ? await peek(raw, readProxyHeader, this.#handler.limits.helloTimeout) : undefined
    if (raw.destroyed) return false
    if (seen?.kind !== 'found') {
      this.#connections.refuse(connection, 'proxyProtocol')
      return false
    }
    return seen.value === undefined || this.#connections.reveal(connection, seen.value, this.#handler)
  }

  #applyLimits(limits: Limits): void {
    this.#server.headersTimeout = limits.headerTimeout
    this.#server.keepAliveTimeout = limits.keepAliveTimeout
    // Node counts names and values without separators, and refuses at the limit; check-request.ts counts exactly.
    Object.assign(this.#server, { maxHeaderSize: limits.headerBytes + 1 })
  }

  #requested(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean, refusal?: Verdict): void {
    const connection = this.#connections.get(req.socket)
    if (!connection || connection.closing || connection.ending) return
    connection.run(() => this.#serve(connection, req, res, expectsContinue, refusal))
  }

  #serve(
    connection: Connection,
    req: IncomingMessage,
    res: ServerResponse,
    expectsContinue: boolean,
    refusal: Verdict | undefined,
  ): Promise<void> {
    const { ex, verdict } = this.#open(connection, headOf(req))
    const { headers } = ex
    const declared = headers.get('content-length')
    const chunked = headers.get('transfer-encoding') !== undefined
    const declaredBytes = chunked ? undefined : Number(declared ?? 0)
    const refused = verdict ?? refusal
    connection.exchange = ex
    const edge = new Http1Edge({
      req,
      res,
      connection,
      reference: ex.reference,
      limits: ex.route.limits,
      clock: this.#clock,
      hasBody: chunked || declaredBytes !== 0,
      declaredBytes,
      expectsContinue,
      // Node's parser drops what came in one packet with a request to upgrade that is not granted: with the rest of a
      // request in the next packet, the connection would be read from its middle.
      last:
        refused !== undefined ||
        headers.get('upgrade') !== undefined ||
        connection.requests >= this.#handler.limits.requestsPerConnection,
    })
    return refused ? serveRefusal(ex, edge, refused) : serve(ex, edge)
  }

  #upgraded(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#connections.get(socket)
    if (!connection || connection.closing) return
    socket.on('error', ignore)
    socket.pause()
    connection.run(() => {
      const { ex, verdict } = this.#open(connection, headOf(req))
      const edge = new UpgradeEdge(connection, req.headers.upgrade ?? '', head, ex.reference, ex.route.limits)
      // Node before 24.9 does not ask isTunnelRequest, and can't go back to an ordinary request from here.
      const refusal = verdict ?? (isTunnelRequest(req) ? undefined : upgradeRefused)
      if (refusal) return serveRefusal(ex, edge, refusal)
      return serveUpgrade(ex, edge, edge)
    })
  }

  /** We are no forward proxy. */
  #connect(req: IncomingMessage, socket: Duplex): void {
    const connection = this.#connections.get(socket)
    if (!connection || connection.closing) return
    socket.on('error', ignore)
    connection.run(() => {
      const { ex, verdict } = this.#open(connection, headOf(req))
      const edge = new UpgradeEdge(connection, '', new Uint8Array(0), ex.reference, ex.route.limits)
      return serveRefusal(ex, edge, verdict ?? connectRefused)
    })
  }

  #open(connection: Connection, head: RequestHead): Opened {
    this.#requests++
    const { nextReference, now } = this.#options
    return openExchange(head, connection, this.#handler, this.#settings, nextReference(), now())
  }

  #openFault(connection: Connection): Exchange {
    return openFaultExchange(connection, this.#handler, this.#options.nextReference(), this.#options.now())
  }

  /** The parser gave up, the head came too slowly, or the socket broke. */
  #failed(error: ParserError, socket: Duplex): void {
    if (error.code === 'HPE_CLOSED_CONNECTION') return // more requests after one that said `Connection: close`
    const connection = this.#connections.get(socket)
    const fault = parserFault(error, this.#handler.limits)
    if (connection && fault?.verdict.reason.limit === 'headerTimeout' && connection.socket.bytesRead === 0)
      this.#options.onRested?.('headerTimeout')
    if (!connection || connection.closing || !fault || connection.socket.bytesRead === 0) {
      socket.destroy()
      return
    }
    this.#parseErrors++
    const response = (socket as { _httpMessage?: ServerResponse })._httpMessage
    const inBody = connection.busy && response?.req.complete === false
    if (inBody && response.headersSent) {
      socket.destroy()
      return
    }
    const answer = () => {
      const ex = (inBody ? connection.exchange : undefined) ?? this.#openFault(connection)
      ex.status = fault.verdict.status
      recordRefusal(ex, fault.verdict, !inBody)
      this.#answerRaw(socket, ex.status, fault.detail, ex.reference)
    }
    if (inBody || !connection.busy) answer()
    else connection.last = answer
  }

  #answerRaw(socket: Duplex, status: number, detail: string, reference: string): void {
    const connection = this.#connections.get(socket)
    socket.on('error', ignore)
    if (!connection || !socket.writable) {
      socket.destroy()
      return
    }
    socket.write(formatProblem(status, detail, reference), 'latin1')
    connection.linger()
  }
}

const versionRefused: Verdict = {
  kind: 'deny',
  status: 400,
  reason: { code: 'http.protocol', detail: 'the version in the request line is not 1.0 or 1.1' },
}

const connectRefused: Verdict = {
  kind: 'deny',
  status: 405,
  reason: { code: 'http.connect', detail: 'a request to open a tunnel to another server' },
}

const upgradeRefused: Verdict = {
  kind: 'deny',
  status: 400,
  reason: { code: 'http.upgrade', detail: 'a request to upgrade with a body, or to HTTP/2 or TLS' },
}

const expectationFailed: Verdict = {
  kind: 'deny',
  status: 417,
  reason: { code: 'http.expectation', detail: 'an expectation other than 100-continue' },
}

/**
 * Whether a request with `Upgrade` is one, or an ordinary request that mentions what else the client can do. HTTP/2 and
 * TLS are never upgraded to: what goes through such a tunnel would be requests that no guard sees.
 */
function isTunnelRequest(req: IncomingMessage): boolean {
  const protocol = req.headers.upgrade ?? ''
  if (req.method !== 'GET' || /\b(?:h2c?|http|tls)\b/i.test(protocol)) return false
  return req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined
}

function headOf({ method = '', url = '', httpVersion, httpVersionMajor, rawHeaders }: IncomingMessage): RequestHead {
  // Node's parser takes HTTP/2.0 in a request line, which other rules hold for.
  const verdict = httpVersionMajor === 1 ? undefined : versionRefused
  return { method, target: url, protocol: `HTTP/${httpVersion}`, rawHeaders, verdict }
}

function ignore(): void {}
