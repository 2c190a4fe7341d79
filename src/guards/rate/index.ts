// Guard `rate`: how many requests a client may send. A GCRA bucket a client, shared by all workers, so the limit is
// exact whatever worker a connection lands on. Routes with the same limit share its buckets: it is the client that is
// limited, not the route. Tells clients where they stand (draft-ietf-httpapi-ratelimit-headers), so that polite ones
// slow down by themselves.

import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools } from '../../pipeline/guard.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { type RateOptions, rateOptions } from './options.ts'

export const rate: GuardDefinition<'rate', typeof rateOptions> = {
  name: 'rate',
  summary: 'Limits how many requests a client may send.',
  options: rateOptions,
  onError: 'deny',
  create: (options, tools) => ({ ok: true, guard: new RateGuard(options, tools) }),
}

class RateGuard implements Guard {
  readonly #options: RateOptions
  readonly #tools: GuardTools
  /** Keeps limits of other options apart, and stays the same over a reload, so that a reload forgives nobody. */
  readonly #bucketPrefix: string
  readonly #policy: string

  constructor(options: RateOptions, tools: GuardTools) {
    this.#options = options
    this.#tools = tools
    this.#bucketPrefix = `rate:${options.limit}/${options.window}:${options.key}:`
    this.#policy = `"default";q=${options.limit};w=${Math.ceil(options.window / 1000)}`
  }

  onHeaders(ex: Exchange): Verdict | undefined {
    if (ex.isWelcome) return undefined
    const { limit, window: windowMs, key } = this.#options
    const who = key === 'all' ? '' : (printOf(ex, key) ?? ex.client.key)
    const taken = this.#tools.counters.take(this.#bucketPrefix + who, 1, limit, windowMs, this.#tools.now())
    const resetS = Math.ceil((taken.allowed ? taken.resetMs : taken.retryAfterMs) / 1000)
    ex.extraHeaders.push('ratelimit-policy', this.#policy, 'ratelimit', `"default";r=${taken.remaining};t=${resetS}`)
    if (taken.allowed) return undefined
    const message = `more than ${limit} requests in ${windowMs / 1000} s`
    const evidence = { rule: 'default', message, where: key, match: who, points: 0 }
    return {
      kind: 'deny',
      status: 429,
      retryAfterMs: taken.retryAfterMs,
      reason: { code: 'rate.limited', detail: message, evidence: [evidence] },
    }
  }
}

function printOf({ client }: Exchange, key: RateOptions['key']): string | undefined {
  return key === 'client.ja4' ? client.tls?.ja4 : key === 'client.http' ? client.http : undefined
}
