// All workers together: starts them, gives them a configuration all or none, replaces those that die. What changes the
// fleet runs one after another, so a replacement never meets half a reload.

import type { IdentityState, IdentityUpdate } from './accounts/update.ts'
import type { ServerStatus } from './admin/runtime.ts'
import type { Config } from './config/config.ts'
import type { LogLine } from './events/line-outbox.ts'
import { addSnapshot, countersOnly, type MetricsSnapshot } from './events/metrics.ts'
import type { Sightings } from './learn/sighting-outbox.ts'
import { formatProblem, type Problem } from './lib/problem.ts'
import type { ListenerSettings } from './listen/settings.ts'
import { findTaken, listensOf, planOf } from './listening.ts'
import type { Listening, Plan } from './messages.ts'
import type { LearnedField } from './pipeline/learned.ts'
import type { StoredEvent } from './store/store.ts'
import type { KeptUse } from './store/use-keeper.ts'
import { WorkerHandle } from './worker-handle.ts'

export interface FleetOptions {
  readonly counters: SharedArrayBuffer
  /** Known when the first worker starts. */
  readonly quotas: () => SharedArrayBuffer
  readonly marks: SharedArrayBuffer
  readonly onEvents: (worker: WorkerHandle, events: readonly StoredEvent[]) => void
  readonly onLines?: (lines: readonly LogLine[]) => void
  /** Who may call, as a worker that starts now must know it. */
  readonly identity?: () => IdentityState
  readonly onPoliciesUsed?: (uses: readonly KeptUse[]) => void
  /** What is learned, as a worker that starts now must know it. */
  readonly learned?: () => readonly LearnedField[]
  readonly onRichTextSeen?: (sightings: Sightings) => void
  readonly onKeysUsed?: (used: readonly (readonly [id: string, atMs: number])[]) => void
  readonly onWantKeys?: (issuer: string) => void
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void
}

const firstBackOffMs = 100
const lastBackOffMs = 10_000
/** A worker that has lived this long ends a row of failures. */
const stableMs = 30_000
/** How often workers are asked for their counts, which also shows that they are not stuck. */
const lookEveryMs = 5_000

/** Platforms where the kernel deals connections out among sockets on one port; elsewhere there is one worker. */
const canSharePorts = new Set<NodeJS.Platform>(['linux', 'freebsd', 'aix', 'sunos']).has(process.platform)

export class Fleet {
  readonly #options: FleetOptions
  readonly #workers = new Set<WorkerHandle>()
  /** Addresses in use, with the ports that were found for open ones. */
  #listening: readonly Listening[] = []
  #config: Config | undefined
  #plan: Plan = {}
  #version = 0
  #nextId = 1
  #failures = 0
  #stopping = false
  #queue: Promise<unknown> = Promise.resolve()
  readonly #retired: MetricsSnapshot = new Map()
  /** Workers that are no longer needed and let their requests end. */
  readonly #leaving = new Set<Promise<void>>()
  readonly #looking: NodeJS.Timeout
  restarts = 0

  constructor(options: FleetOptions) {
    this.#options = options
    this.#looking = setInterval(() => this.#look(), lookEveryMs)
    this.#looking.unref()
  }

  get workers(): readonly WorkerHandle[] {
    return [...this.#workers].filter(({ dead }) => !dead)
  }

  get listening(): readonly Listening[] {
    return this.#listening
  }

  /** Gives the configuration to all workers, or to none. Starts as many workers as it asks for. */
  apply(config: Config, settings: readonly ListenerSettings[]): Promise<readonly Problem[]> {
    return this.#inTurn(() => this.#apply(config, settings))
  }

  /** Gives the listeners other settings (certificates), unless another config has come in between. */
  replan(config: Config, settings: readonly ListenerSettings[]): Promise<void> {
    return this.#inTurn(async () => {
      if (config !== this.#config) return
      this.#plan = planOf(config, this.#listening, settings)
      const message = { type: 'plan', version: ++this.#version, plan: this.#plan } as const
      await Promise.allSettled(this.workers.map(worker => worker.plan(message)))
    })
  }

  /** Tells every worker, those that are still starting included, what has changed about who may call. */
  updateIdentity(update: IdentityUpdate): void {
    for (const worker of this.workers) worker.updateIdentity(update)
  }

  learn(fields: readonly LearnedField[]): void {
    for (const worker of this.workers) worker.learn(fields)
  }

  async drain(drainMs: number): Promise<void> {
    this.#stopping = true
    clearInterval(this.#looking)
    await this.#inTurn(() => Promise.allSettled(this.workers.map(worker => worker.drain(drainMs))))
    await Promise.all(this.#leaving)
  }

  /** Sums of what all workers have counted, those that have died included. */
  async measure(): Promise<{ snapshot: MetricsSnapshot; servers: readonly ServerStatus[] }> {
    const measured = await Promise.allSettled(this.workers.map(worker => worker.measure()))
    const snapshot: MetricsSnapshot = new Map(this.#retired)
    const servers: ServerStatus[] = []
    for (const result of measured) {
      if (result.status === 'rejected') continue
      addSnapshot(snapshot, result.value.snapshot)
      servers.push(...result.value.servers)
    }
    return { snapshot, servers }
  }

  async #apply(config: Config, settings: readonly ListenerSettings[]): Promise<readonly Problem[]> {
    const version = ++this.#version
    const listen = listensOf(config, this.#listening)
    const fresh = listen.filter(({ key }) => !this.#listening.some(known => known.key === key))
    const taken = await findTaken(fresh)
    if (taken.length > 0) return withFile(taken, config)
    const plan = planOf(config, listen, settings)
    if (!this.#config) return this.#start(config, version, listen, plan)

    const workers = this.workers
    if (workers.length === 0) return withFile([workerProblem('none is running')], config)
    const abort = async (problems: readonly Problem[]) => {
      const keep = this.#listening.map(({ key }) => key)
      await Promise.allSettled(workers.map(worker => worker.abort({ type: 'abort', version, keep })))
      return withFile(problems, config)
    }
    const prepare = (some: readonly WorkerHandle[]) =>
      Promise.allSettled(some.map(worker => worker.prepare({ type: 'prepare', version, config, plan })))
    // Compiling rules holds a worker up, so a config that is bad is found out by one of them.
    const first = await prepare(workers.slice(0, 1))
    const problems = problemsOf(first)
    if (problems.length > 0) return abort(problems)
    const more = problemsOf(await prepare(workers.slice(1)))
    if (more.length > 0) return abort(more)
    this.#warn(first)
    const opened = await this.#openFirst(workers, version, fresh)
    if (!opened.ok) return abort(opened.problems)
    this.#config = config
    this.#plan = plan
    this.#listening = listen.map(({ key, ...rest }) => {
      return opened.listening.find(found => found.key === key) ?? { key, ...rest }
    })
    const keep = this.#listening.map(({ key }) => key)
    await Promise.allSettled(workers.map(worker => worker.commit({ type: 'commit', version, keep })))
    await this.#resize(config)
    return []
  }

  async #start(config: Config, version: number, listen: readonly Listening[], plan: Plan): Promise<readonly Problem[]> {
    const workers = Array.from({ length: workersOf(config) }, () => this.#spawn())
    const end = async (problems: readonly Problem[]) => {
      this.#stopping = true
      await Promise.allSettled(workers.map(worker => worker.terminate()))
      return withFile(problems, config)
    }
    const prepared = await Promise.allSettled(workers.map(worker => prepareFresh(worker, config, version, plan)))
    const problems = problemsOf(prepared)
    if (problems.length > 0) return end(problems)
    this.#warn(prepared)
    const opened = await this.#openFirst(workers, version, listen)
    if (!opened.ok) return end(opened.problems)
    this.#config = config
    this.#plan = plan
    this.#listening = opened.listening
    return []
  }

  /** One worker finds the ports that the config leaves open, the others take the same. */
  async #openFirst(
    workers: readonly WorkerHandle[],
    version: number,
    listen: readonly Listening[],
  ): Promise<{ ok: true; listening: readonly Listening[] } | { ok: false; problems: readonly Problem[] }> {
    const [first, ...rest] = workers
    if (!first || listen.length === 0) return { ok: true, listening: [] }
    try {
      const { listening, problems } = await first.open({ type: 'open', version, listen })
      if (problems.length > 0) return { ok: false, problems }
      const others = await Promise.all(rest.map(worker => worker.open({ type: 'open', version, listen: listening })))
      const failed = others.find(answer => answer.problems.length > 0)
      return failed ? { ok: false, problems: failed.problems } : { ok: true, listening }
    } catch (error) {
      return { ok: false, problems: [workerProblem(error)] }
    }
  }

  /** Brings the number of workers to what the config asks for. */
  async #resize(config: Config): Promise<void> {
    const workers = this.workers
    const wanted = workersOf(config)
    for (const worker of workers.slice(wanted)) {
      this.#workers.delete(worker)
      // Its requests end in their own time, but no connection may reach it once the reload is said to be done.
      await new Promise<void>(resolve => this.#leave(worker, config.limits.drainTimeout, resolve))
    }
    for (let i = workers.length; i < wanted; i++) await this.#bringUp()
  }

  #leave(worker: WorkerHandle, drainMs: number, onDraining: () => void): void {
    const left = worker
      .drain(drainMs, onDraining)
      .catch(error => this.#options.log('warn', `worker ${worker.id} did not end by itself: ${messageOf(error)}`))
      .finally(() => this.#leaving.delete(left))
    this.#leaving.add(left)
  }

  /** Takes the counts of every worker, so that few are lost when one dies; a worker that is stuck is ended. */
  #look(): void {
    for (const worker of this.workers) {
      if (worker.asked) continue
      worker.measure().catch(error => {
        if (worker.dead || worker.mayBeSilent) return
        this.#options.log('error', `worker ${worker.id} is stuck: ${messageOf(error)}`)
        void worker.terminate()
      })
    }
  }

  #warn(prepared: readonly PromiseSettledResult<{ warnings: readonly Problem[] }>[]): void {
    const [first] = prepared
    if (first?.status !== 'fulfilled') return
    for (const warning of first.value.warnings) this.#options.log('warn', formatProblem(warning))
  }

  #spawn(): WorkerHandle {
    const identity = this.#options.identity?.()
    const { counters, marks, quotas } = this.#options
    const learned = this.#options.learned?.() ?? []
    const data = { counters, quotas: quotas(), marks, identity, learned, reusePort: canSharePorts }
    const worker = new WorkerHandle(this.#nextId++, data, {
      onEvents: this.#options.onEvents,
      onLines: lines => this.#options.onLines?.(lines),
      onPoliciesUsed: uses => this.#options.onPoliciesUsed?.(uses),
      onRichTextSeen: sightings => this.#options.onRichTextSeen?.(sightings),
      onKeysUsed: used => this.#options.onKeysUsed?.(used),
      onWantKeys: issuer => this.#options.onWantKeys?.(issuer),
      onExit: (gone, error) => this.#exited(gone, error),
    })
    this.#workers.add(worker)
    return worker
  }

  #exited(worker: WorkerHandle, error: Error): void {
    addSnapshot(this.#retired, countersOnly(worker.lastCounters))
    if (!this.#workers.delete(worker) || this.#stopping || !this.#config) return
    this.restarts++
    this.#options.log('error', `worker ${worker.id} died and is replaced: ${error.message}`)
    if (Date.now() - worker.startedAtMs > stableMs) this.#failures = 0
    this.#replaceLater()
  }

  #replaceLater(): void {
    const waitMs = this.#failures === 0 ? 0 : Math.min(lastBackOffMs, firstBackOffMs * 2 ** (this.#failures - 1))
    this.#failures = Math.min(this.#failures + 1, 16)
    setTimeout(() => {
      this.#inTurn(async () => {
        const config = this.#config
        if (!this.#stopping && config && this.workers.length < workersOf(config)) await this.#bringUp()
      })
    }, waitMs)
  }

  /** Adds a worker that serves what the others serve. When it fails, its end brings the next attempt. */
  async #bringUp(): Promise<void> {
    const config = this.#config
    if (!config) return
    const worker = this.#spawn()
    try {
      const version = ++this.#version
      const { problems } = await prepareFresh(worker, config, version, this.#plan)
      if (problems[0]) throw new Error(problems[0].message)
      const opened = await worker.open({ type: 'open', version, listen: this.#listening })
      if (opened.problems[0]) throw new Error(opened.problems[0].message)
    } catch (error) {
      this.#options.log('error', `worker ${worker.id} did not start: ${messageOf(error)}`)
      await worker.terminate()
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }
}

async function prepareFresh(worker: WorkerHandle, config: Config, version: number, plan: Plan) {
  await worker.online()
  const prepared = await worker.prepare({ type: 'prepare', version, config, plan })
  if (prepared.problems.length === 0) await worker.commit({ type: 'commit', version, keep: [] })
  return prepared
}

function workersOf(config: Config): number {
  return canSharePorts ? config.workers : 1
}

function problemsOf(results: readonly PromiseSettledResult<{ problems: readonly Problem[] }>[]): readonly Problem[] {
  for (const result of results) {
    if (result.status === 'rejected') return [workerProblem(result.reason)]
    if (result.value.problems.length > 0) return result.value.problems
  }
  return []
}

function workerProblem(error: unknown): Problem {
  const message = `a worker failed: ${messageOf(error)}`
  return { code: 'worker.failed', severity: 'error', file: '', line: 0, column: 0, message }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function withFile(problems: readonly Problem[], config: Config): readonly Problem[] {
  return problems.map(problem => (problem.file === '' ? { ...problem, file: config.file } : problem))
}
