// What the main thread and its workers say to each other. A configuration is taken in two steps, so that all workers
// take it or none: every worker prepares it (compiles rules, opens upstreams), then all are told to commit or abort.

import type { IdentityState, IdentityUpdate } from './accounts/update.ts'
import type { ServerStatus } from './admin/runtime.ts'
import type { Address, Config } from './config/config.ts'
import type { LogLine } from './events/line-outbox.ts'
import type { MetricsSnapshot } from './events/metrics.ts'
import type { Sightings } from './learn/sighting-outbox.ts'
import type { Problem } from './lib/problem.ts'
import type { ListenerSettings } from './listen/settings.ts'
import type { LearnedField } from './pipeline/learned.ts'
import type { StoredEvent } from './store/store.ts'
import type { KeptUse } from './store/use-keeper.ts'

export interface WorkerData {
  readonly counters: SharedArrayBuffer
  /** Counts of quotas. */
  readonly quotas: SharedArrayBuffer
  /** Proofs that were seen. */
  readonly marks: SharedArrayBuffer
  /** Who may call, when the worker starts; updates follow. */
  readonly identity: IdentityState | undefined
  /** Fields that are known to hold rich text, when the worker starts; updates follow. */
  readonly learned: readonly LearnedField[]
  /** Several workers share each port. */
  readonly reusePort: boolean
}

/** An address of the config, and the port that was found for it if the config leaves the port open. */
export interface Listening {
  /** Where it stands in `listen:`, as `host:port#n`; stays the same over reloads. */
  readonly key: string
  readonly address: Address
  /** `listen.0`, for problems. */
  readonly path: string
}

/** What a worker makes of one listener. */
export interface ListenerPlan {
  /** Without `redirectPort`, which is known when all listen. */
  readonly settings: ListenerSettings
  /** Key of the listener that plain requests are sent to. */
  readonly redirectTo: string | undefined
}

/** By key of the listener. */
export type Plan = Readonly<Record<string, ListenerPlan>>

export type ToWorker =
  | { readonly type: 'prepare'; readonly version: number; readonly config: Config; readonly plan: Plan }
  | { readonly type: 'plan'; readonly version: number; readonly plan: Plan }
  | { readonly type: 'open'; readonly version: number; readonly listen: readonly Listening[] }
  | { readonly type: 'commit'; readonly version: number; readonly keep: readonly string[] }
  | { readonly type: 'abort'; readonly version: number; readonly keep: readonly string[] }
  | { readonly type: 'metrics'; readonly id: number }
  | { readonly type: 'stored'; readonly count: number }
  | { readonly type: 'linesTaken'; readonly bytes: number }
  | { readonly type: 'identity'; readonly update: IdentityUpdate }
  | { readonly type: 'learned'; readonly fields: readonly LearnedField[] }
  | { readonly type: 'drain'; readonly drainMs: number }

export type FromWorker =
  | { readonly type: 'online' }
  | {
      readonly type: 'prepared'
      readonly version: number
      readonly problems: readonly Problem[]
      readonly warnings: readonly Problem[]
    }
  | {
      readonly type: 'opened'
      readonly version: number
      readonly listening: readonly Listening[]
      readonly problems: readonly Problem[]
    }
  | { readonly type: 'planned'; readonly version: number }
  | { readonly type: 'committed'; readonly version: number }
  | { readonly type: 'aborted'; readonly version: number }
  | {
      readonly type: 'metrics'
      readonly id: number
      readonly snapshot: MetricsSnapshot
      readonly servers: readonly ServerStatus[]
    }
  | { readonly type: 'events'; readonly events: readonly StoredEvent[] }
  | { readonly type: 'lines'; readonly lines: readonly LogLine[]; readonly bytes: number }
  | { readonly type: 'policiesUsed'; readonly uses: readonly KeptUse[] }
  | { readonly type: 'richTextSeen'; readonly sightings: Sightings }
  | { readonly type: 'keysUsed'; readonly used: readonly (readonly [id: string, atMs: number])[] }
  | { readonly type: 'wantKeys'; readonly issuer: string }
  /** Nothing is accepted any more; what is under way goes on. */
  | { readonly type: 'draining' }
  | { readonly type: 'drained'; readonly snapshot: MetricsSnapshot; readonly servers: readonly ServerStatus[] }
