// What a guard can say. A verdict is a value: the runner (run.ts) decides whether it is enforced, and one place
// (serve.ts) writes it to the client.

import type { LimitName } from './limits.ts'

export type Verdict =
  | { readonly kind: 'flag'; readonly points: number; readonly reason: Reason }
  | {
      readonly kind: 'deny'
      readonly status: number
      readonly reason: Reason
      readonly retryAfterMs?: number
      /** How long the answer is kept back, when it is enforced: for who guesses. Of guards that look at headers. */
      readonly delayMs?: number
      /** `type` of the problem that the client is told (RFC 9457 §3.1.1); about:blank when absent. */
      readonly problemType?: string
      /** Flat; what the client must be told with this status, as WWW-Authenticate. */
      readonly headers?: readonly string[]
    }
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: readonly string[]
      readonly body: Uint8Array
      readonly reason: Reason
    }

/** Why, for the operator. Nothing of it is told to the client. */
export interface Reason {
  /** Stable: `guard.case`, as `waf.rule`, `rate.limited`. */
  readonly code: `${string}.${string}`
  readonly detail: string
  readonly evidence?: readonly Evidence[]
  /** Somebody has to be told: this is no attempt, something has happened already. */
  readonly isIncident?: true
  /** Name of the limit that was passed, for metrics. */
  readonly limit?: LimitName
}

/** One proof of a reason: what matched, where, and what it weighs. Values are masked before they are stored. */
export interface Evidence {
  /** Rule id, list entry, limit name. */
  readonly rule: string
  readonly message: string
  /** As SecLang names it: `ARGS:q`, `REQUEST_HEADERS:User-Agent`. */
  readonly where: string
  /** The decoded value that was judged. */
  readonly match: string
  /** Start and end of what matched inside `match`. */
  readonly span?: readonly [number, number]
  readonly points: number
}

/** What a guard found, with whether it counted. */
export interface Finding {
  readonly guard: string
  readonly phase: PhaseName | 'onMessage'
  /** `protect`: it was enforced. `monitor`: it would have been. */
  readonly mode: 'protect' | 'monitor'
  readonly verdict: Verdict
}

export type PhaseName = 'onHeaders' | 'onBody' | 'onResponseHeaders' | 'onResponseBody'
export type Mode = 'protect' | 'monitor' | 'off'
