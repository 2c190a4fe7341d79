// One entry of `upstreams:` as the gateway uses it.

import { resolve } from 'node:path'
import type { UpstreamConfig } from './config.ts'
import type { ConfigInput } from './schema.ts'

export function resolveUpstream(
  input: ConfigInput['upstreams'][string],
  dir: string,
  isSigned: boolean,
): UpstreamConfig {
  const { servers, health, ca, cert, key, balance, hashBy, ejection, breaker, slowStart, connections, dns } = input
  const client =
    cert === undefined || key === undefined ? undefined : { cert: resolve(dir, cert), key: resolve(dir, key) }
  const tls = { ca: ca === undefined ? undefined : resolve(dir, ca), client }
  return {
    servers: servers.map(({ url }) => url),
    ...((input.verdict ?? isSigned) && { verdict: true as const }),
    ...(servers.some(({ weight }) => weight !== 1) && { weights: servers.map(({ weight }) => weight) }),
    health: health && {
      path: health.path,
      intervalMs: health.interval,
      timeoutMs: health.timeout,
      unhealthyAfter: health.unhealthyAfter,
      healthyAfter: health.healthyAfter,
    },
    ...(input.protocol !== 'http/1.1' && { protocol: input.protocol }),
    ...(balance === 'roundRobin' && { balance: { method: balance } }),
    ...(balance === 'hash' && hashBy && { balance: { method: balance, by: hashBy } }),
    ...(ejection && { ejection: { failures: ejection.failures, pauseMs: ejection.pause, share: ejection.share } }),
    ...(breaker && {
      breaker: {
        share: breaker.share,
        requests: breaker.requests,
        windowMs: breaker.window,
        openMs: breaker.open,
      },
    }),
    ...(input.retryBudget !== 20 && { retryBudget: input.retryBudget }),
    ...(slowStart !== undefined && { slowStartMs: slowStart }),
    ...(connections !== undefined && { connections }),
    ...(dns !== undefined && { dnsMs: dns }),
    ...((ca !== undefined || client) && { tls }),
  }
}
