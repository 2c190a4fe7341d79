// One server of an upstream: its connection pool, how busy it is, and whether it is to be trusted with a request.

import { isIP } from 'node:net'
import { buildConnector, Pool } from 'undici'
import { Http2Pool } from './h2-pool.ts'
import type { Limits } from '../pipeline/limits.ts'

/** Pause after the first failed connection, doubled with each that follows. */
const firstPauseMs = 250
const lastPauseMs = 10_000

/** How to reach the servers: PEM texts for https, and a socket in place of the network. */
export interface UpstreamConnection {
  /** A Unix socket: services of our own. */
  readonly socketPath?: string
  /** In place of the authorities that Node knows. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** HTTP/2 for all requests but upgrades. */
  readonly http2?: boolean
}

export class UpstreamServer {
  readonly url: string
  readonly hostname: string
  readonly pool: Pool
  /** For servers that are spoken to in HTTP/2. */
  readonly http2: Http2Pool | undefined
  readonly to: UpstreamConnection
  /** Requests and tunnels under way. */
  active = 0
  /** By the active health checks. */
  healthy = true
  readonly #connectionsMax: number
  #running = 0
  #failures = 0
  #pausedUntilMs = 0

  constructor(url: string, limits: Limits, to: UpstreamConnection = {}) {
    const origin = new URL(url)
    this.url = origin.origin
    this.hostname = origin.hostname.replace(/^\[|\]$/g, '')
    const { http2, ...place } = to
    this.to = place
    this.http2 = http2 === true ? new Http2Pool(origin, limits, place) : undefined
    this.#connectionsMax = limits.upstreamConnections
    this.pool = new Pool(origin.origin, {
      connections: limits.upstreamConnections,
      connect: createConnect(this.hostname, limits, place),
      allowH2: false,
      pipelining: 1,
      headersTimeout: limits.upstreamTimeout,
      bodyTimeout: limits.upstreamTimeout,
      maxHeaderSize: limits.headerBytes,
    })
  }

  get full(): boolean {
    return this.#running >= this.#connectionsMax
  }

  take(): void {
    this.#running++
    this.active++
  }

  release(): void {
    this.#running--
    this.active--
  }

  succeeded(): void {
    this.#failures = 0
    this.#pausedUntilMs = 0
  }

  /** No connection could be made: leaves the server alone for a moment. */
  failed(): void {
    const pauseMs = Math.min(lastPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10))
    this.#failures++
    this.#pausedUntilMs = performance.now() + pauseMs
  }

  pausedUntilMs(nowMs: number): number {
    return this.#pausedUntilMs > nowMs ? this.#pausedUntilMs : 0
  }
}

/**
 * TLS is checked against the name in the upstream's URL, never against the client's Host header, which undici takes
 * unless told.
 */
export function createConnect(hostname: string, limits: Limits, to: UpstreamConnection): buildConnector.connector {
  const connect = buildConnector({ timeout: limits.upstreamConnectTimeout, allowH2: false, ...to })
  const servername = isIP(hostname) ? undefined : hostname
  return (options, callback) => {
    const { servername: _host, ...rest } = options
    connect(servername === undefined ? rest : { ...rest, servername }, callback)
  }
}
