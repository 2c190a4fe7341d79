// The client's side of one request, as serve.ts sees it. listen/ implements it over node:http; embed/ over frameworks.

import type { RequestBody } from './exchange.ts'

export interface Edge {
  /** Whether a body is announced (Content-Length > 0 or chunked). */
  readonly hasBody: boolean
  /** Content-Length, or undefined for chunked. */
  readonly declaredBytes: number | undefined
  /**
   * Reads the body until it ends or `limitBytes` are held. Answers `Expect: 100-continue` first. Never reads twice.
   * @throws GatewayError CLIENT_ABORTED, BODY_TIMEOUT
   */
  readBody(limitBytes: number): Promise<RequestBody>
  /**
   * What readBody left unread, with back-pressure. `patient`: it may be silent for as long as a tunnel may.
   * @throws GatewayError (from the iterator) CLIENT_ABORTED, BODY_TIMEOUT, and BODY_TOO_LARGE past `maxBytes` in all
   */
  restOfBody(maxBytes: number, patient?: boolean): AsyncIterable<Uint8Array>
  /** Flat, as they came; none before the body has ended. A body of announced length has none. */
  readonly requestTrailers: readonly string[]
  /** True once a final response head was written: a verdict can then only cut the connection. */
  readonly headSent: boolean
  informational(status: number, headers: readonly string[]): void
  /** Headers are flat. Framing (Content-Length, chunked) and hop-by-hop headers are the edge's own business. */
  sendHead(status: number, statusText: string, headers: readonly string[]): void
  /** False when the client's side is full: wait for onDrain. */
  write(chunk: Uint8Array): boolean
  end(trailers: readonly string[]): void
  /** Cuts the connection: the response can't be finished honestly. */
  destroy(): void
  /** Called whenever the client can take more. Set once by serve.ts. */
  onDrain: (() => void) | undefined
  /** Called once when the client's connection closes before the response was finished. Set once by serve.ts. */
  onAbort: (() => void) | undefined
  /** Resolves when the response was handed to the kernel, or the connection is gone. */
  readonly finished: Promise<void>
}
