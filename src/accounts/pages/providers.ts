// Signing in with another identity provider (OpenID Connect): authorization code with PKCE, state and nonce. Who somebody
// is there is a pair of issuer and subject, and nothing else: names and addresses that it tells prove nothing here.

import { hash } from 'node:crypto'
import * as client from 'openid-client'
import type { ProviderConfig } from '../../config/config.ts'
import type { Records } from '../../store/store.ts'
import { AccountFailure } from '../failure.ts'
import { readSecretReference } from '../secret-reference.ts'
import type { StoredUser } from '../users/user.ts'
import type { Users } from '../users/users.ts'

export const providerCallback = '/oauth/external/callback'

const kind = 'external-sign-in'
const lifeMs = 10 * 60_000
const timeoutS = 10
/** Metadata is asked for again after this long; keys the library looks after. */
const knownForMs = 3_600_000
const nameCharactersMax = 60

interface Pending {
  readonly uid: string
  readonly providerId: string
  readonly verifier: string
  readonly nonce: string
}

interface Known {
  readonly atMs: number
  readonly configuration: Promise<client.Configuration>
}

export class Providers {
  readonly list: readonly ProviderConfig[]
  readonly #issuer: string
  readonly #records: Records
  readonly #users: Users
  readonly #now: () => number
  readonly #known = new Map<string, Known>()

  constructor(
    list: readonly ProviderConfig[],
    given: { readonly issuer: string; readonly records: Records; readonly users: Users; readonly now: () => number },
  ) {
    this.list = list
    this.#issuer = given.issuer
    this.#records = given.records
    this.#users = given.users
    this.#now = given.now
  }

  /** Where a user is sent, from this sign-in. @throws Error when the provider can't be asked */
  async start(id: string, uid: string): Promise<string | undefined> {
    const provider = this.list.find(it => it.id === id)
    if (!provider) return undefined
    const configuration = await this.#configurationOf(provider)
    const verifier = client.randomPKCECodeVerifier()
    const [state, nonce] = [client.randomState(), client.randomNonce()]
    const pending: Pending = { uid, providerId: id, verifier, nonce }
    await this.#records.put({
      kind,
      id: idOf(state),
      json: JSON.stringify(pending),
      expiresAtMs: this.#now() + lifeMs,
    })
    return client.buildAuthorizationUrl(configuration, {
      redirect_uri: `${this.#issuer}${providerCallback}`,
      scope: provider.scopes.join(' '),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    }).href
  }

  /** The sign-in that an answer belongs to; whether it is that of this browser is still to be proved. */
  async signInOf(query: URLSearchParams): Promise<string | undefined> {
    return (await this.#pending(query.get('state') ?? ''))?.uid
  }

  /** Who the answer says it is. @throws Error when it says nothing that can be believed */
  async finish(uid: string, query: URLSearchParams): Promise<StoredUser> {
    const state = query.get('state') ?? ''
    const pending = await this.#pending(state)
    // Whoever asks first has it, and only within the sign-in that began it.
    const isFirst = pending?.uid === uid && (await this.#records.delete(kind, idOf(state)))
    const provider = this.list.find(({ id }) => id === pending?.providerId)
    if (!pending || !isFirst || !provider) throw new AccountFailure('invalid', 'this sign-in is over')
    const configuration = await this.#configurationOf(provider)
    const url = new URL(`${this.#issuer}${providerCallback}?${query}`)
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: pending.verifier,
      expectedState: state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    if (!claims) throw new Error('the identity provider gave no ID token')
    const link = { issuer: claims.iss, subject: claims.sub }
    const user = await this.#users.directory.findLinked(link)
    if (user) return user
    if (!provider.createUsers) {
      throw new AccountFailure('not-found', `nobody here is ${claims.sub} of ${provider.name}: ask who runs this site`)
    }
    const made = await this.#users.create({
      username: nameOf(claims, provider.id),
      email: undefined,
      roles: [],
      groups: [],
      password: { kind: 'none' },
      links: [link],
    })
    return made.user
  }

  async #pending(state: string): Promise<Pending | undefined> {
    const record = await this.#records.get(kind, idOf(state))
    if (!record || (record.expiresAtMs ?? 0) <= this.#now()) return undefined
    return JSON.parse(record.json) as Pending
  }

  #configurationOf(provider: ProviderConfig): Promise<client.Configuration> {
    const known = this.#known.get(provider.id)
    if (known && known.atMs + knownForMs > this.#now()) return known.configuration
    const issuer = new URL(provider.issuer)
    const configuration = client.discovery(
      issuer,
      provider.clientId,
      undefined,
      client.ClientSecretBasic(readSecretReference(provider.clientSecret)),
      // http is taken from the config for loopback addresses alone.
      { timeout: timeoutS, ...(issuer.protocol === 'http:' && { execute: [client.allowInsecureRequests] }) },
    )
    this.#known.set(provider.id, { atMs: this.#now(), configuration })
    configuration.catch(() => this.#known.delete(provider.id))
    return configuration
  }
}

/** The state in a URL is a secret until it is used. */
function idOf(state: string): string {
  return hash('sha256', state, 'base64url')
}

/** `NAME@PROVIDER`: like no name that an operator gives, so that nobody takes another's. */
function nameOf(claims: { readonly sub: string; readonly [name: string]: unknown }, providerId: string): string {
  const { preferred_username: preferred } = claims
  const name = (typeof preferred === 'string' ? preferred : '')
    .replace(/[^A-Za-z0-9._+-]/g, '')
    .slice(0, nameCharactersMax)
  const mark = hash('sha256', claims.sub, 'hex').slice(0, 8)
  return /^[A-Za-z0-9]/.test(name) ? `${name}.${mark}@${providerId}` : `${mark}@${providerId}`
}
