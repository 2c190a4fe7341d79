// What the admin side may see and do of the running gateway. gateway.ts implements it.

import type { AccountOperation } from '../accounts/operations.ts'
import type { Problem } from '../lib/problem.ts'
import type { EventFilter, StoredEvent } from '../store/store.ts'

export interface Runtime {
  readonly ready: boolean
  status(): Promise<GatewayStatus>
  /** The metrics in the Prometheus text format. */
  metrics(): Promise<string>
  /** Reads the configuration again and takes it, or says why not. */
  reloadFile(): Promise<ReloadResult>
  events(filter: EventFilter): readonly StoredEvent[]
  /** @throws AccountFailure when it can't be done, or was asked for wrongly */
  accounts(operation: AccountOperation, input: unknown): Promise<unknown>
}

export type ReloadResult = { readonly ok: true } | { readonly ok: false; readonly problems: readonly Problem[] }

export interface GatewayStatus {
  readonly version: string
  readonly pid: number
  readonly state: 'starting' | 'serving' | 'draining'
  readonly startedAt: string
  readonly config: { readonly file: string; readonly mode: string; readonly loadedAt: string; readonly reloads: number }
  readonly listening: readonly string[]
  readonly admin: string | undefined
  readonly workers: { readonly alive: number; readonly wanted: number; readonly restarts: number }
  readonly routes: readonly { readonly name: string; readonly mode: string; readonly to: string }[]
  /** Of all workers: healthy when all of them say so, `active` added up. */
  readonly upstreams: readonly ServerStatus[]
  readonly events: { readonly stored: number; readonly dropped: number }
}

/** A server of an upstream, as one worker or all of them see it. */
export interface ServerStatus {
  readonly upstream: string
  readonly url: string
  readonly healthy: boolean
  /** Requests under way. */
  readonly active: number
}
