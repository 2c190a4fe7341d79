// The HTTP/1.1 listener: sockets in, exchanges out. Node's own parser in its strict mode reads the requests; what it
// lets pass is checked here and in framing.ts before anything else sees it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Limits } from '../pipeline/limits.ts'
import { recordRefusal, serve, serveRefusal, serveUpgrade } from '../pipeline/serve.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import { BodyClock } from './body-clock.ts'
import type { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import { Http1Edge } from './h1-edge.ts'
import type { Handler } from './handler.ts'
import { formatProblem } from './head.ts'
import { type Opened, openExchange, openFaultExchange } from './open-exchange.ts'
import { type ParserError, parserFault } from './parser-fault.ts'
import { UpgradeEdge } from './upgrade-edge.ts'

export interface Http1ListenerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Several workers listen on the same port, and the kernel deals the connections out. */
  readonly reusePort?: boolean
  readonly handler: Handler
  readonly nextReference: () => string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Http1Listener {
  readonly address: { readonly host: string; readonly port: number }
  readonly stats: ListenerStats
  /** Takes another configuration: it counts for every request from now on. */
  use(handler: Handler): void
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
}

/** @throws Error as node:net does, when it can't listen */
export async function openHttp1Listener(options: Http1ListenerOptions): Promise<Http1Listener> {
  const listener = new Listener(options)
  await listener.listen()
  return listener
}

class Listener implements Http1Listener {
  readonly #options: Http1ListenerOptions
  readonly #server: Server
  readonly #clock = new BodyClock()
  readonly #connections = new Connections()
  #handler: Handler
  #requests = 0
  #parseErrors = 0

  constructor(options: Http1ListenerOptions) {
    this.#options = options
    this.#handler = options.handler
    this.#server = createServer({
      insecureHTTPParser: false,
      requireHostHeader: false, // framing.ts refuses it, with our own answer
      joinDuplicateHeaders: false,
      keepAlive: true,
      optimizeEmptyRequests: true,
      requestTimeout: 0, // bodies have an idle timeout and a minimum rate instead
      connectionsCheckingInterval: Math.max(25, Math.min(1000, options.handler.limits.headerTimeout >> 3)),
      shouldUpgradeCallback: isTunnelRequest,
    })
    this.#server.maxHeadersCount = 0 // Node would drop what is over it in silence; check-request.ts refuses it
    this.#applyLimits(options.handler.limits)
    this.#server.on('connection', socket => this.#connections.admit(socket, false, this.#handler))
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
    }
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo
    return { host: address, port }
  }

  listen(): Promise<void> {
    const { host, port, reusePort = false } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, reusePort, backlog: 4096 }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', () => this.#connections.refused++) // out of file descriptors, as a rule
        resolve()
      })
    })
  }

  use(handler: Handler): void {
    this.#handler = handler
    this.#applyLimits(handler.limits)
  }

  close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        for (const connection of this.#connections) connection.socket.destroy()
      }, drainMs)
      this.#server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      for (const connection of this.#connections) connection.drain()
    })
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
    const { ex, verdict } = this.#open(connection, req)
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
      last: refused !== undefined || connection.requests >= this.#handler.limits.requestsPerConnection,
    })
    return refused ? serveRefusal(ex, edge, refused) : serve(ex, edge)
  }

  #upgraded(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#connections.get(socket)
    if (!connection || connection.closing) return
    socket.on('error', ignore)
    socket.pause()
    connection.run(() => {
      const { ex, verdict } = this.#open(connection, req)
      const edge = new UpgradeEdge(connection.socket, ex.reference, ex.route.limits)
      // Node before 24.9 does not ask isTunnelRequest, and can't go back to an ordinary request from here.
      const refusal = verdict ?? (isTunnelRequest(req) ? undefined : upgradeRefused)
      if (refusal) return serveRefusal(ex, edge, refusal)
      return serveUpgrade(ex, edge, connection.socket, head)
    })
  }

  /** We are no forward proxy. */
  #connect(req: IncomingMessage, socket: Duplex): void {
    const connection = this.#connections.get(socket)
    if (!connection || connection.closing) return
    socket.on('error', ignore)
    connection.run(() => {
      const { ex, verdict } = this.#open(connection, req)
      const edge = new UpgradeEdge(connection.socket, ex.reference, ex.route.limits)
      return serveRefusal(ex, edge, verdict ?? connectRefused)
    })
  }

  #open(connection: Connection, req: IncomingMessage): Opened {
    this.#requests++
    return openExchange(req, connection, this.#handler, this.#options.nextReference(), this.#options.now())
  }

  /** The parser gave up, the head came too slowly, or the socket broke. */
  #failed(error: ParserError, socket: Duplex): void {
    if (error.code === 'HPE_CLOSED_CONNECTION') return // more requests after one that said `Connection: close`
    const connection = this.#connections.get(socket)
    const fault = parserFault(error, this.#handler.limits)
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
      const ex =
        (inBody ? connection.exchange : undefined) ??
        openFaultExchange(connection, this.#handler, this.#options.nextReference(), this.#options.now())
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

function ignore(): void {}
