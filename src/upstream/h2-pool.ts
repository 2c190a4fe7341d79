// HTTP/2 connections to one server: streams share a connection until it has as many as the server allows, then there is
// another. TLS is checked against the name in the upstream's URL, and must agree on h2.

import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { GatewayError } from '../lib/errors.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { UpstreamConnection } from './server.ts'

/** What servers allow as a rule, and enough for one connection. */
const streamsMax = 100
/** A connection that nobody uses is let go after so long. */
const idleMs = 60_000

interface Pooled {
  readonly session: ClientHttp2Session
  readonly ready: Promise<void>
  streams: number
}

export interface Lease {
  readonly session: ClientHttp2Session
  release(): void
}

export class Http2Pool {
  readonly #origin: URL
  readonly #limits: Limits
  readonly #to: UpstreamConnection
  readonly #pooled = new Set<Pooled>()
  #closed = false

  constructor(origin: URL, limits: Limits, to: UpstreamConnection) {
    this.#origin = origin
    this.#limits = limits
    this.#to = to
  }

  /** A connection with room for one more stream. @throws Error as node:net, node:tls and node:http2 do */
  async lease(): Promise<Lease> {
    if (this.#closed) throw new GatewayError('UPSTREAM_UNAVAILABLE', 'gateway', 'the upstream is closed')
    const pooled = [...this.#pooled].find(hasRoom) ?? this.#open()
    pooled.streams++
    let released = false
    const release = () => {
      if (released) return
      released = true
      pooled.streams--
      if (this.#closed && pooled.streams === 0) pooled.session.close()
    }
    try {
      await pooled.ready
    } catch (error) {
      release()
      throw error
    }
    return { session: pooled.session, release }
  }

  close(): void {
    this.#closed = true
    for (const { session, streams } of this.#pooled) if (streams === 0) session.close()
  }

  #open(): Pooled {
    // Of a field that comes twice, which of them counts is the server's business: it was inspected with both.
    const lenient = { strictSingleValueFields: false }
    const session = connectHttp2(this.#origin, {
      ...lenient,
      createConnection: () => this.#connect(),
      settings: { enablePush: false, initialWindowSize: this.#limits.http2Window },
      maxHeaderListPairs: 2 * this.#limits.headerCount,
    })
    const ready = new Promise<void>((resolve, reject) => {
      const late = () => session.destroy(Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT' }))
      const timer = setTimeout(late, this.#limits.upstreamConnectTimeout)
      session.once('connect', () => {
        clearTimeout(timer)
        resolve()
      })
      session.on('error', error => {
        clearTimeout(timer)
        reject(error)
      })
      session.once('close', () => {
        clearTimeout(timer)
        this.#pooled.delete(pooled)
        reject(Object.assign(new Error('the connection closed'), { code: 'ECONNRESET' }))
      })
    })
    ready.catch(() => {}) // whoever waits for it looks at it
    const pooled: Pooled = { session, ready, streams: 0 }
    session.once('goaway', () => this.#pooled.delete(pooled))
    session.setTimeout(idleMs, () => {
      if (pooled.streams === 0) session.close()
    })
    session.unref()
    this.#pooled.add(pooled)
    return pooled
  }

  #connect(): Socket {
    const { socketPath, address, ...files } = this.#to
    const { protocol, hostname, port } = this.#origin
    const host = hostname.replace(/^\[|\]$/g, '')
    const secure = protocol === 'https:'
    const place =
      socketPath === undefined
        ? { host: address ?? host, port: Number(port || (secure ? 443 : 80)) }
        : { path: socketPath }
    if (!secure) return connectTcp({ ...place, noDelay: true })
    const servername = isIP(host) ? {} : { servername: host }
    const socket = connectTls({ ...place, ...files, ...servername, ALPNProtocols: ['h2'] })
    socket.setNoDelay(true)
    socket.once('secureConnect', () => {
      if (socket.alpnProtocol !== 'h2') socket.destroy(Object.assign(new Error('no h2'), { code: 'ERR_HTTP2_ERROR' }))
    })
    return socket
  }
}

function hasRoom({ session, streams }: Pooled): boolean {
  if (session.closed || session.destroyed) return false
  return streams < Math.min(streamsMax, session.remoteSettings?.maxConcurrentStreams ?? streamsMax)
}
