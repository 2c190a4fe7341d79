// The main thread's side of one worker: asks and waits for the answer, and knows when it has died.

import { Worker } from 'node:worker_threads'
import type { IdentityUpdate } from './accounts/update.ts'
import type { ServerStatus } from './admin/runtime.ts'
import type { LogLine } from './events/line-outbox.ts'
import type { MetricsSnapshot } from './events/metrics.ts'
import { countersOnly } from './events/metrics.ts'
import type { Sightings } from './learn/sighting-outbox.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import type { LearnedField } from './pipeline/learned.ts'
import type { StoredEvent } from './store/store.ts'
import type { KeptUse } from './store/use-keeper.ts'

/** Compiling the largest rule sets takes a second; a worker that takes longer than this is stuck. */
const answerTimeoutMs = 60_000

/** A worker that doesn't even say its counts for so long serves nobody, unless it compiles rules. */
const stuckMs = 15_000

export interface WorkerEvents {
  onEvents(worker: WorkerHandle, events: readonly StoredEvent[]): void
  onLines(lines: readonly LogLine[]): void
  onPoliciesUsed(uses: readonly KeptUse[]): void
  onRichTextSeen(sightings: Sightings): void
  onKeysUsed(used: readonly (readonly [id: string, atMs: number])[]): void
  onWantKeys(issuer: string): void
  onExit(worker: WorkerHandle, error: Error): void
}

export interface Measured {
  readonly snapshot: MetricsSnapshot
  readonly servers: readonly ServerStatus[]
}

interface Waiting {
  readonly resolve: (answer: FromWorker) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

export class WorkerHandle {
  readonly id: number
  readonly startedAtMs = Date.now()
  dead = false
  /** A measurement is under way. */
  asked = false
  #compiledMs = performance.now()
  /** What it counted when it was last asked: goes on counting when it has died. */
  lastCounters: MetricsSnapshot = new Map()
  readonly #worker: Worker
  readonly #events: WorkerEvents
  readonly #waiting = new Map<string, Waiting>()
  #error: Error | undefined
  #asked = 0

  constructor(id: number, data: WorkerData, events: WorkerEvents) {
    this.id = id
    this.#events = events
    this.#worker = new Worker(workerScript, { workerData: data, name: `merlon-worker-${id}` })
    this.#worker.on('message', (message: FromWorker) => this.#received(message))
    this.#worker.on('error', error => {
      this.#error = error instanceof Error ? error : new Error(String(error))
    })
    this.#worker.on('exit', code => this.#exited(this.#error ?? new Error(`worker ${id} ended with code ${code}`)))
  }

  /** Whether not to answer is no sign of being stuck: it starts, or has been compiling rules just now. */
  get mayBeSilent(): boolean {
    return performance.now() - this.#compiledMs < 2 * stuckMs
  }

  /** On a machine that has other work to do even this may take longer than a worker that runs may be silent. */
  async online(): Promise<FromWorker> {
    this.#compiledMs = Number.POSITIVE_INFINITY
    try {
      return await this.#expect('online')
    } finally {
      this.#compiledMs = performance.now()
    }
  }

  async prepare(message: Extract<ToWorker, { type: 'prepare' }>) {
    this.#compiledMs = Number.POSITIVE_INFINITY
    try {
      return (await this.#ask(message, `prepared ${message.version}`)) as Extract<FromWorker, { type: 'prepared' }>
    } finally {
      this.#compiledMs = performance.now()
    }
  }

  async open(message: Extract<ToWorker, { type: 'open' }>) {
    return (await this.#ask(message, `opened ${message.version}`)) as Extract<FromWorker, { type: 'opened' }>
  }

  /** Gives listeners other settings between two reloads. */
  async plan(message: Extract<ToWorker, { type: 'plan' }>): Promise<void> {
    await this.#ask(message, `planned ${message.version}`)
  }

  async commit(message: Extract<ToWorker, { type: 'commit' }>): Promise<void> {
    await this.#ask(message, `committed ${message.version}`)
  }

  async abort(message: Extract<ToWorker, { type: 'abort' }>): Promise<void> {
    await this.#ask(message, `aborted ${message.version}`)
  }

  /** @throws Error when the worker has died, or is stuck */
  async measure(): Promise<Measured> {
    const id = ++this.#asked
    this.asked = true
    try {
      const answer = await this.#ask({ type: 'metrics', id }, `metrics ${id}`, stuckMs)
      const { snapshot, servers } = answer as Extract<FromWorker, { type: 'metrics' }>
      this.lastCounters = countersOnly(snapshot)
      return { snapshot, servers }
    } finally {
      this.asked = false
    }
  }

  updateIdentity(update: IdentityUpdate): void {
    this.#post({ type: 'identity', update })
  }

  learn(fields: readonly LearnedField[]): void {
    this.#post({ type: 'learned', fields })
  }

  stored(count: number): void {
    this.#post({ type: 'stored', count })
  }

  /** Lets running requests end, then ends the worker. `onDraining` is called when it accepts nothing any more. */
  async drain(drainMs: number, onDraining: () => void = () => {}): Promise<void> {
    void this.#expect('draining').then(onDraining, onDraining)
    try {
      const answer = await this.#ask({ type: 'drain', drainMs }, 'drained', drainMs + 10_000)
      this.lastCounters = countersOnly((answer as Extract<FromWorker, { type: 'drained' }>).snapshot)
    } finally {
      await this.terminate()
    }
  }

  #tookLines({ lines, bytes }: Extract<FromWorker, { type: 'lines' }>): void {
    this.#events.onLines(lines)
    this.#post({ type: 'linesTaken', bytes })
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #ask(message: ToWorker, answer: string, timeoutMs = answerTimeoutMs): Promise<FromWorker> {
    const answered = this.#expect(answer, timeoutMs)
    this.#post(message)
    return answered
  }

  #post(message: ToWorker): void {
    if (!this.dead) this.#worker.postMessage(message)
  }

  #expect(answer: string, timeoutMs = answerTimeoutMs): Promise<FromWorker> {
    if (this.dead) return Promise.reject(new Error(`worker ${this.id} is gone`))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(answer)
        reject(new Error(`worker ${this.id} did not answer in ${timeoutMs} ms (${answer})`))
      }, timeoutMs)
      this.#waiting.set(answer, { resolve, reject, timer })
    })
  }

  #received(message: FromWorker): void {
    if (message.type === 'events') return this.#events.onEvents(this, message.events)
    if (message.type === 'lines') return this.#tookLines(message)
    if (message.type === 'policiesUsed') return this.#events.onPoliciesUsed(message.uses)
    if (message.type === 'richTextSeen') return this.#events.onRichTextSeen(message.sightings)
    if (message.type === 'keysUsed') return this.#events.onKeysUsed(message.used)
    if (message.type === 'wantKeys') return this.#events.onWantKeys(message.issuer)
    const key = 'version' in message ? `${message.type} ${message.version}` : keyOf(message)
    const waiting = this.#waiting.get(key)
    if (!waiting) return
    this.#waiting.delete(key)
    clearTimeout(waiting.timer)
    waiting.resolve(message)
  }

  #exited(error: Error): void {
    this.dead = true
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#waiting.clear()
    this.#events.onExit(this, error)
  }
}

function keyOf(message: FromWorker): string {
  return message.type === 'metrics' ? `metrics ${message.id}` : message.type
}

/** TypeScript in the repository, JavaScript in the published package. */
const workerScript = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
