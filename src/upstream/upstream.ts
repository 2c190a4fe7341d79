// An upstream as a destination: picks a server, sends, and tries another one when nothing was lost.

import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { UpstreamConfig } from '../config/config.ts'
import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { Destination, OutgoingBody, ResponseSink } from '../pipeline/route.ts'
import { Attempt, type OpenTunnel, type Tunnel } from './attempt.ts'
import { Http2Attempt } from './h2-attempt.ts'
import { HealthChecks } from './health.ts'
import { Picker } from './picker.ts'
import { requestHeaders } from './request-headers.ts'
import { type UpstreamConnection, UpstreamServer } from './server.ts'
import { createTunnel, looksInto } from './tunnel.ts'

export interface Upstream extends Destination {
  servers(): { readonly url: string; readonly healthy: boolean; readonly active: number }[]
  /** Stops the health checks and lets running requests end. */
  close(): Promise<void>
}

export function createUpstream(
  name: string,
  config: UpstreamConfig,
  limits: Limits,
  tls: UpstreamConnection = {},
): Upstream {
  const place = config.socketPath === undefined ? tls : { ...tls, socketPath: config.socketPath }
  const to = config.protocol === 'h2' ? { ...place, http2: true } : place
  const servers = config.servers.map(url => new UpstreamServer(url, limits, to))
  const picker = new Picker(servers, limits)
  const checks = config.health ? new HealthChecks(servers, config.health, limits) : undefined
  return {
    name,
    send: async (ex, body, sink) => {
      await sendTo(picker, ex, body, sink, undefined)
    },
    upgrade: async (ex, client, sink) => {
      // What is compressed can't be looked into; without the offer nobody compresses.
      if (looksInto(ex)) ex.withheldHeaders = [...ex.withheldHeaders, 'sec-websocket-extensions']
      const tunnel = await sendTo(picker, ex, undefined, sink, createTunnel(ex, client))
      await tunnel?.closed
      return tunnel !== undefined
    },
    servers: () => servers.map(({ url, healthy, active }) => ({ url, healthy, active })),
    close: async () => {
      checks?.close()
      for (const { http2 } of servers) http2?.close()
      await Promise.all(servers.map(({ pool }) => pool.close()))
    },
  }
}

/** Sends until a server has answered. */
async function sendTo(
  picker: Picker,
  ex: Exchange,
  body: OutgoingBody,
  sink: ResponseSink,
  openTunnel: OpenTunnel | undefined,
): Promise<Tunnel | undefined> {
  const failed: UpstreamServer[] = []
  for (let attempts = 1; ; attempts++) {
    const taken = picker.take(ex, failed)
    const server = taken instanceof Promise ? await taken : taken
    const overHttp2 = openTunnel ? undefined : server.http2
    const attempt = overHttp2 ? new Http2Attempt(ex, server, sink) : new Attempt(ex, server, sink, openTunnel)
    ex.cancel = () => attempt.cancel()
    try {
      if (attempt instanceof Attempt) dispatch(server, ex, body, attempt, openTunnel !== undefined)
      else if (overHttp2) void attempt.send(overHttp2, body)
      const tunnel = await attempt.done
      if (tunnel) countTunnel(server, tunnel)
      else ex.cancel = undefined
      return tunnel
    } catch (error) {
      failed.push(server)
      if (!attempt.started && error instanceof GatewayError && error.source === 'upstream') server.failed()
      const again = attempts < ex.route.limits.upstreamAttempts && mayRetry(error, attempt, ex, body)
      // A server that accepts no connection won't a moment later; one that closed a connection takes a new one.
      if (!again || !(attempt.started || picker.hasOther(failed))) throw error
    } finally {
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
    headers: requestHeaders(ex, body, server.to.socketPath !== undefined),
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
  return idempotent.has(ex.method) && (body === undefined || body instanceof Uint8Array)
}
