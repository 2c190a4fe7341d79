// Guard `leak`: keys and other secrets in what goes out. Either looks at the start of text responses, as much as is held
// back (`limits.responseInspected`), and keeps back those that hold one; or makes each unreadable while the whole streams
// (masker.ts). What it finds is told by kind and first letters, never as a whole.

import { type FoundSecret, findKnownSecrets, hintOfSecret, type SecretGroup } from '../../lib/secrets.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools, Outcome, ResponseFilter } from '../../pipeline/guard.ts'
import type { Evidence, Reason } from '../../pipeline/verdict.ts'
import { SecretMasker } from './masker.ts'
import { type LeakOptions, leakOptions } from './options.ts'

export const leak: GuardDefinition<'leak', typeof leakOptions> = {
  name: 'leak',
  summary: 'Keeps back responses that hold keys or other secrets, or makes those unreadable.',
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
  readonly onResponseBody?: (ex: Exchange) => Outcome
  readonly filterResponse?: () => ResponseFilter
  readonly #groups: ReadonlySet<SecretGroup>
  readonly #tools: GuardTools

  constructor({ secrets, action }: LeakOptions, tools: GuardTools) {
    this.#groups = new Set(secrets)
    this.#tools = tools
    if (action === 'mask') this.filterResponse = () => this.#mask()
    else this.onResponseBody = ex => this.#judge(ex.responseBody)
  }

  #judge(bytes: Uint8Array | undefined): Outcome {
    if (bytes === undefined || bytes.length === 0) return undefined
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    const found = findKnownSecrets(text, this.#groups, foundMax)
    if (found.length === 0) return undefined
    const evidence = found.map(one => this.#proof(one, text.slice(one.start, one.end)))
    const reason = reasonOf('leak.secret', 'the response holds', evidence, found.length)
    return { kind: 'deny', status: 502, reason }
  }

  #mask(): ResponseFilter {
    const evidence: Evidence[] = []
    let count = 0
    const masker = new SecretMasker(this.#groups, (found, secret) => {
      count++
      if (evidence.length < foundMax) evidence.push(this.#proof(found, secret))
    })
    return {
      push: chunk => masker.push(chunk),
      end: () => masker.end(),
      found: () =>
        count === 0
          ? undefined
          : { kind: 'flag', points: 0, reason: reasonOf('leak.masked', 'the response held', evidence, count) },
    }
  }

  #proof({ kind }: FoundSecret, secret: string): Evidence {
    return {
      rule: kind,
      message: this.#about(kind, secret),
      where: 'RESPONSE_BODY',
      match: hintOfSecret(secret),
      points: 0,
    }
  }

  /** Which key of ours it is, so that it can be revoked. */
  #about(kind: string, secret: string): string {
    const known = secret.startsWith('mk_') ? this.#tools.identity?.findKey(secret, this.#tools.now()) : undefined
    return known ? `${kind} ${known.id}${known.isCanary ? ' (a canary)' : ''}, which is good` : kind
  }
}

/** The secrets of others that an upstream gives out are as good as gone, whatever became of this response. */
function reasonOf(code: Reason['code'], what: string, evidence: readonly Evidence[], count: number): Reason {
  const kinds = [...new Set(evidence.map(({ rule }) => rule))].join(', ')
  const more = count > evidence.length ? ` (${count} in all)` : ''
  return { code, detail: `${what}: ${kinds}${more}`, evidence, isIncident: true }
}
