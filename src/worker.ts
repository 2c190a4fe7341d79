// A worker: the data plane on one core. Builds the configuration that the main thread gives it, listens, serves, and
// hands events and metrics back. It owns no files and writes no database, so it may die at any moment.

import { parentPort, workerData } from 'node:worker_threads'
import { IdentityMirror } from './accounts/mirror.ts'
import type { ServerStatus } from './admin/runtime.ts'
import { type BuiltGateway, buildGateway, Parts } from './build.ts'
import type { Config } from './config/config.ts'
import { eventOf } from './events/event.ts'
import { LineOutbox } from './events/line-outbox.ts'
import { addSeries, labels, type MetricsSnapshot, WorkerMetrics } from './events/metrics.ts'
import { Outbox } from './events/outbox.ts'
import { Refusals } from './events/refusals.ts'
import { SightingOutbox } from './learn/sighting-outbox.ts'
import type { Problem } from './lib/problem.ts'
import { type Http1Listener, openHttp1Listener } from './listen/h1.ts'
import { createReferences } from './listen/reference.ts'
import { type ListenerSettings, plainSettings } from './listen/settings.ts'
import type { FromWorker, Listening, Plan, ToWorker, WorkerData } from './messages.ts'
import type { Exchange } from './pipeline/exchange.ts'
import { LearnedFields } from './pipeline/learned.ts'
import { UseOutbox } from './policies/use-outbox.ts'
import { SharedCounters } from './store/counters-shared.ts'
import { SharedMarks } from './store/marks-shared.ts'
import { SharedQuotas } from './store/quotas-shared.ts'
import type { UpstreamStats } from './upstream/upstream.ts'

interface Prepared {
  readonly version: number
  readonly config: Config
  readonly gateway: BuiltGateway
  readonly plan: Plan
}

class DataPlane {
  readonly #post: (message: FromWorker) => void
  readonly #reusePort: boolean
  readonly #counters: SharedCounters
  readonly #quotas: SharedQuotas
  readonly #identity: IdentityMirror | undefined
  readonly #metrics = new WorkerMetrics()
  readonly #parts = new Parts()
  readonly #outbox: Outbox
  readonly #lineOutbox: LineOutbox
  readonly #refusals: Refusals
  readonly #uses: UseOutbox
  readonly #sightings: SightingOutbox
  readonly #learned = new LearnedFields()
  readonly #listeners = new Map<string, Http1Listener>()
  /** Counts of listeners that are closed by now. */
  readonly #closedStats = { connectionsRefused: 0, parseErrors: 0, handshakes: 0, handshakeFailures: 0 }
  readonly #http2Cut = new Map<string, number>()
  readonly #nextReference = createReferences()
  #pending: Prepared | undefined
  #current: Prepared | undefined
  #plan: Plan = {}

  constructor(data: WorkerData, post: (message: FromWorker) => void) {
    this.#post = post
    this.#reusePort = data.reusePort
    this.#counters = new SharedCounters(data.counters)
    this.#quotas = new SharedQuotas(data.quotas)
    this.#identity =
      data.identity &&
      new IdentityMirror(data.identity, new SharedMarks(data.marks), {
        onUsed: used => post({ type: 'keysUsed', used }),
        onWantKeys: issuer => post({ type: 'wantKeys', issuer }),
      })
    this.#outbox = new Outbox(events => post({ type: 'events', events }))
    this.#refusals = new Refusals(event => this.#outbox.push(event), this.#nextReference)
    this.#uses = new UseOutbox(uses => post({ type: 'policiesUsed', uses }))
    this.#learned.use(data.learned)
    this.#sightings = new SightingOutbox(sightings => post({ type: 'richTextSeen', sightings }))
    this.#lineOutbox = new LineOutbox((lines, bytes) => post({ type: 'lines', lines, bytes }))
  }

  async handle(message: ToWorker): Promise<void> {
    switch (message.type) {
      case 'prepare':
        return this.#prepare(message.version, message.config, message.plan)
      case 'plan':
        return this.#replan(message.version, message.plan)
      case 'open':
        return this.#open(message.version, message.listen)
      case 'commit':
        return this.#commit(message.version, new Set(message.keep))
      case 'abort':
        return this.#abort(message.version, new Set(message.keep))
      case 'metrics':
        return this.#post({ type: 'metrics', id: message.id, ...this.#measure() })
      case 'stored':
        return this.#outbox.stored(message.count)
      case 'linesTaken':
        return this.#lineOutbox.taken(message.bytes)
      case 'identity':
        return this.#identity?.update(message.update)
      case 'learned':
        return this.#learned.use(message.fields)
      case 'drain':
        return this.#drain(message.drainMs)
    }
  }

  #prepare(version: number, config: Config, plan: Plan): void {
    const built = buildGateway(config, {
      counters: this.#counters,
      quotas: this.#quotas,
      recordUse: use => this.#uses.add(use),
      learned: this.#learned,
      richTextReports: this.#sightings,
      now: Date.now,
      report: ex => this.#report(ex),
      metrics: this.#metrics,
      ...(this.#identity && { identity: this.#identity }),
      writeLine: (file, line) => this.#lineOutbox.push(file, line),
      parts: this.#parts,
    })
    if (built.ok) this.#pending = { version, config, gateway: built.gateway, plan }
    this.#post({
      type: 'prepared',
      version,
      problems: built.ok ? [] : built.problems,
      warnings: built.ok ? built.gateway.warnings : [],
    })
  }

  async #open(version: number, listen: readonly Listening[]): Promise<void> {
    const handler = this.#current?.gateway
    if (!handler) throw new Error('told to listen without a configuration')
    const listening: Listening[] = []
    const problems: Problem[] = []
    for (const { key, address, path } of listen) {
      try {
        const { host, port } = address
        const listener = await openHttp1Listener({
          host,
          port,
          reusePort: this.#reusePort,
          handler,
          settings: this.#settingsOf(key, this.#pending?.plan ?? this.#plan),
          nextReference: this.#nextReference,
          onRested: limit => this.#metrics.limited(limit),
          onRefused: (cause, clientIp) => {
            if (cause.startsWith('limits.')) this.#metrics.limited(cause.slice('limits.'.length))
            this.#refusals.add(cause, clientIp, Date.now())
          },
          now: Date.now,
        })
        this.#listeners.set(key, listener)
        listening.push({ key, path, address: { host, port: listener.address.port } })
      } catch (error) {
        problems.push(listenProblem(path, error))
      }
    }
    // Which port a redirect leads to is known now.
    if (!this.#pending) this.#useOnAll()
    this.#post({ type: 'opened', version, listening, problems })
  }

  #replan(version: number, plan: Plan): void {
    this.#plan = plan
    this.#useOnAll()
    this.#post({ type: 'planned', version })
  }

  #useOnAll(): void {
    const handler = this.#current?.gateway
    if (!handler) return
    for (const [key, listener] of this.#listeners) listener.use(handler, this.#settingsOf(key, this.#plan))
  }

  #settingsOf(key: string, plan: Plan): ListenerSettings {
    const own = plan[key]
    if (!own) return plainSettings // a listener that is about to be closed
    const target = own.redirectTo === undefined ? undefined : this.#listeners.get(own.redirectTo)
    return { ...own.settings, redirectPort: target?.address.port }
  }

  #commit(version: number, keep: ReadonlySet<string>): void {
    const next = this.#pending
    if (next?.version !== version) throw new Error(`told to commit version ${version}, which is not prepared`)
    const previous = this.#current
    this.#pending = undefined
    this.#current = next
    this.#outbox.max = Math.ceil(next.config.limits.eventQueue / next.config.workers)
    this.#plan = next.plan
    this.#useOnAll()
    const { drainTimeout } = next.config.limits
    void this.#closeListeners(keep, drainTimeout)
    void previous?.gateway.close(drainTimeout)
    this.#post({ type: 'committed', version })
  }

  #abort(version: number, keep: ReadonlySet<string>): void {
    if (this.#pending?.version === version) {
      void this.#pending.gateway.close(0)
      this.#pending = undefined
    }
    void this.#closeListeners(keep, 0)
    this.#post({ type: 'aborted', version })
  }

  async #closeListeners(keep: ReadonlySet<string>, drainMs: number): Promise<void> {
    const closing = [...this.#listeners].filter(([key]) => !keep.has(key))
    await Promise.all(
      closing.map(async ([key, listener]) => {
        this.#listeners.delete(key)
        await listener.close({ drainMs })
        this.#closedStats.connectionsRefused += listener.stats.connectionsRefused
        this.#closedStats.parseErrors += listener.stats.parseErrors
        this.#closedStats.handshakes += listener.stats.handshakes
        this.#closedStats.handshakeFailures += listener.stats.handshakeFailures
        for (const [limit, count] of listener.stats.http2Cut) {
          this.#http2Cut.set(limit, (this.#http2Cut.get(limit) ?? 0) + count)
        }
      }),
    )
  }

  async #drain(drainMs: number): Promise<void> {
    const closed = this.#closeListeners(new Set(), drainMs)
    this.#post({ type: 'draining' })
    await closed
    await this.#current?.gateway.close(1000)
    this.#outbox.flush()
    this.#lineOutbox.flush()
    this.#uses.flush()
    this.#sightings.flush()
    this.#post({ type: 'drained', ...this.#measure() })
  }

  #report(ex: Exchange): void {
    this.#metrics.record(ex)
    const event = eventOf(ex)
    if (event) this.#outbox.push(event)
  }

  #upstreamStats(): [name: string, stats: UpstreamStats][] {
    return (this.#current?.gateway.upstreams ?? []).map(upstream => [upstream.name, upstream.stats()])
  }

  #measure(): { snapshot: MetricsSnapshot; servers: ServerStatus[] } {
    const snapshot = this.#metrics.snapshot()
    let { connectionsRefused, parseErrors, handshakes, handshakeFailures } = this.#closedStats
    let connections = 0
    const cut = (limit: string, count: number) =>
      addSeries(snapshot, 'merlon_http2_cut_total', labels({ limit }), count)
    for (const [limit, count] of this.#http2Cut) cut(limit, count)
    for (const { stats } of this.#listeners.values()) {
      connections += stats.connections
      connectionsRefused += stats.connectionsRefused
      parseErrors += stats.parseErrors
      handshakes += stats.handshakes
      handshakeFailures += stats.handshakeFailures
      for (const [limit, count] of stats.http2Cut) cut(limit, count)
    }
    addSeries(snapshot, 'merlon_connections', '', connections)
    addSeries(snapshot, 'merlon_connections_refused_total', '', connectionsRefused)
    addSeries(snapshot, 'merlon_unreadable_requests_total', '', parseErrors)
    addSeries(snapshot, 'merlon_tls_handshakes_total', '', handshakes)
    addSeries(snapshot, 'merlon_tls_handshake_failures_total', '', handshakeFailures)
    addSeries(snapshot, 'merlon_events_dropped_total', '', this.#outbox.dropped)
    addSeries(snapshot, 'merlon_log_lines_dropped_total', '', this.#lineOutbox.dropped)
    const servers = (this.#current?.gateway.upstreams ?? []).flatMap(upstream =>
      upstream.servers().map(server => ({ upstream: upstream.name, ...server })),
    )
    for (const { upstream, url, healthy, active } of servers) {
      const own = labels({ upstream, server: url })
      addSeries(snapshot, 'merlon_upstream_server_healthy', own, healthy ? 1 : 0)
      addSeries(snapshot, 'merlon_upstream_server_active', own, active)
    }
    for (const [name, stats] of this.#upstreamStats()) {
      const own = labels({ upstream: name })
      addSeries(snapshot, 'merlon_upstream_ejections_total', own, stats.ejections)
      addSeries(snapshot, 'merlon_upstream_retries_total', own, stats.retries)
      addSeries(snapshot, 'merlon_upstream_retries_refused_total', own, stats.retriesRefused)
      addSeries(snapshot, 'merlon_upstream_circuit_opened_total', own, stats.circuitOpened)
    }
    return { snapshot, servers }
  }
}

function listenProblem(path: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program listens on this address already',
    EACCES: 'this port needs more rights than the gateway has',
    EADDRNOTAVAIL: 'this machine does not have this address',
  }
  const message = reasons[code] ?? `can’t listen: ${error instanceof Error ? error.message : String(error)}`
  return { code: 'listen.failed', severity: 'error', file: '', line: 0, column: 0, path, message }
}

const port = parentPort
if (!port) throw new Error('worker.ts runs as a worker thread of the gateway')
const plane = new DataPlane(workerData as WorkerData, message => port.postMessage(message))
port.on('message', (message: ToWorker) => {
  // A failure here is a bug: the worker dies of it, and the main thread makes a new one.
  void plane.handle(message)
})
port.postMessage({ type: 'online' } satisfies FromWorker)
