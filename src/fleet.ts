// All workers together: starts them, gives them a configuration all or none, replaces those that die. What changes the
// fleet runs one after another, so a replacement never meets half a reload.

import { createServer } from 'node:net'
import type { ServerStatus } from './admin/runtime.ts'
import type { Address, Config } from './config/config.ts'
import { addSnapshot, countersOnly, type MetricsSnapshot } from './events/metrics.ts'
import type { Problem } from './lib/problem.ts'
import type { Listening } from './messages.ts'
import type { StoredEvent } from './store/store.ts'
import { WorkerHandle } from './worker-handle.ts'

export interface FleetOptions {
  readonly counters: SharedArrayBuffer
  readonly onEvents: (worker: WorkerHandle, events: readonly StoredEvent[]) => void
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void
}

const firstBackOffMs = 100
const lastBackOffMs = 10_000
/** A worker that has lived this long ends a row of failures. */
const stableMs = 30_000

/** Platforms where the kernel deals connections out among sockets on one port; elsewhere there is one worker. */
const canSharePorts = new Set<NodeJS.Platform>(['linux', 'freebsd', 'aix', 'sunos']).has(process.platform)

export class Fleet {
  readonly #options: FleetOptions
  readonly #workers = new Set<WorkerHandle>()
  /** Addresses in use, with the ports that were found for open ones. */
  #listening: readonly Listening[] = []
  #config: Config | undefined
  #version = 0
  #nextId = 1
  #failures = 0
  #stopping = false
  #queue: Promise<unknown> = Promise.resolve()
  readonly #retired: MetricsSnapshot = new Map()
  restarts = 0

  constructor(options: FleetOptions) {
    this.#options = options
  }

  get workers(): readonly WorkerHandle[] {
    return [...this.#workers].filter(({ dead }) => !dead)
  }

  get listening(): readonly Listening[] {
    return this.#listening
  }

  /** Gives the configuration to all workers, or to none. Starts as many workers as it asks for. */
  apply(config: Config): Promise<readonly Problem[]> {
    return this.#inTurn(() => this.#apply(config))
  }

  async drain(drainMs: number): Promise<void> {
    this.#stopping = true
    await this.#inTurn(() => Promise.allSettled(this.workers.map(worker => worker.drain(drainMs))))
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

  async #apply(config: Config): Promise<readonly Problem[]> {
    const version = ++this.#version
    const listen = listensOf(config, this.#listening)
    const fresh = listen.filter(({ key }) => !this.#listening.some(known => known.key === key))
    const taken = await findTaken(fresh)
    if (taken.length > 0) return withFile(taken, config)
    if (!this.#config) return this.#start(config, version, listen)

    const workers = this.workers
    const abort = async (problems: readonly Problem[]) => {
      const keep = this.#listening.map(({ key }) => key)
      await Promise.allSettled(workers.map(worker => worker.abort({ type: 'abort', version, keep })))
      return withFile(problems, config)
    }
    const prepared = await Promise.allSettled(
      workers.map(worker => worker.prepare({ type: 'prepare', version, config })),
    )
    const problems = firstProblems(prepared)
    if (problems.length > 0) return abort(problems)
    const opened = await this.#openFirst(workers, version, fresh)
    if (!opened.ok) return abort(opened.problems)
    this.#config = config
    this.#listening = listen.map(({ key, ...rest }) => {
      return opened.listening.find(found => found.key === key) ?? { key, ...rest }
    })
    const keep = this.#listening.map(({ key }) => key)
    await Promise.allSettled(workers.map(worker => worker.commit({ type: 'commit', version, keep })))
    await this.#resize(config)
    return []
  }

  async #start(config: Config, version: number, listen: readonly Listening[]): Promise<readonly Problem[]> {
    const workers = Array.from({ length: workersOf(config) }, () => this.#spawn(config))
    const end = async (problems: readonly Problem[]) => {
      this.#stopping = true
      await Promise.allSettled(workers.map(worker => worker.terminate()))
      return withFile(problems, config)
    }
    const prepared = await Promise.allSettled(workers.map(worker => prepareFresh(worker, config, version)))
    const problems = firstProblems(prepared)
    if (problems.length > 0) return end(problems)
    const opened = await this.#openFirst(workers, version, listen)
    if (!opened.ok) return end(opened.problems)
    this.#config = config
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
      await new Promise<void>(resolve => {
        worker.drain(config.limits.drainTimeout, resolve).catch(error => {
          this.#options.log('warn', `worker ${worker.id} did not end by itself: ${error.message}`)
        })
      })
    }
    for (let i = workers.length; i < wanted; i++) await this.#bringUp()
  }

  #spawn(config: Config): WorkerHandle {
    const data = {
      counters: this.#options.counters,
      reusePort: canSharePorts,
      eventQueue: Math.ceil(config.limits.eventQueue / workersOf(config)),
    }
    const worker = new WorkerHandle(this.#nextId++, data, {
      onEvents: this.#options.onEvents,
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
    const worker = this.#spawn(config)
    try {
      const version = ++this.#version
      const { problems } = await prepareFresh(worker, config, version)
      if (problems[0]) throw new Error(problems[0].message)
      const opened = await worker.open({ type: 'open', version, listen: this.#listening })
      if (opened.problems[0]) throw new Error(opened.problems[0].message)
    } catch (error) {
      this.#options.log('error', `worker ${worker.id} did not start: ${error instanceof Error ? error.message : error}`)
      await worker.terminate()
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }
}

async function prepareFresh(worker: WorkerHandle, config: Config, version: number) {
  await worker.online()
  const prepared = await worker.prepare({ type: 'prepare', version, config })
  if (prepared.problems.length === 0) await worker.commit({ type: 'commit', version, keep: [] })
  return prepared
}

function workersOf(config: Config): number {
  return canSharePorts ? config.workers : 1
}

/** Two listeners on `127.0.0.1:0` are two keys; a port found for a key stays its port. */
function listensOf(config: Config, known: readonly Listening[]): Listening[] {
  const seen = new Map<string, number>()
  return config.listen.map(({ host, port }, i) => {
    const name = `${host}:${port}`
    const nth = seen.get(name) ?? 0
    seen.set(name, nth + 1)
    const key = `${name}#${nth}`
    const address = known.find(listening => listening.key === key)?.address ?? { host, port }
    return { key, address, path: `listen.${i}` }
  })
}

/**
 * Ports that another program holds. Workers share their port with whoever shares it too, so a second gateway on the same
 * port would start and take half of the connections: an exclusive attempt finds it.
 */
async function findTaken(listen: readonly Listening[]): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const { address, path } of listen) {
    if (address.port === 0 || !(await isTaken(address))) continue
    const message = 'another program listens on this address already'
    problems.push({ code: 'listen.failed', severity: 'error', file: '', line: 0, column: 0, path, message })
  }
  return problems
}

function isTaken({ host, port }: Address): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(false)))
  })
}

function firstProblems(results: readonly PromiseSettledResult<{ problems: readonly Problem[] }>[]): readonly Problem[] {
  for (const result of results) {
    if (result.status === 'rejected') return [workerProblem(result.reason)]
    if (result.value.problems.length > 0) return result.value.problems
  }
  return []
}

function workerProblem(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'worker.failed',
    severity: 'error',
    file: '',
    line: 0,
    column: 0,
    message: `a worker failed: ${message}`,
  }
}

function withFile(problems: readonly Problem[], config: Config): readonly Problem[] {
  return problems.map(problem => (problem.file === '' ? { ...problem, file: config.file } : problem))
}
