// A route, ready to run: its guards as flat lists of steps, one list a phase, and where the request goes.
// build.ts makes routes from the config at load time; nothing here is decided at request time.

import type { Duplex } from 'node:stream'
import type { BodyPolicy } from './body.ts'
import type { Exchange } from './exchange.ts'
import type { Guard } from './guard.ts'
import type { HeaderRules } from './header-rules.ts'
import type { Limits } from './limits.ts'
import type { PathForm } from './path-form.ts'
import type { Contract } from './placements.ts'
import type { PhaseName } from './verdict.ts'

export interface Route {
  readonly name: string
  readonly mode: 'protect' | 'monitor' | 'off'
  readonly phases: Readonly<Record<PhaseName, readonly Step[]>>
  /** Guards that change responses on their way. */
  readonly filters?: readonly Step[]
  /** Guards with onDone. */
  readonly done: readonly Step[]
  readonly destination: Destination
  readonly limits: Limits
  readonly body: BodyPolicy
  /** Guards of WebSocket messages; undefined: nobody looks into WebSockets. */
  readonly messages?: readonly Step[] | undefined
  readonly paths: PathForm
  readonly headers: HeaderRules
  /** What is behind the route promises of its requests. */
  readonly contract?: Contract | undefined
  /** Names the rule in the settings of the listener that client certificates are judged by. */
  readonly certificateRule?: string
  /** Error pages by `403`, `4xx`. */
  readonly pages?: ReadonlyMap<string, string>
}

/** One guard on one route. Counts are this worker's, read by metrics. */
export interface Step {
  readonly name: string
  readonly guard: Guard
  readonly mode: 'protect' | 'monitor'
  readonly onError: 'deny' | 'pass'
  readonly stats: StepStats
}

export interface StepStats {
  calls: number
  busyMs: number
  denied: number
  wouldDeny: number
  errors: number
}

/** Where a request goes when every guard let it pass: an upstream, or a service of ours. */
export interface Destination {
  readonly name: string
  /**
   * Sends the request and gives the response to the sink as it arrives. Resolves when the response has ended.
   * @throws GatewayError when there is no response, or it broke off
   */
  send(ex: Exchange, body: OutgoingBody, sink: ResponseSink): Promise<void>
  /**
   * Upgrades (RFC 9110 §7.8) and tunnels until one side closes. Owns both sockets from the call on when it resolves
   * to true. Resolves to false after giving an ordinary response to the sink.
   */
  upgrade(ex: Exchange, client: TunnelClient, sink: ResponseSink): Promise<boolean>
}

/** The client's side of a tunnel to be. */
export interface TunnelClient {
  /** What the client has sent after the head of its request. */
  readonly head: Uint8Array
  /**
   * Tells the client that the tunnel is open, and gives what to speak through. Headers are the upstream's: flat and
   * end-to-end only.
   */
  open(headers: readonly string[]): Duplex
}

/** A body on its way to the destination. A stream is read once, so a request with one is never retried. */
export type OutgoingBody = Uint8Array | AsyncIterable<Uint8Array> | undefined

/** Takes a response as it arrives. Push-based: no stream object is made for a response. */
export interface ResponseSink {
  /** 1xx other than 101 (RFC 9110 §15.2). Headers are flat. */
  informational(status: number, headers: readonly string[]): void
  /** Once, before data. Headers are flat and end-to-end only. */
  head(status: number, statusText: string, headers: readonly string[], flow: ResponseFlow): void
  data(chunk: Uint8Array): void
  /** Trailers are flat. */
  end(trailers: readonly string[]): void
  /** Resolves when the response was handed to the client whole, or is no longer wanted. */
  readonly finished: Promise<void>
}

/** How the sink holds the destination back. */
export interface ResponseFlow {
  pause(): void
  resume(): void
  /** The rest is no longer wanted. */
  abort(): void
}
