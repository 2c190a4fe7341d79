// The servers of one upstream as they are now: those of the config, or the addresses that DNS gives for their names.

import { isIP } from 'node:net'
import type { UpstreamConfig } from '../config/config.ts'
import type { Limits } from '../pipeline/limits.ts'
import { type LookUp, NameWatch } from './names.ts'
import { type UpstreamConnection, UpstreamServer } from './server.ts'

export class Servers {
  list: readonly UpstreamServer[]
  readonly #config: UpstreamConfig
  readonly #limits: Limits
  readonly #to: UpstreamConnection
  readonly #onOutcome: (good: boolean, nowMs: number) => void
  readonly #onChange: () => void
  readonly #watches: NameWatch[] = []
  /** By place in the config. */
  readonly #byPlace: UpstreamServer[][]
  #ejections = 0

  constructor(
    config: UpstreamConfig,
    limits: Limits,
    to: UpstreamConnection,
    on: {
      readonly outcome: (good: boolean, nowMs: number) => void
      readonly change: () => void
      readonly lookUp: LookUp | undefined
    },
  ) {
    this.#config = config
    this.#limits = limits
    this.#to = to
    this.#onOutcome = on.outcome
    this.#onChange = on.change
    this.#byPlace = config.servers.map((_, place) => [this.#open(place, undefined, false)])
    this.list = this.#byPlace.flat()
    const everyMs = config.dnsMs
    if (everyMs === undefined) return
    for (const [place, servers] of this.#byPlace.entries()) {
      const name = servers[0]?.hostname ?? ''
      if (isIP(name) || servers[0]?.to.socketPath !== undefined) continue
      const onChange = (addresses: readonly string[]) => this.#resolved(place, addresses)
      this.#watches.push(new NameWatch({ name, everyMs, lookUp: on.lookUp, onChange }))
    }
  }

  get ejections(): number {
    return this.#ejections + this.list.reduce((sum, server) => sum + server.ejections, 0)
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close()
    await Promise.all(this.list.map(server => server.close()))
  }

  #resolved(place: number, addresses: readonly string[]): void {
    const before = this.#byPlace[place] ?? []
    const isFirst = before.every(server => server.to.address === undefined)
    this.#byPlace[place] = addresses.map(
      address => before.find(server => server.to.address === address) ?? this.#open(place, address, !isFirst),
    )
    this.list = this.#byPlace.flat()
    for (const server of before) {
      if (this.list.includes(server)) continue
      this.#ejections += server.ejections
      server.close().catch(() => {}) // what is under way ends
    }
    this.#onChange()
  }

  #open(place: number, address: string | undefined, isNew: boolean): UpstreamServer {
    const { servers, weights, slowStartMs = 0, ejection, connections, protocol } = this.#config
    const server = new UpstreamServer(servers[place] ?? '', this.#limits, {
      to: this.#to,
      weight: weights?.[place] ?? 1,
      slowStartMs,
      isNew,
      ejection,
      connections,
      http2: protocol === 'h2',
      ...(address !== undefined && { address }),
    })
    server.onOutcome = this.#onOutcome
    if (ejection) server.mayEject = nowMs => this.#mayEject(ejection.share, nowMs)
    return server
  }

  #mayEject(share: number, nowMs: number): boolean {
    const out = this.list.filter(server => server.isEjected(nowMs)).length
    return (out + 1) * 100 <= share * this.list.length
  }
}
