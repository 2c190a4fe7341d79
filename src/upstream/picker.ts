// Chooses the server of a request among those that are well: not by the health checks down, not ejected for failing, not
// just having refused a connection; balance.ts says which of them. When all connections are taken, requests wait in line for one, for no longer than a connection may take to open.

import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Limits } from '../pipeline/limits.ts'
import { type Choose, createBalance } from './balance.ts'
import type { Held, UpstreamServer } from './server.ts'

interface Waiter {
  readonly ex: Exchange
  readonly failed: readonly UpstreamServer[]
  readonly resolve: (server: UpstreamServer) => void
}

export class Picker {
  /** Another list when DNS says so. */
  servers: readonly UpstreamServer[]
  readonly #limits: Limits
  readonly #choose: Choose
  /** At most `limits.upstreamWaiting`. */
  readonly #line = new Set<Waiter>()
  #relief: NodeJS.Timeout | undefined

  constructor(
    servers: readonly UpstreamServer[],
    limits: Limits,
    choose: Choose = createBalance({ method: 'leastRequests' }),
  ) {
    this.servers = servers
    this.#limits = limits
    this.#choose = choose
  }

  /**
   * Takes a connection of a server; `failed` ones only if there is no other.
   * @throws GatewayError UPSTREAM_UNAVAILABLE, CLIENT_ABORTED
   */
  take(ex: Exchange, failed: readonly UpstreamServer[]): UpstreamServer | Promise<UpstreamServer> {
    if (!this.servers.some(server => server.healthy)) {
      throw new GatewayError('UPSTREAM_UNAVAILABLE', 'upstream', 'every server is marked as down')
    }
    const server = this.#best(failed, ex)
    if (!server) return this.#wait(ex, failed)
    server.take()
    return server
  }

  /** Gives a connection back, to the request that waits longest for one. */
  release(server: UpstreamServer): void {
    server.release()
    for (const waiter of this.#line) {
      const next = this.#best(waiter.failed, waiter.ex)
      if (!next) return
      next.take()
      this.#line.delete(waiter)
      waiter.resolve(next)
    }
  }

  /** Whether there is a server that none of these is. */
  hasOther(than: readonly UpstreamServer[]): boolean {
    return this.servers.some(server => server.healthy && !than.includes(server))
  }

  /**
   * Slow readers hold connections for as long as they like: one gives way to who waits. At once where one client has
   * many of them; else the slowest, when its time is over.
   */
  #relieve(): void {
    if (this.#line.size === 0) return
    const { stalledPerIp, responseStall } = this.#limits
    const stalled = this.servers.flatMap(({ held }) => [...held]).filter(({ stalledSinceMs }) => stalledSinceMs > 0)
    const byClient = Map.groupBy(stalled, ({ clientKey }) => clientKey)
    const most = [...byClient.values()].reduce<Held[]>((a, b) => (b.length > a.length ? b : a), [])
    if (most.length > stalledPerIp) return slowestOf(most)?.cut('stalledPerIp')
    const slowest = slowestOf(stalled)
    if (!slowest) return
    const leftMs = responseStall - (performance.now() - slowest.stalledSinceMs)
    if (leftMs <= 0) return slowest.cut('responseStall')
    // Whoever waits may be the last to come.
    this.#relief ??= setTimeout(() => {
      this.#relief = undefined
      this.#relieve()
    }, leftMs).unref()
  }

  #best(failed: readonly UpstreamServer[], ex: Exchange): UpstreamServer | undefined {
    const nowMs = performance.now()
    const anyFailed = !this.hasOther(failed)
    const open = this.servers.filter(server => {
      return server.healthy && !server.full && (anyFailed || !failed.includes(server))
    })
    // An ejected server is better than none at all.
    const well = open.filter(server => !server.isEjected(nowMs))
    const usable = well.length > 0 ? well : open
    const leastPause = Math.min(...usable.map(server => server.pausedUntilMs(nowMs)))
    return this.#choose(
      usable.filter(server => server.pausedUntilMs(nowMs) === leastPause),
      ex,
      nowMs,
    )
  }

  #wait(ex: Exchange, failed: readonly UpstreamServer[]): Promise<UpstreamServer> {
    if (this.#line.size >= this.#limits.upstreamWaiting) {
      throw new GatewayError('UPSTREAM_UNAVAILABLE', 'gateway', 'too many requests wait for a connection already')
    }
    return new Promise((resolve, reject) => {
      const leave = (error: GatewayError) => {
        clearTimeout(timer)
        this.#line.delete(waiter)
        reject(error)
      }
      const waiter: Waiter = {
        ex,
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
      this.#relieve()
    })
  }
}

function slowestOf(stalled: readonly Held[]): Held | undefined {
  return stalled.reduce<Held | undefined>((a, b) => (a && a.stalledSinceMs <= b.stalledSinceMs ? a : b), undefined)
}
