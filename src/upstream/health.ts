// Active health checks: asks each server for a path at an interval, and takes it out of service, or back, after so many
// answers in a row. Each check has a connection of its own, so that a busy pool doesn't look like a sick server.

import { constants } from 'node:http2'
import { Client } from 'undici'
import type { HealthConfig } from '../config/config.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { Http2Pool } from './h2-pool.ts'
import { createConnect, type UpstreamServer } from './server.ts'

export class HealthChecks {
  readonly #config: HealthConfig
  readonly #limits: Limits
  readonly #timers = new Map<UpstreamServer, NodeJS.Timeout>()
  #closed = false

  constructor(servers: readonly UpstreamServer[], config: HealthConfig, limits: Limits) {
    this.#config = config
    this.#limits = limits
    this.use(servers)
  }

  /** The first check comes soon and at a different moment for each, so that they don't come in volleys. */
  use(servers: readonly UpstreamServer[]): void {
    for (const [server, timer] of this.#timers) {
      if (servers.includes(server)) continue
      clearTimeout(timer)
      this.#timers.delete(server)
    }
    for (const server of servers) {
      if (!this.#timers.has(server)) this.#schedule(server, 0, Math.random() * Math.min(1000, this.#config.intervalMs))
    }
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }

  /** @param streak Answers in a row: good ones when positive, bad ones when negative. */
  #schedule(server: UpstreamServer, streak: number, delayMs: number): void {
    if (this.#closed) return
    const timer = setTimeout(async () => {
      const good = await this.#check(server)
      if (!this.#timers.has(server)) return // it has gone in the meantime
      const next = good ? Math.max(0, streak) + 1 : Math.min(0, streak) - 1
      if (next >= this.#config.healthyAfter) {
        if (!server.healthy) server.succeeded()
        server.healthy = true
      } else if (-next >= this.#config.unhealthyAfter) server.healthy = false
      this.#schedule(server, next, this.#config.intervalMs)
    }, delayMs)
    timer.unref()
    this.#timers.set(server, timer)
  }

  async #check(server: UpstreamServer): Promise<boolean> {
    const { path, timeoutMs } = this.#config
    if (server.http2) return this.#checkHttp2(server, server.http2)
    const client = new Client(server.origin, {
      connect: createConnect(server.hostname, { ...this.#limits, upstreamConnectTimeout: timeoutMs }, server.to),
      allowH2: false,
      pipelining: 0,
      maxResponseSize: 1024 * 1024,
    })
    try {
      const { statusCode, body } = await client.request({
        path,
        method: 'GET',
        headers: { 'user-agent': 'merlon-health' },
        signal: AbortSignal.timeout(timeoutMs),
      })
      await body.dump({ limit: 64 * 1024 })
      return statusCode >= 200 && statusCode < 400
    } catch {
      return false // whatever it is that keeps it from answering
    } finally {
      client.destroy().catch(() => {})
    }
  }

  /** One stream more on a connection that is there. */
  async #checkHttp2(server: UpstreamServer, pool: Http2Pool): Promise<boolean> {
    const { path, timeoutMs } = this.#config
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const lease = await pool.lease()
      const head = { ':path': path, ':authority': server.hostname, 'user-agent': 'merlon-health' }
      const stream = lease.session.request(head, { endStream: true, signal })
      return await new Promise(resolve => {
        stream.on('error', () => resolve(false))
        stream.once('response', headers => {
          const status = headers[':status'] ?? 0
          resolve(status >= 200 && status < 400)
          stream.close(constants.NGHTTP2_CANCEL)
        })
        stream.once('close', () => {
          lease.release()
          resolve(false)
        })
      })
    } catch {
      return false // whatever it is that keeps it from answering
    }
  }
}
