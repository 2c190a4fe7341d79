// How load is shared among the servers that may be asked. Each method is given the usable servers and says which one.

import type { BalanceConfig, HashKey } from '../config/config.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { affinity, hashedText } from './hash.ts'
import type { UpstreamServer } from './server.ts'

export type Choose = (usable: readonly UpstreamServer[], ex: Exchange, nowMs: number) => UpstreamServer | undefined

export function createBalance(config: BalanceConfig): Choose {
  if (config.method === 'hash') return byHash(config.by)
  return config.method === 'roundRobin' ? inTurn : leastRequests
}

/** With equal weights simply the least busy; with others a turn whose shares shrink with the work in hand. */
function leastRequests(usable: readonly UpstreamServer[], ex: Exchange, nowMs: number): UpstreamServer | undefined {
  const weight = usable[0]?.weightAt(nowMs)
  if (usable.some(server => server.weightAt(nowMs) !== weight)) return turn(usable, nowMs, true)
  let best: UpstreamServer | undefined
  for (const server of usable) if (!best || server.active < best.active) best = server
  const equals = usable.filter(server => server.active === best?.active)
  return equals.length > 1 ? inTurn(equals, ex, nowMs) : best
}

function inTurn(usable: readonly UpstreamServer[], _ex: Exchange, nowMs: number): UpstreamServer | undefined {
  return turn(usable, nowMs, false)
}

/** Smooth weighted round robin: who has waited for the largest share is next. */
function turn(usable: readonly UpstreamServer[], nowMs: number, byWork: boolean): UpstreamServer | undefined {
  let total = 0
  let best: UpstreamServer | undefined
  for (const server of usable) {
    const share = byWork ? server.weightAt(nowMs) / (server.active + 1) : server.weightAt(nowMs)
    server.credit += share
    total += share
    if (!best || server.credit > best.credit) best = server
  }
  if (best) best.credit -= total
  return best
}

function byHash(by: HashKey): Choose {
  return (usable, ex, nowMs) => {
    const key = hashedText(by, ex)
    let best: UpstreamServer | undefined
    let most = -1
    for (const server of usable) {
      const wanted = affinity(key, server.url, server.weightAt(nowMs))
      if (wanted <= most) continue
      best = server
      most = wanted
    }
    return best
  }
}
