// Chooses the server of a request: the healthy one with the fewest requests under way, in turn when several have as
// few. When all connections are taken, requests wait in line for one, for no longer than a connection may take to open.

import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { UpstreamServer } from './server.ts'

interface Waiter {
  readonly failed: readonly UpstreamServer[]
  readonly resolve: (server: UpstreamServer) => void
}

export class Picker {
  readonly #servers: readonly UpstreamServer[]
  readonly #limits: Limits
  /** As many as there are client connections, at the most. */
  readonly #line = new Set<Waiter>()
  #turn = 0

  constructor(servers: readonly UpstreamServer[], limits: Limits) {
    this.#servers = servers
    this.#limits = limits
  }

  /**
   * Takes a connection of a server; `failed` ones only if there is no other.
   * @throws GatewayError UPSTREAM_UNAVAILABLE, CLIENT_ABORTED
   */
  take(ex: Exchange, failed: readonly UpstreamServer[]): UpstreamServer | Promise<UpstreamServer> {
    if (!this.#servers.some(server => server.healthy)) {
      throw new GatewayError('UPSTREAM_UNAVAILABLE', 'upstream', 'every server is marked as down')
    }
    const server = this.#best(failed)
    if (!server) return this.#wait(ex, failed)
    server.take()
    return server
  }

  /** Gives a connection back, to the request that waits longest for one. */
  release(server: UpstreamServer): void {
    server.release()
    for (const waiter of this.#line) {
      const next = this.#best(waiter.failed)
      if (!next) return
      next.take()
      this.#line.delete(waiter)
      waiter.resolve(next)
    }
  }

  /** Whether there is a server that none of these is. */
  hasOther(than: readonly UpstreamServer[]): boolean {
    return this.#servers.some(server => server.healthy && !than.includes(server))
  }

  #best(failed: readonly UpstreamServer[]): UpstreamServer | undefined {
    const nowMs = performance.now()
    const anyFailed = !this.hasOther(failed)
    const count = this.#servers.length
    this.#turn = (this.#turn + 1) % count
    let best: UpstreamServer | undefined
    let bestPause = 0
    for (let i = 0; i < count; i++) {
      const server = this.#servers[(this.#turn + i) % count]
      if (!server?.healthy || server.full || (!anyFailed && failed.includes(server))) continue
      const pause = server.pausedUntilMs(nowMs)
      if (best && (pause > bestPause || (pause === bestPause && server.active >= best.active))) continue
      best = server
      bestPause = pause
    }
    return best
  }

  #wait(ex: Exchange, failed: readonly UpstreamServer[]): Promise<UpstreamServer> {
    return new Promise((resolve, reject) => {
      const leave = (error: GatewayError) => {
        clearTimeout(timer)
        this.#line.delete(waiter)
        reject(error)
      }
      const waiter: Waiter = {
        failed,
        resolve: server => {
          clearTimeout(timer)
          resolve(server)
        },
      }
      const timer = setTimeout(
        () => leave(new GatewayError('UPSTREAM_UNAVAILABLE', 'gateway', 'every connection to the upstream is in use')),
        this.#limits.upstreamConnectTimeout,
      )
      ex.cancel = () => leave(new GatewayError('CLIENT_ABORTED', 'client', 'the client closed the connection'))
      this.#line.add(waiter)
    })
  }
}
