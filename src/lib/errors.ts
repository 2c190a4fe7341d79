// GatewayError is what the world did: an upstream that is down, a client that went away. It is thrown inside the
// gateway and turned into a problem+json answer in one place (pipeline/serve.ts). What a client did wrong is a verdict,
// what an operator wrote wrong is a Problem, and a bug is a plain Error.

/** Each code has one status and one line in docs/generated/errors.md. Codes are never reused. */
export const gatewayErrors = {
  UPSTREAM_REFUSED: { status: 502, title: 'Bad gateway', summary: 'No upstream server accepted a connection.' },
  UPSTREAM_RESET: {
    status: 502,
    title: 'Bad gateway',
    summary: 'The upstream closed the connection before it answered.',
  },
  UPSTREAM_PROTOCOL: { status: 502, title: 'Bad gateway', summary: 'The upstream sent something that is not HTTP.' },
  UPSTREAM_UNAVAILABLE: {
    status: 503,
    title: 'Service unavailable',
    summary: 'Every server of the upstream is marked as down by its health checks.',
  },
  UPSTREAM_CIRCUIT_OPEN: {
    status: 503,
    title: 'Service unavailable',
    summary: 'Most requests to the upstream failed, so none is sent for a while.',
  },
  MAINTENANCE: {
    status: 503,
    title: 'Service unavailable',
    summary: 'The service is down for maintenance.',
  },
  UPSTREAM_TIMEOUT: { status: 504, title: 'Gateway timeout', summary: 'The upstream did not answer in time.' },
  CLIENT_ABORTED: { status: 499, title: 'Client closed request', summary: 'The client went away.' },
  CLIENT_STALLED: {
    status: 408,
    title: 'Request timeout',
    summary: 'The client took its response too slowly, or not at all while others waited for the upstream.',
  },
  BODY_TOO_LARGE: { status: 413, title: 'Content too large', summary: 'The request body is larger than body.max.' },
  BODY_TIMEOUT: { status: 408, title: 'Request timeout', summary: 'The request body came too slowly or stopped.' },
  GUARD_FAILED: {
    status: 503,
    title: 'Service unavailable',
    summary: 'A guard failed, and a guard that fails denies.',
  },
  NO_ROUTE: { status: 404, title: 'Not found', summary: 'No route matches the host and path.' },
  DRAINING: { status: 503, title: 'Service unavailable', summary: 'The gateway is shutting down.' },
} as const

export type GatewayErrorCode = keyof typeof gatewayErrors

export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: GatewayErrorCode
  readonly status: number
  readonly source: 'client' | 'upstream' | 'gateway'
  /** Whether sending the same request again can be right: only if nothing was processed upstream. */
  readonly retry: 'yes' | 'no'
  /** For the client: when to come back. */
  readonly retryAfterMs: number | undefined
  /** Name of the limit that was passed, for metrics. */
  readonly limit: string | undefined

  constructor(
    code: GatewayErrorCode,
    source: GatewayError['source'],
    detail: string,
    options?: { cause?: unknown; retry?: 'yes' | 'no'; retryAfterMs?: number; limit?: string },
  ) {
    super(detail, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = gatewayErrors[code].status
    this.source = source
    this.retry = options?.retry ?? 'no'
    this.retryAfterMs = options?.retryAfterMs
    this.limit = options?.limit
  }
}
