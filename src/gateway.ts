// The main thread, the control plane: owns the configuration, the store and the workers, and answers the admin side.
// Requests never pass through here.

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Accounts, accountsPath, accountsSocketPath } from './accounts/accounts.ts'
import { type AccountOperation, runAccountOperation } from './accounts/operations.ts'
import { followedKinds } from './accounts/shared-changes.ts'
import type { GatewayStatus, ReloadResult, Runtime, ServerStatus } from './admin/runtime.ts'
import { type AdminServer, openAdminAddress, openAdminSocket } from './admin/server.ts'
import { CertificateManager } from './certificates/manager.ts'
import type { Address, Config } from './config/config.ts'
import { formatAddress } from './config/fields.ts'
import { addSeries, labels } from './events/metrics.ts'
import { formatPrometheus } from './events/prometheus.ts'
import { Recorder } from './events/recorder.ts'
import { signInEvent } from './events/sign-in-event.ts'
import { systemEvent } from './events/system-event.ts'
import { Fleet } from './fleet.ts'
import { fixedProblem, gatewayProblem, messageOf, startProblem } from './gateway-problems.ts'
import { learnedPath, RichTextLearner, richTextLearned } from './learn/rich-text-learner.ts'
import type { Problem } from './lib/problem.ts'
import { AcceptQueue } from './listen/accept-queue.ts'
import { createReferences } from './listen/reference.ts'
import { LogFiles } from './log-files.ts'
import type { LearnedField } from './pipeline/learned.ts'
import { createSharedCounters, SharedCounters } from './store/counters-shared.ts'
import { openSqliteJournal } from './store/journal-sqlite.ts'
import { createSharedMarks } from './store/marks-shared.ts'
import { openRecords } from './store/open-records.ts'
import { QuotaKeeper } from './store/quota-keeper.ts'
import type { EventFilter, Journal, StoredEvent } from './store/store.ts'
import { type KeptUse, UseKeeper } from './store/use-keeper.ts'

export type Log = (level: 'info' | 'warn' | 'error', message: string) => void

export interface GatewayOptions {
  /** Reads the configuration again, for `merlon reload`; without it the gateway has no file to read. */
  readonly load?: () => { readonly ok: true; readonly config: Config } | { ok: false; problems: readonly Problem[] }
  /** What an operator should know of; not a word of requests. */
  readonly log?: Log
}

export type StartResult =
  | { readonly ok: true; readonly gateway: Gateway }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export interface Gateway {
  /** Where it listens, with the ports that were found for open ones. */
  readonly listening: readonly Address[]
  readonly admin: Address | undefined
  /** Takes another configuration, or keeps the old one and says why. */
  reload(config: Config): Promise<ReloadResult>
  status(): Promise<GatewayStatus>
  metrics(): Promise<string>
  /** Opens event files again, after a log rotator has moved them. */
  reopenFiles(): void
  /** Lets running requests end, for at most `limits.drainTimeout`. */
  stop(): Promise<void>
}

/** Counts are of this gateway, also where several share a database. */
function quotasPath(stateDir: string): string {
  return join(stateDir, 'quotas.db')
}

function usesPath(stateDir: string): string {
  return join(stateDir, 'uses.db')
}

export function journalPath(stateDir: string): string {
  return join(stateDir, 'events.db')
}

/** Resolves when every worker listens. */
export async function startGateway(config: Config, options: GatewayOptions = {}): Promise<StartResult> {
  let plane: ControlPlane | undefined
  try {
    plane = new ControlPlane(config, options)
    const problems = await plane.start()
    if (problems.length === 0) return { ok: true, gateway: plane }
    await plane.abandon()
    return { ok: false, problems }
  } catch (error) {
    await plane?.abandon()
    return { ok: false, problems: [startProblem(config, error)] }
  }
}

class ControlPlane implements Gateway, Runtime {
  readonly #options: GatewayOptions
  readonly #log: Log
  readonly #startedAtMs = Date.now()
  readonly #nextReference = createReferences()
  readonly #journal: Journal
  readonly #recorder: Recorder
  readonly #counters: SharedCounters
  readonly #fleet: Fleet
  readonly #certificates: CertificateManager
  #openAccounts: Accounts | undefined
  #quotaKeeper: QuotaKeeper | undefined
  #useKeeper: UseKeeper | undefined
  #learner: RichTextLearner | undefined
  readonly #logFiles = new LogFiles()
  readonly #acceptQueue = new AcceptQueue()
  #acceptTimer: NodeJS.Timeout | undefined
  #socket: AdminServer | undefined
  #adminAddress: { readonly wanted: Address; readonly server: AdminServer } | undefined
  #config: Config
  #loadedAtMs = Date.now()
  #reloads = { ok: 0, failed: 0 }
  #state: GatewayStatus['state'] = 'starting'
  #turn: Promise<unknown> = Promise.resolve()

  /** @throws Error when the state folder or the journal can't be opened */
  constructor(config: Config, options: GatewayOptions) {
    this.#config = config
    this.#options = options
    this.#log = options.log ?? (() => {})
    mkdirSync(config.store.state, { recursive: true, mode: 0o700 })
    this.#journal = openSqliteJournal(journalPath(config.store.state))
    this.#recorder = new Recorder({
      journal: this.#journal,
      lines: [],
      retentionMs: config.events.retentionMs,
      now: Date.now,
      onError: error => this.#log('error', `events were not stored: ${messageOf(error)}`),
    })
    const counters = createSharedCounters()
    this.#counters = new SharedCounters(counters)
    this.#fleet = new Fleet({
      counters,
      quotas: () => this.#quotas.buffer,
      marks: createSharedMarks(),
      log: this.#log,
      identity: () => this.#accounts.state(),
      onPoliciesUsed: uses => this.#policiesUsed(uses),
      learned: () => this.#learner?.fields ?? [],
      onRichTextSeen: sightings => this.#learner?.take(sightings),
      onKeysUsed: used => void this.#accounts.keysUsed(used),
      onWantKeys: issuer => this.#accounts.wantKeys(issuer),
      onEvents: (worker, events) => this.#recorder.add(events, count => worker.stored(count)),
      onLines: lines => {
        for (const { file, text } of lines) this.#logFiles.writeAudit(file, text)
      },
    })

    this.#certificates = new CertificateManager({
      stateDir: config.store.state,
      now: Date.now,
      log: this.#log,
      report: (code, detail) => this.#report(code, detail),
      onChange: async () => {
        const current = this.#certificates.current
        if (current) await this.#fleet.replan(current.config, current.settings)
      },
    })
  }

  get listening(): readonly Address[] {
    return this.#fleet.listening.map(({ address }) => address)
  }

  get admin(): Address | undefined {
    return this.#adminAddress?.server.address
  }

  get #accounts(): Accounts {
    if (!this.#openAccounts) throw new Error('asked about accounts before they are open')
    return this.#openAccounts
  }

  get #quotas(): QuotaKeeper {
    if (!this.#quotaKeeper) throw new Error('asked about quotas before they are open')
    return this.#quotaKeeper
  }

  #policiesUsed(uses: readonly KeptUse[]): void {
    const keeper = this.#useKeeper
    const wasFull = keeper?.isFull
    keeper?.add(uses).then(
      () => {
        if (keeper.isFull && !wasFull)
          this.#log('warn', 'more uses of policies than are kept: `authz unused` knows not all')
      },
      error => this.#log('error', `uses of policies were not stored: ${messageOf(error)}`),
    )
  }

  #learned(fields: readonly LearnedField[]): void {
    this.#fleet.learn(this.#learner?.fields ?? [])
    const events = fields.map(field =>
      systemEvent('waf.rich-text-learned', richTextLearned(field), this.#nextReference(), Date.now(), 'learn'),
    )
    this.#recorder.add(events, () => {})
  }

  get ready(): boolean {
    return this.#state === 'serving' && this.#fleet.workers.length > 0
  }

  async start(): Promise<readonly Problem[]> {
    this.#socket = await openAdminSocket(this.#config.store.state, this)
    const opened = this.#logFiles.open(this.#config)
    if (!opened.ok) return [opened.problem]
    await this.#logFiles.use(opened.files)
    this.#recorder.use(this.#logFiles.events, this.#config.events.retentionMs)
    const adminProblem = await this.#moveAdmin(this.#config)
    if (adminProblem) return [adminProblem]
    const { state, key, database, staleAfterMs } = this.#config.store
    this.#openAccounts = await Accounts.openForGateway({
      records: await openRecords({ file: accountsPath(state), database, told: followedKinds }, message =>
        this.#log('warn', message),
      ),
      staleAfterMs,
      stateDir: state,
      key,
      now: Date.now,
      onUpdate: update => this.#fleet.updateIdentity(update),
      log: this.#log,
      report: report => this.#recorder.add([signInEvent(report, this.#nextReference(), Date.now())], () => {}),
    })
    this.#quotaKeeper = await QuotaKeeper.open(
      await openRecords({ file: quotasPath(state), database: undefined }),
      error => this.#log('error', `quotas were not stored: ${messageOf(error)}`),
    )
    this.#useKeeper = await UseKeeper.open(await openRecords({ file: usesPath(state), database: undefined }))
    this.#learner = await RichTextLearner.open(
      await openRecords({ file: learnedPath(state), database: undefined }),
      fields => this.#learned(fields),
      error => this.#log('error', `what was learned was not stored: ${messageOf(error)}`),
    )
    await this.#useAccounts(this.#config)
    const problems = await this.#applyToFleet(this.#config)
    if (problems.length > 0) return problems
    this.#state = 'serving'
    this.#acceptTimer = setInterval(() => this.#lookAtAcceptQueue(), acceptLookMs).unref()
    return []
  }

  /** Undoes a start that failed. */
  async abandon(): Promise<void> {
    await this.#close()
  }

  reload(config: Config): Promise<ReloadResult> {
    const result = this.#turn.then(() => this.#reload(config))
    this.#turn = result.catch(() => {})
    return result
  }

  async reloadFile(): Promise<ReloadResult> {
    if (!this.#options.load)
      return { ok: false, problems: [gatewayProblem(this.#config, '', 'this gateway has no config file')] }
    const loaded = this.#options.load()
    if (loaded.ok) return this.reload(loaded.config)
    this.#reloads.failed++
    return { ok: false, problems: loaded.problems }
  }

  async status(): Promise<GatewayStatus> {
    const { servers, snapshot } = await this.#fleet.measure()
    const { file, mode, routes, workers } = this.#config
    return {
      version: packageVersion,
      pid: process.pid,
      state: this.#state,
      startedAt: new Date(this.#startedAtMs).toISOString(),
      config: { file, mode, loadedAt: new Date(this.#loadedAtMs).toISOString(), reloads: this.#reloads.ok },
      listening: this.listening.map(formatAddress),
      admin: this.admin && formatAddress(this.admin),
      workers: { alive: this.#fleet.workers.length, wanted: workers, restarts: this.#fleet.restarts },
      routes: listRoutes(routes),
      upstreams: addServers(servers),
      events: {
        stored: this.#recorder.stored,
        dropped: this.#recorder.dropped + (snapshot.get('merlon_events_dropped_total') ?? 0),
      },
    }
  }

  async metrics(): Promise<string> {
    const { snapshot } = await this.#fleet.measure()
    addSeries(snapshot, 'merlon_build_info', labels({ version: packageVersion, node: process.versions.node }), 1)
    addSeries(snapshot, 'merlon_workers', '', this.#fleet.workers.length)
    addSeries(snapshot, 'merlon_worker_restarts_total', '', this.#fleet.restarts)
    addSeries(snapshot, 'merlon_config_reloads_total', labels({ result: 'ok' }), this.#reloads.ok)
    addSeries(snapshot, 'merlon_config_reloads_total', labels({ result: 'failed' }), this.#reloads.failed)
    addSeries(snapshot, 'merlon_config_last_reload_timestamp_seconds', '', this.#loadedAtMs / 1000)
    addSeries(snapshot, 'merlon_counter_evictions_total', '', this.#counters.evictions)
    addSeries(snapshot, 'merlon_events_total', '', this.#recorder.stored)
    addSeries(snapshot, 'merlon_events_dropped_total', '', this.#recorder.dropped)
    for (const [result, count] of Object.entries(this.#certificates.orders)) {
      addSeries(snapshot, 'merlon_certificate_orders_total', labels({ result }), count)
    }
    for (const { place, certificate } of this.#certificates.certificates()) {
      const own = labels({ listener: place, name: certificate.names[0] ?? '' })
      const leftS = Math.floor((certificate.expiresMs - Date.now()) / 1000)
      addSeries(snapshot, 'merlon_certificate_expiry_seconds', own, leftS)
    }
    this.#lookAtAcceptQueue()
    const { overflows } = this.#acceptQueue
    if (overflows !== undefined) addSeries(snapshot, 'merlon_accept_queue_overflows_total', '', overflows)
    for (const { dropped } of this.#logFiles.all) {
      addSeries(snapshot, 'merlon_log_lines_dropped_total', '', dropped)
    }
    return formatPrometheus(snapshot)
  }

  events(filter: EventFilter): readonly StoredEvent[] {
    return this.#journal.query(filter)
  }

  accounts(operation: AccountOperation, input: unknown): Promise<unknown> {
    return runAccountOperation(this.#accounts, operation, input)
  }

  reopenFiles(): void {
    this.#logFiles.reopen()
  }

  async stop(): Promise<void> {
    if (this.#state === 'draining') return
    this.#state = 'draining'
    await this.#turn
    await this.#fleet.drain(this.#config.limits.drainTimeout)
    await this.#close()
  }

  async #reload(config: Config): Promise<ReloadResult> {
    const problems = await this.#take(config)
    if (problems.length > 0) {
      this.#reloads.failed++
      return { ok: false, problems }
    }
    this.#config = config
    this.#loadedAtMs = Date.now()
    this.#reloads.ok++
    return { ok: true }
  }

  async #take(config: Config): Promise<readonly Problem[]> {
    if (this.#state !== 'serving') return [gatewayProblem(config, '', `the gateway is ${this.#state}`)]
    const fixed = fixedProblem(config, this.#config)
    if (fixed) return [fixed]
    const opened = this.#logFiles.open(config)
    if (!opened.ok) return [opened.problem]
    const previous = this.#config
    const early = (await this.#moveAdmin(config)) ?? (await this.#takeAccounts(config))
    const problems = early ? [early] : await this.#applyToFleet(config)
    if (problems.length > 0) {
      await Promise.all([this.#logFiles.drop(opened.files), this.#moveAdmin(previous), this.#takeAccounts(previous)])
      return problems
    }
    const closed = this.#logFiles.use(opened.files)
    this.#recorder.use(this.#logFiles.events, config.events.retentionMs)
    await closed
    return []
  }

  async #applyToFleet(config: Config): Promise<readonly Problem[]> {
    const read = this.#certificates.read(config)
    if (!read.ok) return read.problems
    const problems = await this.#fleet.apply(config, this.#certificates.settings(config, read))
    if (problems.length === 0) this.#certificates.use(config, read)
    return problems
  }

  async #takeAccounts(config: Config): Promise<Problem | undefined> {
    try {
      await this.#useAccounts(config)
      return undefined
    } catch (error) {
      return gatewayProblem(config, 'accounts', messageOf(error))
    }
  }

  /** Before the workers send anybody there. @throws Error when it can't listen */
  #useAccounts({ accounts: { oauth, issuers }, store }: Config): Promise<void> {
    return this.#accounts.use(oauth, issuers, accountsSocketPath(store.state))
  }

  /** Makes the admin listener be where the config wants it; the old one goes only when the new one is there. */
  async #moveAdmin({ admin: { listen }, file }: Config): Promise<Problem | undefined> {
    const current = this.#adminAddress
    if (current && listen?.host === current.wanted.host && listen.port === current.wanted.port) return undefined
    try {
      this.#adminAddress = listen && { wanted: listen, server: await openAdminAddress(listen, this) }
    } catch (error) {
      return gatewayProblem({ file }, 'admin.listen', messageOf(error))
    }
    await current?.server.close()
    return undefined
  }

  #lookAtAcceptQueue(): void {
    const count = this.#acceptQueue.look()
    if (count === 0) return
    const detail = `${count} connections were dropped by the kernel, for a queue of connections to be accepted was full`
    this.#report('connection.accept-queue', detail)
  }

  /** An event that no request caused. */
  #report(code: `${string}.${string}`, detail: string): void {
    this.#recorder.add([systemEvent(code, detail, this.#nextReference(), Date.now())], () => {})
  }

  async #close(): Promise<void> {
    clearInterval(this.#acceptTimer)
    this.#certificates.close()
    this.#recorder.close()
    this.#journal.close()
    await this.#adminAddress?.server.close()
    await this.#socket?.close()
    await this.#openAccounts?.close()
    await this.#quotaKeeper?.close()
    await this.#useKeeper?.close()
    await this.#learner?.close()
    await this.#logFiles.close()
  }
}

function addServers(servers: readonly ServerStatus[]): ServerStatus[] {
  const sums = new Map<string, ServerStatus>()
  for (const server of servers) {
    const key = `${server.upstream} ${server.url}`
    const sum = sums.get(key) ?? { ...server, healthy: true, active: 0 }
    sums.set(key, { ...sum, healthy: sum.healthy && server.healthy, active: sum.active + server.active })
  }
  return [...sums.values()]
}

/** The routes of a service of our own are one to the operator. */
function listRoutes(routes: Config['routes']): GatewayStatus['routes'] {
  const listed = new Map(routes.map(({ name, mode, to }) => [`${name} ${to}`, { name, mode, to }]))
  return [...listed.values()]
}

/** How often it is looked whether the kernel has dropped connections. */
const acceptLookMs = 10_000

const packageVersion = String(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
