// What a listener asks of the gateway behind it, and the route of requests that no route takes.

import type { Identify } from '../client/identify.ts'
import type { ByteString } from '../lib/bytes.ts'
import { GatewayError } from '../lib/errors.ts'
import { defaultBodyPolicy } from '../pipeline/body.ts'
import { noHeaderRules } from '../pipeline/header-rules.ts'
import type { HeaderList } from '../pipeline/headers.ts'
import type { Limits } from '../pipeline/limits.ts'
import type { Destination, Route, Step } from '../pipeline/route.ts'

export interface Handler {
  /** The gateway's, for what is bounded before a route is known. */
  readonly limits: Limits
  readonly identify: Identify
  /** Host in lower case and without port; path without query, as it was received. */
  match(method: ByteString, host: ByteString, path: ByteString, headers?: HeaderList): Route | 'ambiguous' | undefined
  /** For requests that are malformed or that no route takes, so that they have events too. */
  readonly fallback: Route
}

const nowhere: Destination = {
  name: 'none',
  send: () => Promise.reject(new GatewayError('NO_ROUTE', 'client', 'no route matches the host and path')),
  upgrade: () => Promise.reject(new GatewayError('NO_ROUTE', 'client', 'no route matches the host and path')),
}

/** Makes the fallback route: it goes nowhere, so a request on it is answered with 404. */
export function createFallbackRoute(limits: Limits, done: readonly Step[]): Route {
  return {
    name: 'none',
    mode: 'protect',
    phases: { onHeaders: [], onBody: [], onResponseHeaders: [], onResponseBody: [] },
    done,
    destination: nowhere,
    limits,
    body: defaultBodyPolicy,
    paths: 'asIs',
    headers: noHeaderRules,
  }
}
