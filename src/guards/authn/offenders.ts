// Clients that keep presenting bad credentials: first their refusals take longer, then nothing of theirs that is not
// known to be good is looked at any more. Counted by network, in counters that all workers share; what is good already
// goes on, so nobody is locked out by who shares their address.

import type { Exchange } from '../../pipeline/exchange.ts'
import type { Evidence, Verdict } from '../../pipeline/verdict.ts'
import type { Counters } from '../../store/store.ts'
import type { AuthnOptions } from './options.ts'

/** Refusals that tell of guessing. Not: no credential, one that has expired, a nonce to be fetched, a scope that lacks. */
const guesses: ReadonlySet<string> = new Set([
  'authn.invalid-request',
  'authn.invalid-token',
  'authn.invalid-key',
  'authn.invalid-proof',
  'authn.invalid-signature',
  'authn.binding',
  'authn.canary',
])

type Deny = Extract<Verdict, { kind: 'deny' }>

export class Offenders {
  readonly #options: AuthnOptions['badCredentials']
  readonly #counters: Counters

  constructor(options: AuthnOptions['badCredentials'], counters: Counters) {
    this.#options = options
    this.#counters = counters
  }

  /** Whether this client has been wrong too often to be listened to. */
  isBlocked(ex: Exchange, nowMs: number): boolean {
    if (ex.isWelcome) return false
    return this.#take(ex, 0, nowMs).remaining === 0
  }

  blocked(ex: Exchange, nowMs: number): Deny {
    const { blockAfter, window } = this.#options
    const evidence = [proof('blocked', `${blockAfter} bad credentials`)]
    const detail = `the network ${ex.client.key} has presented too many bad credentials`
    const retryAfterMs = Math.min(this.#take(ex, 0, nowMs).resetMs, window / blockAfter)
    return { kind: 'deny', status: 429, retryAfterMs, reason: { code: 'authn.blocked', detail, evidence } }
  }

  /** Counts a refusal, and makes it slow when there were many. */
  count(ex: Exchange, verdict: Verdict, nowMs: number): Verdict {
    if (verdict.kind !== 'deny' || !guesses.has(verdict.reason.code) || ex.isWelcome) return verdict
    const { slowAfter, blockAfter, delay } = this.#options
    const used = blockAfter - this.#take(ex, 1, nowMs).remaining
    if (used <= slowAfter) return verdict
    const evidence = [...(verdict.reason.evidence ?? []), proof('slowed', `${used} bad credentials`)]
    return { ...verdict, delayMs: delay, reason: { ...verdict.reason, evidence } }
  }

  #take(ex: Exchange, cost: number, nowMs: number) {
    const { blockAfter, window } = this.#options
    return this.#counters.take(`authn ${ex.client.key}`, cost, blockAfter, window, nowMs)
  }
}

function proof(rule: string, message: string): Evidence {
  return { rule, message, where: 'REMOTE_ADDR', match: '', points: 0 }
}
