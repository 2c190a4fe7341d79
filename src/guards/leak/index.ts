// Guard `leak`: keys and other secrets in what goes out. Looks at the start of text responses, as much as is held back
// (`limits.responseInspected`); what it finds is told by kind and first letters, never as a whole.

import { findKnownSecrets, hintOfSecret, type SecretGroup } from '../../lib/secrets.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools, Outcome } from '../../pipeline/guard.ts'
import type { Evidence } from '../../pipeline/verdict.ts'
import { type LeakOptions, leakOptions } from './options.ts'

export const leak: GuardDefinition<'leak', typeof leakOptions> = {
  name: 'leak',
  summary: 'Keeps back responses that hold keys or other secrets.',
  options: leakOptions,
  onError: 'deny',
  example: { secrets: ['merlon', 'vendors', 'privateKeys'] },
  // The authorization server gives tokens out: that is what it is for.
  skipsOwnServices: true,
  create: (options, tools) => ({ ok: true, guard: new LeakGuard(options, tools) }),
}

/** What one response is told to hold at the most. */
const foundMax = 16

class LeakGuard implements Guard {
  readonly #groups: ReadonlySet<SecretGroup>
  readonly #tools: GuardTools

  constructor({ secrets }: LeakOptions, tools: GuardTools) {
    this.#groups = new Set(secrets)
    this.#tools = tools
  }

  onResponseBody(ex: Exchange): Outcome {
    const bytes = ex.responseBody
    if (bytes === undefined || bytes.length === 0) return undefined
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const found = findKnownSecrets(text, this.#groups, foundMax)
    if (found.length === 0) return undefined
    const evidence = found.map(({ kind, start, end }): Evidence => {
      const secret = text.slice(start, end)
      return {
        rule: kind,
        message: this.#about(kind, secret),
        where: 'RESPONSE_BODY',
        match: hintOfSecret(secret),
        points: 0,
      }
    })
    const kinds = [...new Set(found.map(({ kind }) => kind))]
    // The secrets of others that an upstream gives out are as good as gone, whatever became of this response.
    const reason = {
      code: 'leak.secret',
      detail: `the response holds: ${kinds.join(', ')}`,
      evidence,
      isIncident: true,
    } as const
    return { kind: 'deny', status: 502, reason }
  }

  /** Which key of ours it is, so that it can be revoked. */
  #about(kind: string, secret: string): string {
    const known = secret.startsWith('mk_') ? this.#tools.identity?.findKey(secret, this.#tools.now()) : undefined
    return known ? `${kind} ${known.id}${known.isCanary ? ' (a canary)' : ''}, which is good` : kind
  }
}
