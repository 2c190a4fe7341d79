// One server of an upstream: its connection pool, how busy it is, and whether it is to be trusted with a request.

import { isIP } from 'node:net'
import { buildConnector, Pool } from 'undici'
import type { EjectionConfig } from '../config/config.ts'
import type { Limits } from '../pipeline/limits.ts'
import { Http2Pool } from './h2-pool.ts'

/** Pause after the first failed connection, doubled with each that follows. */
const firstPauseMs = 250
const lastPauseMs = 10_000

/** How to reach the servers: PEM texts for https, and a socket in place of the network. */
export interface UpstreamConnection {
  /** A Unix socket in place of the network. */
  readonly socketPath?: string
  /** In place of the authorities that Node knows. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** One address of the name. */
  readonly address?: string
}

/** A request on a connection of a server. */
export interface Held {
  readonly stalledSinceMs: number
  /** What limits count its client by. */
  readonly clientKey: string
  cut(limit: 'responseStall' | 'stalledPerIp'): void
}

export interface ServerOptions {
  readonly to?: UpstreamConnection
  readonly weight?: number
  /** One address of the name in the URL, when each is a server by itself. */
  readonly address?: string
  /** Time in which a server that came back gets its full share. */
  readonly slowStartMs?: number
  /** It has come while others serve already. */
  readonly isNew?: boolean
  readonly ejection?: EjectionConfig | undefined
  /** Connections at the most, where it is not the gateway's limit. */
  readonly connections?: number | undefined
  /** HTTP/2 for all requests but upgrades. */
  readonly http2?: boolean
}

/** What a gateway or an overloaded server says; a 500 is the answer of an application that runs. */
const failing: ReadonlySet<number> = new Set([502, 503, 504])

const lastEjectionFactor = 16
/** A server that slowly starts begins with this share of its weight. */
const firstShare = 0.1

export class UpstreamServer {
  readonly url: string
  /** What is asked for, whatever it is reached by. */
  readonly origin: string
  readonly hostname: string
  readonly pool: Pool
  /** For servers that are spoken to in HTTP/2. */
  readonly http2: Http2Pool | undefined
  readonly to: UpstreamConnection
  /** A service of the gateway itself: it is told more than an upstream of the operator. */
  readonly isOwnService: boolean
  /** Requests and tunnels under way. */
  active = 0
  /** For balance.ts: what the server is owed. */
  credit = 0
  /** Requests that hold a connection. */
  readonly held = new Set<Held>()
  /** How often it was taken out for failing. */
  ejections = 0
  /** By upstream.ts: told of every answer, and asked whether one more server may be out. */
  onOutcome: ((good: boolean, nowMs: number) => void) | undefined
  mayEject: ((nowMs: number) => boolean) | undefined
  readonly #weight: number
  readonly #slowStartMs: number
  readonly #ejection: EjectionConfig | undefined
  readonly #connectionsMax: number
  #healthy = true
  #sinceMs: number
  #failedInRow = 0
  #ejectedInRow = 0
  #ejectedUntilMs = 0
  #running = 0
  #failures = 0
  #pausedUntilMs = 0

  /** @param url An origin, or `unix:/run/app.sock`. */
  constructor(url: string, limits: Limits, options: ServerOptions = {}) {
    const { to = {}, weight = 1, address, slowStartMs = 0, isNew = false } = options
    const socketPath = url.startsWith('unix:') ? url.slice(5) : to.socketPath
    const origin = new URL(url.startsWith('unix:') ? 'http://localhost' : url)
    this.url = url.startsWith('unix:') ? url : address === undefined ? origin.origin : `${origin.origin} at ${address}`
    this.origin = origin.origin
    this.hostname = origin.hostname.replace(/^\[|\]$/g, '')
    this.to = { ...to, ...(socketPath !== undefined && { socketPath }), ...(address !== undefined && { address }) }
    this.isOwnService = to.socketPath !== undefined
    this.http2 = options.http2 === true ? new Http2Pool(origin, limits, this.to) : undefined
    this.#weight = weight
    this.#slowStartMs = slowStartMs
    this.#sinceMs = isNew ? performance.now() : Number.NEGATIVE_INFINITY
    this.#ejection = options.ejection
    const connections = options.connections ?? limits.upstreamConnections
    this.#connectionsMax = connections
    this.pool = new Pool(origin.origin, {
      connections,
      connect: createConnect(this.hostname, limits, this.to),
      allowH2: false,
      pipelining: 1,
      headersTimeout: limits.upstreamTimeout,
      bodyTimeout: limits.upstreamTimeout,
      maxHeaderSize: limits.headerBytes,
    })
  }

  /** By the active health checks. */
  get healthy(): boolean {
    return this.#healthy
  }

  set healthy(healthy: boolean) {
    if (healthy && !this.#healthy) this.#sinceMs = performance.now()
    this.#healthy = healthy
  }

  /** Its share of the load, which grows while it starts. */
  weightAt(nowMs: number): number {
    const sinceMs = Math.max(this.#sinceMs, this.#ejectedUntilMs || Number.NEGATIVE_INFINITY)
    const elapsed = nowMs - sinceMs
    if (elapsed >= this.#slowStartMs) return this.#weight
    return this.#weight * Math.max(firstShare, elapsed / this.#slowStartMs)
  }

  isEjected(nowMs: number): boolean {
    return this.#ejectedUntilMs > nowMs
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

  /** Lets what is under way end. */
  async close(): Promise<void> {
    this.http2?.close()
    await this.pool.close()
  }

  /** A response has begun. */
  answered(status: number): void {
    this.succeeded()
    this.#outcome(!failing.has(status))
  }

  /** There was no response, or it broke off before its head. */
  broke(): void {
    this.#outcome(false)
  }

  #outcome(good: boolean): void {
    const nowMs = performance.now()
    this.onOutcome?.(good, nowMs)
    const ejection = this.#ejection
    if (good || !ejection) {
      this.#failedInRow = 0
      if (good) this.#ejectedInRow = 0
      return
    }
    if (++this.#failedInRow < ejection.failures || this.isEjected(nowMs) || this.mayEject?.(nowMs) === false) return
    this.#failedInRow = 0
    this.#ejectedUntilMs = nowMs + ejection.pauseMs * Math.min(lastEjectionFactor, 2 ** this.#ejectedInRow++)
    this.ejections++
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
  const { address, ...own } = to
  const connect = buildConnector({ timeout: limits.upstreamConnectTimeout, allowH2: false, ...own })
  const servername = isIP(hostname) ? undefined : hostname
  return (options, callback) => {
    const { servername: _host, ...given } = options
    const rest = address === undefined ? given : { ...given, hostname: address, host: address }
    connect(servername === undefined ? rest : { ...rest, servername }, callback)
  }
}
