// Keys of other issuers: fetched and refreshed here, off the path of requests, and posted to the workers. When an issuer
// can't be reached its last keys stay, because an outage of theirs must not be one of ours.

import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import type { IssuerConfig } from '../config/config.ts'
import type { PublicJwk, TokenIssuer } from '../lib/jwt.ts'
import type { IntrospectionEntry } from './introspector.ts'
import { readSecretReference } from './secret-reference.ts'

export interface IssuersOptions {
  readonly onChange: (issuers: readonly TokenIssuer[]) => void
  readonly onProblem: (message: string) => void
}

const bytesMax = 256 * 1024
const timeoutMs = 5000
/** Tokens with unknown key ids can make us ask no more often than this. */
const askedMs = 10_000
const retryMs = 10_000

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) })

interface Known {
  readonly config: IssuerConfig
  keys: readonly PublicJwk[]
  fetchedMs: number
  timer: NodeJS.Timeout | undefined
}

export class Issuers {
  readonly #options: IssuersOptions
  #known = new Map<string, Known>()
  #introspection: readonly IntrospectionEntry[] = []

  constructor(options: IssuersOptions) {
    this.#options = options
  }

  /**
   * Takes another list; keys of issuers that stay are kept until they are fetched anew.
   * @throws Error when a secret that is named can't be had
   */
  use(configs: readonly IssuerConfig[]): void {
    this.#introspection = configs.flatMap(introspectionOf)
    const before = this.#known
    for (const { timer } of before.values()) clearTimeout(timer)
    this.#known = new Map(
      configs.map(config => {
        const old = before.get(config.issuer)
        const keys = old && old.config.jwks === config.jwks ? old.keys : []
        return [config.issuer, { config, keys, fetchedMs: Number.NEGATIVE_INFINITY, timer: undefined }]
      }),
    )
    for (const known of this.#known.values()) void this.#fetch(known)
  }

  /** A token names a key that is not known: they may have a new one. */
  want(issuer: string): void {
    const known = this.#known.get(issuer)
    if (!known || performance.now() - known.fetchedMs < askedMs) return
    clearTimeout(known.timer)
    void this.#fetch(known)
  }

  get introspection(): readonly IntrospectionEntry[] {
    return this.#introspection
  }

  list(): readonly TokenIssuer[] {
    return [...this.#known.values()].map(({ config: { issuer, audience, algorithms }, keys }) => {
      return { issuer, audience, algorithms, typ: 'any', keys }
    })
  }

  close(): void {
    for (const { timer } of this.#known.values()) clearTimeout(timer)
    this.#known.clear()
  }

  async #fetch(known: Known): Promise<void> {
    const { issuer, jwks, refreshMs } = known.config
    if (jwks === undefined) return
    known.fetchedMs = performance.now()
    let nextMs = refreshMs
    try {
      const keys = await readKeys(jwks)
      if (this.#known.get(issuer) !== known) return
      if (JSON.stringify(keys) !== JSON.stringify(known.keys)) {
        known.keys = keys
        this.#options.onChange(this.list())
      }
    } catch (error) {
      const kept = known.keys.length > 0 ? 'those from before stay' : 'its tokens are refused until then'
      const why = error instanceof Error ? error.message : String(error)
      this.#options.onProblem(`the keys of ${issuer} can’t be had from ${jwks} (${why}); ${kept}`)
      nextMs = Math.min(refreshMs, retryMs)
    }
    if (this.#known.get(issuer) === known) known.timer = setTimeout(() => void this.#fetch(known), nextMs).unref()
  }
}

function introspectionOf({ issuer, audience, introspection }: IssuerConfig): IntrospectionEntry[] {
  if (!introspection) return []
  const { endpoint, clientId, clientSecret, ttlMs, negativeTtlMs } = introspection
  const secret = readSecretReference(clientSecret)
  // RFC 6749 §2.3.1: both are form-encoded before they are joined.
  const pair = [clientId, secret].map(encodeURIComponent).join(':')
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  return [{ issuer, audience, endpoint, authorization, ttlMs, negativeTtlMs }]
}

/** @throws Error when there are none to be had */
async function readKeys(place: string): Promise<readonly PublicJwk[]> {
  const text = /^https?:/.test(place) ? await download(place) : readSmallFile(place)
  const { keys } = jwksSchema.parse(JSON.parse(text))
  // Symmetric keys have no place in a published set; and what is private is not handed on.
  return keys.filter(({ kty }) => kty !== 'oct').map(publicHalf)
}

function publicHalf(jwk: Readonly<Record<string, unknown>>): PublicJwk {
  const names = ['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e']
  return Object.fromEntries(names.flatMap(name => (typeof jwk[name] === 'string' ? [[name, jwk[name]]] : [])))
}

function readSmallFile(path: string): string {
  if (statSync(path).size > bytesMax) throw new Error('it is too large')
  return readFileSync(path, 'utf8')
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/json' },
  })
  if (!response.ok || !response.body) throw new Error(`it answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
