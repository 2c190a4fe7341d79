// What a policy can ask of the circumstances of a request.

import { bytesToUtf8 } from '../lib/bytes.ts'
import type { Exchange } from '../pipeline/exchange.ts'

type Reader = (ex: Exchange, nowMs: number) => unknown

const readers: Readonly<Record<string, Reader>> = {
  ip: ex => ({ __extn: { fn: 'ip', arg: ex.client.ip } }),
  time: (_ex, nowMs) => ({ __extn: { fn: 'datetime', arg: new Date(nowMs).toISOString() } }),
  /** Of UTC. */
  hour: (_ex, nowMs) => new Date(nowMs).getUTCHours(),
  /** 1 Monday to 7 Sunday, as ISO 8601 counts. */
  weekday: (_ex, nowMs) => new Date(nowMs).getUTCDay() || 7,
  secure: ex => ex.client.secure,
  mtls: ex => ex.client.tls?.certificate !== undefined,
  certificate: ex => ex.client.tls?.certificate?.fingerprint ?? '',
  spiffe: ex => ex.client.tls?.certificate?.spiffeId ?? '',
  /** Empty without a TLS connection of the client's own. */
  ja4: ex => ex.client.tls?.ja4 ?? '',
  tls: ex => ex.client.tls?.version ?? '',
  sni: ex => ex.client.tls?.sni ?? '',
  /** Empty behind a proxy, which writes its requests by itself. */
  http: ex => ex.client.http ?? '',
  acr: ex => ex.principal?.acr ?? '',
  scopes: ex => [...(ex.principal?.scopes ?? [])],
  score: ex => Math.trunc(ex.score),
  method: ex => bytesToUtf8(ex.method),
  host: ex => bytesToUtf8(ex.host),
  path: ex => bytesToUtf8(ex.path),
}

export const contextNames: readonly string[] = Object.keys(readers)

/** Only what the policies ask for. */
export function contextOf(ex: Exchange, names: readonly string[], nowMs: number): Readonly<Record<string, unknown>> {
  const context: Record<string, unknown> = {}
  for (const name of names) context[name] = readers[name]?.(ex, nowMs)
  return context
}
