// Guard `quota`: how much a principal, a client or a key may use in hours, days and months. `rate` keeps a burst off;
// this is what was agreed on. Counts are exact, shared by all workers, and kept over a restart (store/quota-keeper.ts). A
// request that one quota refuses costs nothing of the others.

import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools } from '../../pipeline/guard.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import type { Quotas } from '../../store/store.ts'
import { type QuotaLimit, type QuotaOptions, quotaOptions } from './options.ts'
import { lengthsMs, type Taken, takeFrom } from './period.ts'

export const quota: GuardDefinition<'quota', typeof quotaOptions> = {
  name: 'quota',
  summary: 'Limits what a principal, client or API key may use in hours, days and months.',
  options: quotaOptions,
  onError: 'deny',
  skipsOwnServices: true,
  create: (options, tools) => ({ ok: true, guard: new QuotaGuard(options, tools) }),
}

/** In tools that judge files nothing was used before. */
const unused: Quotas = {
  take: () => ({ taken: true, count: 1, isFull: false }),
  read: () => 0,
  giveBack: () => {},
}

const problemType = 'urn:merlon:problem:quota-exceeded'

interface Held {
  readonly key: string
  readonly taken: Taken
}

class QuotaGuard implements Guard {
  readonly #options: QuotaOptions
  readonly #tools: GuardTools
  readonly #quotas: Quotas

  constructor(options: QuotaOptions, tools: GuardTools) {
    this.#options = options
    this.#tools = tools
    this.#quotas = tools.quotas ?? unused
  }

  onHeaders(ex: Exchange): Verdict | undefined {
    const own = ex.principal?.quota
    if (this.#options.limits.length === 0 && !own) return undefined
    const limits = own
      ? [...this.#options.limits, { ...own, window: 'calendar', key: 'apiKey' } as const]
      : this.#options.limits
    const nowMs = this.#tools.now()
    const held: Held[] = []
    for (const [i, limit] of limits.entries()) {
      const who = whoOf(ex, limit.key)
      if (who === undefined) continue
      // Not the limit: one that is raised in the middle of a month forgets nothing.
      const key = `${i < this.#options.limits.length ? 'quota' : 'own'}:${limit.per}:${limit.window}:${limit.key}:${who}`
      const taken = takeFrom(this.#quotas, key, limit, nowMs)
      if (taken.isFull) {
        this.#giveBack(held)
        return { kind: 'deny', status: 503, retryAfterMs: 60_000, reason: { code: 'quota.full', detail: full } }
      }
      tell(ex, limit, taken)
      if (!taken.taken) {
        this.#giveBack(held)
        return refuse(limit, who, taken)
      }
      held.push({ key, taken })
    }
    return undefined
  }

  #giveBack(held: readonly Held[]): void {
    for (const { key, taken } of held) this.#quotas.giveBack(key, taken.period, 1)
  }
}

const full = 'there are more quotas to count than fit, and none is forgotten for another'

function whoOf({ principal, client }: Exchange, key: QuotaLimit['key']): string | undefined {
  if (key === 'apiKey') return principal?.kind === 'apiKey' ? principal.id : undefined
  if (key === 'client')
    return principal && principal.clientId !== '' ? `${principal.issuer} ${principal.clientId}` : undefined
  return principal ? `${principal.kind} ${principal.issuer} ${principal.id}` : `address ${client.key}`
}

function tell(ex: Exchange, { limit, per, window }: QuotaLimit, { count, resetMs }: Taken): void {
  const name = `quota-${per}${window === 'rolling' ? '-rolling' : ''}`
  const left = Math.max(0, limit - count)
  ex.extraHeaders.push(
    'ratelimit-policy',
    `"${name}";q=${limit};w=${lengthsMs[per] / 1000}`,
    'ratelimit',
    `"${name}";r=${left};t=${Math.ceil(resetMs / 1000)}`,
  )
}

function refuse({ limit, per, key }: QuotaLimit, who: string, { resetMs }: Taken): Verdict {
  const message = `more than ${limit} requests in a ${per}`
  const evidence = { rule: `${limit}/${per}`, message, where: key, match: who, points: 0 }
  return {
    kind: 'deny',
    status: 429,
    retryAfterMs: resetMs,
    problemType,
    reason: { code: 'quota.exceeded', detail: `${who} has used its quota: ${message}`, evidence: [evidence] },
  }
}
