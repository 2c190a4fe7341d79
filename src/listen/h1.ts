// The HTTP/1.1 listener: sockets in, exchanges out. Node's own parser in its strict mode reads the requests; what it
// lets pass is checked here and in framing.ts before anything else sees it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ByteString } from '../lib/bytes.ts'
import { Exchange, type RequestLine } from '../pipeline/exchange.ts'
import { HeaderList } from '../pipeline/headers.ts'
import type { Limits } from '../pipeline/limits.ts'
import { serve, serveRefusal, serveUpgrade } from '../pipeline/serve.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import { BodyClock } from './body-clock.ts'
import { checkRequest } from './check-request.ts'
import { Connection } from './connection.ts'
import { Http1Edge } from './h1-edge.ts'
import type { Handler } from './handler.ts'
import { formatProblem } from './head.ts'
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
  readonly stats: Readonly<ListenerStats>
  /** Takes another configuration: it counts for every request from now on. */
  use(handler: Handler): void
  /** Stops accepting, lets running requests end, and cuts what is left after `drainMs`. */
  close(options: { readonly drainMs: number }): Promise<void>
}

export interface ListenerStats {
  /** Open now. */
  connections: number
  connectionsRefused: number
  requests: number
  /** What could not be read as HTTP, or came too slowly. */
  parseErrors: number
}

/** @throws Error as node:net does, when it can't listen */
export async function openHttp1Listener(options: Http1ListenerOptions): Promise<Http1Listener> {
  const listener = new Listener(options)
  await listener.listen()
  return listener
}

class Listener implements Http1Listener {
  readonly stats: ListenerStats = { connections: 0, connectionsRefused: 0, requests: 0, parseErrors: 0 }
  readonly #options: Http1ListenerOptions
  readonly #server: Server
  readonly #clock = new BodyClock()
  readonly #connections = new Map<Duplex, Connection>()
  readonly #connectionsByKey = new Map<string, number>()
  #handler: Handler

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
    this.#server.on('connection', socket => this.#connected(socket))
    this.#server.on('request', (req, res) => this.#requested(req, res, false))
    this.#server.on('checkContinue', (req, res) => this.#requested(req, res, true))
    this.#server.on('checkExpectation', (req, res) => this.#requested(req, res, false, expectationFailed))
    this.#server.on('upgrade', (req, socket, head) => this.#upgraded(req, socket, head))
    this.#server.on('connect', (_req, socket) => this.#answerRaw(socket, 405, 'CONNECT is not served here.'))
    this.#server.on('clientError', (error, socket) => this.#failed(error, socket))
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
        this.#server.on('error', () => this.stats.connectionsRefused++) // out of file descriptors, as a rule
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
        for (const connection of this.#connections.values()) connection.socket.destroy()
      }, drainMs)
      this.#server.close(() => {
        clearTimeout(timer)
        resolve()
      })
      for (const connection of this.#connections.values()) connection.drain()
    })
  }

  #applyLimits(limits: Limits): void {
    this.#server.headersTimeout = limits.headerTimeout
    this.#server.keepAliveTimeout = limits.keepAliveTimeout
    // Node counts names and values without separators, and refuses at the limit; check-request.ts counts exactly.
    Object.assign(this.#server, { maxHeaderSize: limits.headerBytes + 1 })
  }

  #connected(socket: Socket): void {
    const { limits, identify } = this.#handler
    const connection = new Connection(socket, false, identify, limits)
    const { client, trusted } = connection.peer
    const ofClient = this.#connectionsByKey.get(client.key) ?? 0
    const tooMany = this.stats.connections >= limits.connectionsTotal
    if (tooMany || (!trusted && ofClient >= limits.connectionsPerIp)) {
      this.stats.connectionsRefused++
      socket.destroy()
      return
    }
    this.stats.connections++
    this.#connections.set(socket, connection)
    this.#connectionsByKey.set(client.key, ofClient + 1)
    socket.once('close', () => {
      this.stats.connections--
      this.#connections.delete(socket)
      const left = (this.#connectionsByKey.get(client.key) ?? 1) - 1
      if (left > 0) this.#connectionsByKey.set(client.key, left)
      else this.#connectionsByKey.delete(client.key)
    })
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
      const edge = new UpgradeEdge(connection.socket, ex.reference)
      if (verdict) return serveRefusal(ex, edge, verdict)
      return serveUpgrade(ex, edge, connection.socket, head)
    })
  }

  /** Makes the exchange; the verdict tells that the request is no request at all. */
  #open(connection: Connection, req: IncomingMessage): { ex: Exchange; verdict: Verdict | undefined } {
    this.stats.requests++
    const handler = this.#handler
    const protocol = `HTTP/${req.httpVersion}`
    const checked = checkRequest(req.method ?? '', req.url ?? '', protocol, req.rawHeaders, handler.limits)
    const headers = new HeaderList(req.rawHeaders)
    const request: RequestLine = {
      method: req.method ?? '',
      target: checked.target,
      protocol,
      headers,
      localIp: connection.socket.localAddress ?? '',
      localPort: connection.socket.localPort ?? 0,
    }
    const mark = checked.target.indexOf('?')
    const path: ByteString = mark < 0 ? checked.target : checked.target.slice(0, mark)
    const route = checked.verdict ? undefined : handler.match(request.method, checked.host, path)
    const client = handler.identify.client(connection.peerFor(handler.identify), headers)
    const ex = new Exchange(
      this.#options.nextReference(),
      this.#options.now(),
      client,
      request,
      checked.host,
      route ?? handler.fallback,
    )
    return { ex, verdict: checked.verdict }
  }

  /** The parser gave up, the head came too slowly, or the socket broke. */
  #failed(error: Error & { readonly code?: string }, socket: Duplex): void {
    const connection = this.#connections.get(socket)
    const answer = parserAnswers[error.code ?? ''] ?? (error.code?.startsWith('HPE_') ? malformed : undefined)
    if (error.code === 'HPE_CLOSED_CONNECTION') return // more requests after one that said `Connection: close`
    if (!connection || connection.closing || !answer || connection.socket.bytesRead === 0) {
      socket.destroy()
      return
    }
    this.stats.parseErrors++
    const goodbye = () => this.#answerRaw(socket, answer.status, answer.detail)
    const response = (socket as { _httpMessage?: ServerResponse })._httpMessage
    if (!connection.busy || (response && !response.req.complete && !response.headersSent)) goodbye()
    else if (response && !response.req.complete) socket.destroy()
    else connection.last = goodbye
  }

  #answerRaw(socket: Duplex, status: number, detail: string): void {
    const connection = this.#connections.get(socket)
    socket.on('error', ignore)
    if (!connection || !socket.writable) {
      socket.destroy()
      return
    }
    socket.write(formatProblem(status, detail, this.#options.nextReference()), 'latin1')
    connection.linger()
  }
}

const malformed = { status: 400, detail: 'The request is malformed.' }

const parserAnswers: Readonly<Record<string, { readonly status: number; readonly detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The request line and headers are larger than this service accepts.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, detail: 'The chunk extensions are larger than this service accepts.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request headers came too slowly.' },
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
