// The one interface that every guard implements. A guard gives a verdict or says nothing (undefined). It never writes
// to the socket, never calls another guard, takes clock and store only from `tools`, and never knows whether its
// verdict is enforced: mode, fail-closed, timing and findings are the runner's business (run.ts).

import type { z } from 'zod'
import type { Problem } from '../lib/problem.ts'
import type { Counters, Quotas } from '../store/store.ts'
import type { Exchange } from './exchange.ts'
import type { Identity } from './identity.ts'
import type { LearnedFields, RichTextReports } from './learned.ts'
import type { Limits } from './limits.ts'
import type { PolicyUse } from './policy-use.ts'
import type { Match } from './router.ts'
import type { Verdict } from './verdict.ts'

export type Outcome = Verdict | undefined | Promise<Verdict | undefined>

export interface Guard {
  /** Request line and headers are known, the body is unread. */
  onHeaders?(ex: Exchange): Outcome
  /** The body is read up to its limit (`ex.body`). Having this method is what makes us wait for it. Also without a body. */
  onBody?(ex: Exchange): Outcome
  /**
   * A WebSocket message is read (`ex.body`): an exchange of its own, with the head of the handshake. At once, for the
   * connection waits.
   */
  onMessage?(ex: Exchange): Verdict | undefined
  onResponseHeaders?(ex: Exchange): Outcome
  /** The start of a text response is read (`ex.responseBody`). Having this method is what makes us hold it back. */
  onResponseBody?(ex: Exchange): Outcome
  /** Changes text responses on their way. Having this method is what makes us ask for the whole response, uncompressed. */
  filterResponse?(ex: Exchange): ResponseFilter | undefined
  /** Exactly once, whatever happened: deny, failure, abort. */
  onDone?(ex: Exchange): void
  /** Whether what it was made from, besides its options, has changed (files): a reload then makes a new one. */
  isStale?(): boolean
  close?(): void
}

/** Of one response. What it gives out is as long as what it was given, in the end. */
export interface ResponseFilter {
  /** What may be sent now. What it keeps back it bounds itself. */
  push(chunk: Uint8Array): Uint8Array
  /** What it has kept back. */
  end(): Uint8Array
  /** What it has to tell; asked once, when the response is over or broke off. */
  found(): Extract<Verdict, { kind: 'flag' }> | undefined
}

export interface GuardDefinition<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  /** Folder, config key, metric label, event field. */
  readonly name: Name
  /** One line for docs, console and `explain`. */
  readonly summary: string
  /** Its section of the config file, without `mode`, which every guard has. */
  readonly options: Schema
  /** Options that show it at work, for docs; of guards that need some. */
  readonly example?: z.input<Schema>
  /** Not on the routes to services of our own, which check what they are sent themselves. */
  readonly skipsOwnServices?: true
  /** It looks at the routes (`tools.route`, `tools.routes`): each route gets a guard of its own. */
  readonly perRoute?: true
  /** When it throws: deny, unless availability matters more than what it guards. */
  readonly onError: 'deny' | 'pass'
  /** Called at load time, once for each distinct set of options. */
  create(options: z.output<Schema>, tools: GuardTools): CreateGuardResult
}

export type CreateGuardResult =
  | { readonly ok: true; readonly guard: Guard; readonly warnings?: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** What a guard may know of a route. */
export interface RouteInfo {
  readonly name: string
  readonly match: Match
  /** Absolute path of the OpenAPI document that describes what is behind it. */
  readonly openapi: string | undefined
}

export interface GuardTools {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly counters: Counters
  /** Counts of long periods. Absent in tools that judge files. */
  readonly quotas?: Quotas
  readonly limits: Limits
  /** Folder that relative paths in the config are seen from. */
  readonly configDir: string
  /** Folder of rule sets installed by `merlon rules install`. */
  readonly stateDir: string
  /** Who may call. Absent where there are no accounts: in tools that judge files. */
  readonly identity?: Identity
  /** The route that the guard is for, and all that have it; of guards that say `perRoute`. */
  readonly route?: RouteInfo
  readonly routes?: readonly RouteInfo[]
  /** The issuer of our own authorization server. */
  readonly ownIssuer?: string
  /** Tells that policies have permitted something, for `merlon authz unused`. */
  readonly recordUse?: (use: PolicyUse) => void
  /** Fields that traffic has shown to hold rich text, and who is told of more of them. Absent where nothing is learned. */
  readonly learned?: LearnedFields
  readonly richTextReports?: RichTextReports
  /** Appends a line to a log file that the guard's options name. Absent where nothing is logged. */
  readonly writeLine?: (file: string, line: string) => void
}
