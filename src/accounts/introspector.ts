// Asks other issuers what their opaque tokens stand for (RFC 7662). Runs in workers, because the answer is waited for.
// What is not known for sure lets nobody in: no answer that has grown old is used because a new one can't be had.

import { Lru } from '../lib/lru.ts'
import { parseStrictObject } from '../lib/strict-json.ts'
import type { KnownToken } from '../pipeline/identity.ts'

/** Where to ask, as the main thread tells its workers. */
export interface IntrospectionEntry {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly endpoint: string
  /** Value of the Authorization header by which we prove who we are. */
  readonly authorization: string
  readonly ttlMs: number
  readonly negativeTtlMs: number
}

/** What an issuer says of a token; `unavailable` when it does not say. */
export type Introspected = KnownToken | 'inactive' | 'unavailable'

/** Answers that a worker remembers. */
export const answersMax = 10_000
/** Questions that a worker asks at the same time; more tokens than this have to be tried again. */
export const askedMax = 64
/** Longer texts are no token, and nobody is asked. */
export const tokenLengthMax = 2048
const bytesMax = 64 * 1024
const timeoutMs = 5000
/** After a failure an issuer is left alone for so long. */
const pauseMs = 1000

interface Answer {
  readonly said: KnownToken | 'inactive'
  readonly untilMs: number
}

export class Introspector {
  readonly #fetch: typeof fetch
  #entries: readonly IntrospectionEntry[] = []
  #answers = new Lru<string, Answer>(answersMax)
  readonly #asking = new Map<string, Promise<Introspected>>()
  readonly #pausedUntilMs = new Map<string, number>()

  constructor(fetcher: typeof fetch = fetch) {
    this.#fetch = fetcher
  }

  use(entries: readonly IntrospectionEntry[]): void {
    if (JSON.stringify(entries) === JSON.stringify(this.#entries)) return
    this.#entries = entries
    this.#answers = new Lru(answersMax)
  }

  /** What was said a short while ago. */
  known(hash: string, nowMs: number): KnownToken | 'inactive' | undefined {
    const answer = this.#answers.get(hash)
    return answer && answer.untilMs > nowMs ? answer.said : undefined
  }

  /** Undefined when there is nobody to ask. */
  ask(token: string, hash: string, nowMs: number): Promise<Introspected> | undefined {
    if (this.#entries.length === 0 || token.length > tokenLengthMax) return undefined
    const running = this.#asking.get(hash)
    if (running) return running
    if (this.#asking.size >= askedMax) return Promise.resolve('unavailable')
    const asked = this.#askAll(token, hash, nowMs).finally(() => this.#asking.delete(hash))
    this.#asking.set(hash, asked)
    return asked
  }

  /** One after another, because a token does not say whose it is. */
  async #askAll(token: string, hash: string, nowMs: number): Promise<Introspected> {
    const answers = this.#answers
    let negativeTtlMs = Number.POSITIVE_INFINITY
    let isSure = true
    for (const entry of this.#entries) {
      const body = await this.#askOne(entry, token, nowMs)
      if (body === undefined) isSure = false
      const known = body && activeToken(body, entry, nowMs)
      if (known) {
        answers.set(hash, { said: known, untilMs: Math.min(nowMs + entry.ttlMs, known.expiresAtMs) })
        return known
      }
      negativeTtlMs = Math.min(negativeTtlMs, entry.negativeTtlMs)
    }
    if (!isSure) return 'unavailable'
    answers.set(hash, { said: 'inactive', untilMs: nowMs + negativeTtlMs })
    return 'inactive'
  }

  async #askOne(entry: IntrospectionEntry, token: string, nowMs: number): Promise<Claims | undefined> {
    const { endpoint, authorization } = entry
    if ((this.#pausedUntilMs.get(endpoint) ?? 0) > nowMs) return undefined
    try {
      const response = await this.#fetch(endpoint, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
        headers: { authorization, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      })
      const text = await readBounded(response)
      const body = response.status === 200 && text !== undefined ? parseStrictObject(text, 8) : undefined
      if (body && typeof body['active'] === 'boolean') return body
    } catch {
      // Unreachable, too slow, a redirect: all the same to who waits.
    }
    this.#pausedUntilMs.set(endpoint, nowMs + pauseMs)
    return undefined
  }
}

type Claims = Readonly<Record<string, unknown>>

async function readBounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > bytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Claims of a token that is good, and for us. */
function activeToken(
  body: Claims,
  { issuer, audience, ttlMs }: IntrospectionEntry,
  nowMs: number,
): KnownToken | undefined {
  const { active, iss, aud, exp, nbf, ...rest } = body
  if (active !== true || (iss !== undefined && iss !== issuer)) return undefined
  // Not every issuer says for whom a token is; that it tells us of it is its word then.
  const meant: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (aud !== undefined && !meant.some(one => audience.some(own => own === one))) return undefined
  if (exp !== undefined && typeof exp !== 'number') return undefined
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf * 1000 <= nowMs)) return undefined
  const expiresAtMs = exp === undefined ? nowMs + ttlMs : exp * 1000
  if (expiresAtMs <= nowMs) return undefined
  return { claims: { ...rest, iss: issuer }, expiresAtMs }
}
