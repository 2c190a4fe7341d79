// An upstream as a destination: picks a server, sends, and tries another one when nothing was lost.

import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { UpstreamConfig } from '../config/config.ts'
import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { Destination, OutgoingBody, ResponseSink } from '../pipeline/route.ts'
import { Attempt, type OpenTunnel, type Tunnel } from './attempt.ts'
import { createBalance } from './balance.ts'
import { Breaker } from './breaker.ts'
import { Http2Attempt } from './h2-attempt.ts'
import { HealthChecks } from './health.ts'
import type { LookUp } from './names.ts'
import { Picker } from './picker.ts'
import { requestHeaders } from './request-headers.ts'
import { RetryBudget } from './retry-budget.ts'
import type { UpstreamConnection, UpstreamServer } from './server.ts'
import { Servers } from './servers.ts'
import { createTunnel, looksInto } from './tunnel.ts'

export interface ServerState {
  readonly url: string
  readonly healthy: boolean
  readonly active: number
}

/** What an upstream counts since it was opened. */
export interface UpstreamStats {
  readonly ejections: number
  readonly retries: number
  readonly retriesRefused: number
  readonly circuitOpened: number
}

export interface Upstream extends Destination {
  servers(): ServerState[]
  stats(): UpstreamStats
  /** Stops the health checks and lets running requests end. */
  close(): Promise<void>
}

const defaultRetryBudget = 20

export function createUpstream(
  name: string,
  config: UpstreamConfig,
  limits: Limits,
  tls: UpstreamConnection = {},
  lookUp?: LookUp,
): Upstream {
  const to = config.socketPath === undefined ? tls : { ...tls, socketPath: config.socketPath }
  const breaker = config.breaker && new Breaker(config.breaker)
  const budget = new RetryBudget(config.retryBudget ?? defaultRetryBudget)
  const servers: Servers = new Servers(config, limits, to, {
    outcome: (good, nowMs) => breaker?.record(good, nowMs),
    change: () => {
      picker.servers = servers.list
      checks?.use(servers.list)
    },
    lookUp,
  })
  const picker = new Picker(servers.list, limits, config.balance && createBalance(config.balance))
  const checks = config.health ? new HealthChecks(servers.list, config.health, limits) : undefined
  const way: Way = { picker, budget, breaker }
  return {
    name,
    send: async (ex, body, sink) => {
      await sendTo(way, ex, body, sink, undefined)
    },
    upgrade: async (ex, client, sink) => {
      // What is compressed can't be looked into; without the offer nobody compresses.
      if (looksInto(ex)) ex.withheldHeaders = [...ex.withheldHeaders, 'sec-websocket-extensions']
      const tunnel = await sendTo(way, ex, undefined, sink, createTunnel(ex, client))
      await tunnel?.closed
      return tunnel !== undefined
    },
    servers: () => {
      const nowMs = performance.now()
      return servers.list.map(server => {
        return { url: server.url, healthy: server.healthy && !server.isEjected(nowMs), active: server.active }
      })
    },
    stats: () => ({
      ejections: servers.ejections,
      retries: budget.retries,
      retriesRefused: budget.refused,
      circuitOpened: breaker?.opened ?? 0,
    }),
    close: async () => {
      checks?.close()
      await servers.close()
    },
  }
}

/** What one upstream has for all its requests. */
interface Way {
  readonly picker: Picker
  readonly budget: RetryBudget
  readonly breaker: Breaker | undefined
}

/** Sends until a server has answered. */
async function sendTo(
  { picker, budget, breaker }: Way,
  ex: Exchange,
  body: OutgoingBody,
  sink: ResponseSink,
  openTunnel: OpenTunnel | undefined,
): Promise<Tunnel | undefined> {
  const waitMs = breaker?.waitMs(performance.now()) ?? 0
  if (waitMs > 0) {
    throw new GatewayError('UPSTREAM_CIRCUIT_OPEN', 'upstream', 'most requests to the upstream failed', {
      retryAfterMs: waitMs,
    })
  }
  const failed: UpstreamServer[] = []
  budget.request(performance.now())
  for (let attempts = 1; ; attempts++) {
    const taken = picker.take(ex, failed)
    const server = taken instanceof Promise ? await taken : taken
    const overHttp2 = openTunnel ? undefined : server.http2
    const attempt = overHttp2 ? new Http2Attempt(ex, server, sink) : new Attempt(ex, server, sink, openTunnel)
    ex.cancel = () => attempt.cancel()
    server.held.add(attempt)
    try {
      if (attempt instanceof Attempt) dispatch(server, ex, body, attempt, openTunnel !== undefined)
      else if (overHttp2) void attempt.send(overHttp2, body)
      const tunnel = await attempt.done
      if (tunnel) countTunnel(server, tunnel)
      else ex.cancel = undefined
      return tunnel
    } catch (error) {
      failed.push(server)
      const byServer = error instanceof GatewayError && error.source === 'upstream'
      if (byServer && !attempt.started) server.failed()
      if (byServer && !attempt.headed) server.broke()
      const again = attempts < ex.route.limits.upstreamAttempts && mayRetry(error, attempt, ex, body)
      // A server that accepts no connection won't a moment later; one that closed a connection takes a new one.
      if (!again || !(attempt.started || picker.hasOther(failed))) throw error
      if (!budget.take(performance.now())) throw error
    } finally {
      server.held.delete(attempt)
      picker.release(server)
    }
  }
}

/** A tunnel has left the pool with its connection: it holds no other request up, but it is work all the same. */
function countTunnel(server: UpstreamServer, tunnel: Tunnel): void {
  server.active++
  tunnel.closed.then(() => server.active--)
}

function dispatch(server: UpstreamServer, ex: Exchange, body: OutgoingBody, attempt: Attempt, upgrade: boolean): void {
  const options: Dispatcher.DispatchOptions & { servername: string } = {
    path: ex.request.target,
    method: ex.method,
    headers: requestHeaders(ex, body, server.isOwnService),
    body: body === undefined || body instanceof Uint8Array ? (body ?? null) : Readable.from(body),
    headersTimeout: ex.route.limits.upstreamTimeout,
    bodyTimeout: ex.route.limits.upstreamTimeout,
    servername: server.hostname, // one for all, or undici would open a new connection for every new Host
    ...(upgrade ? { upgrade: ex.headers.get('upgrade') ?? '' } : undefined),
  }
  server.pool.dispatch(options, attempt)
}

/** What may be sent twice without being asked for twice (RFC 9110 §9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

function mayRetry(error: unknown, attempt: Attempt | Http2Attempt, ex: Exchange, body: OutgoingBody): boolean {
  if (!(error instanceof GatewayError) || error.retry !== 'yes' || ex.aborted) return false
  if (!attempt.started) return true // the request never left
  if (attempt.answered) return false
  if (attempt instanceof Http2Attempt && attempt.refused) return body === undefined || body instanceof Uint8Array
  return idempotent.has(ex.method) && (body === undefined || body instanceof Uint8Array)
}
