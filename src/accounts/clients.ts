// OAuth clients: machines that get tokens with a secret of theirs. A secret is shown once and kept as a peppered hash;
// rotating leaves the old one valid for a while, so that nobody has to change both sides in one moment.

import { timingSafeEqual } from 'node:crypto'
import { createCheckedToken, isCheckedToken, randomBase62 } from '../lib/checked-token.ts'
import type { PublicJwk } from '../lib/jwt.ts'
import type { Records } from '../store/store.ts'
import { nameKey } from './certificate-names.ts'
import { allRecords, byName, changeRecord } from './changed-record.ts'
import type { ClientAuth } from './client-auth.ts'
import { AccountFailure } from './failure.ts'
import type { Keyring } from './keyring.ts'
import type { ClientEntry } from './update.ts'

export const clientKind = 'client'
const kind = clientKind
const secretPrefix = 'mcs'
const secretBits = 256

/** How it may get tokens; `device_code` is `urn:ietf:params:oauth:grant-type:device_code` in the protocol. */
export const clientGrants = ['client_credentials', 'authorization_code', 'refresh_token', 'device_code'] as const

export type ClientGrant = (typeof clientGrants)[number]

export interface ClientInput {
  readonly name: string
  readonly grants: readonly ClientGrant[]
  /** Where users may be sent back to, letter by letter. */
  readonly redirectUris: readonly string[]
  /** Where users may be sent back to when they signed out. */
  readonly logoutUris: readonly string[]
  /** It is the operator's own: users are not asked whether they allow it what it asks for. */
  readonly trusted: boolean
  readonly scopes: readonly string[]
  /** May ask about tokens of other clients: for resource servers. */
  readonly canIntrospect: boolean
  /** How it proves who it is. */
  readonly auth: ClientAuth
  /** What its access tokens are: texts that anybody can verify, or names that we alone know. */
  readonly tokens: 'jwt' | 'opaque'
  /** What its tokens are bound to, always. With `none` they are when it asks for them with a DPoP proof. */
  readonly bound: 'none' | 'dpop' | 'mtls'
  /** It says what it asks users for behind their back, to us directly (RFC 9126), and never by a link. */
  readonly pushed: boolean
}

/** Clients of before there was a choice have none of these. */
type Later = 'auth' | 'tokens' | 'bound' | 'redirectUris' | 'logoutUris' | 'trusted' | 'pushed'

export type NewClient = Omit<ClientInput, Later> & Partial<Pick<ClientInput, Later>>

/** As it is stored; without its id. */
interface ClientData extends NewClient {
  readonly secrets: readonly { readonly hash: string; readonly untilMs?: number }[]
  readonly createdAtMs: number
  readonly rotatedAtMs?: number
  readonly revokedAtMs?: number
}

export interface Client extends ClientInput {
  readonly clientId: string
  readonly createdAtMs: number
  readonly rotatedAtMs: number | undefined
  readonly revokedAtMs: number | undefined
}

export interface IssuedSecret {
  readonly clientId: string
  readonly clientSecret: string
}

/** Without a secret where the client proves in another way who it is. */
export type CreatedClient = Pick<IssuedSecret, 'clientId'> & Partial<IssuedSecret>

/** The account page is a client of the authorization server itself (pages/account.ts). */
export const accountClientId = 'merlon-account'

export class Clients {
  /** Where the account page takes users back; undefined while there is no authorization server. */
  accountCallback: string | undefined
  readonly #records: Records
  readonly #keyring: Keyring
  readonly #now: () => number

  constructor(records: Records, keyring: Keyring, now: () => number) {
    this.#records = records
    this.#keyring = keyring
    this.#now = now
  }

  async create(input: NewClient): Promise<CreatedClient> {
    const clientId = `mc_${randomBase62(120)}`
    const { method } = input.auth ?? { method: 'client_secret' }
    const clientSecret = method === 'client_secret' ? createCheckedToken(secretPrefix, secretBits) : undefined
    const data: ClientData = {
      ...input,
      secrets: clientSecret === undefined ? [] : [{ hash: this.#keyring.hash(clientSecret) }],
      createdAtMs: this.#now(),
    }
    await this.#records.put({ kind, id: clientId, json: JSON.stringify(data), indexes: { name: input.name } }, 0)
    return { clientId, ...(clientSecret !== undefined && { clientSecret }) }
  }

  async get(clientId: string): Promise<Client | undefined> {
    if (clientId === accountClientId) return this.#accountClient()
    const record = await this.#records.get(kind, clientId)
    return record && shown(clientId, JSON.parse(record.json) as ClientData)
  }

  /** What workers must know of those that need no token. */
  async entries(): Promise<readonly ClientEntry[]> {
    return (await this.list()).flatMap(client => clientEntry(client) ?? [])
  }

  async list(): Promise<readonly Client[]> {
    return (await allRecords<ClientData>(this.#records, kind)).map(([id, data]) => shown(id, data)).sort(byName)
  }

  /** A new secret; the one before it works for `overlapMs` more. */
  async rotate(clientId: string, overlapMs: number): Promise<IssuedSecret> {
    const clientSecret = createCheckedToken(secretPrefix, secretBits)
    const hash = this.#keyring.hash(clientSecret)
    await this.#change(clientId, data => {
      if (data.secrets.length === 0) throw new AccountFailure('conflict', `the client ${clientId} has no secret`)
      if (data.revokedAtMs !== undefined) throw new AccountFailure('conflict', `the client ${clientId} is revoked`)
      const nowMs = this.#now()
      const old = data.secrets.slice(0, 1).map(secret => ({ hash: secret.hash, untilMs: nowMs + overlapMs }))
      return { ...data, secrets: [{ hash }, ...(overlapMs > 0 ? old : [])], rotatedAtMs: nowMs }
    })
    return { clientId, clientSecret }
  }

  /** It gets no more tokens. Those it has are the deny list's business. */
  async revoke(clientId: string): Promise<Client> {
    const data = await this.#change(clientId, data => ({ ...data, revokedAtMs: data.revokedAtMs ?? this.#now() }))
    return shown(clientId, data)
  }

  async checkSecret(clientId: string, secret: string): Promise<boolean> {
    // A typo is told from a guess before anything is looked up.
    if (!isCheckedToken(secret)) return false
    const record = await this.#records.get(kind, clientId)
    if (!record) return false
    const data = JSON.parse(record.json) as ClientData
    if (data.revokedAtMs !== undefined) return false
    const hash = Buffer.from(this.#keyring.hash(secret))
    const nowMs = this.#now()
    return data.secrets.some(
      known => (known.untilMs === undefined || known.untilMs > nowMs) && timingSafeEqual(Buffer.from(known.hash), hash),
    )
  }

  #accountClient(): Client | undefined {
    if (this.accountCallback === undefined) return undefined
    const data: NewClient = {
      name: 'Your account',
      grants: ['authorization_code'],
      scopes: [],
      canIntrospect: false,
      auth: { method: 'none' },
      redirectUris: [this.accountCallback],
      trusted: true,
    }
    return shown(accountClientId, { ...data, secrets: [], createdAtMs: 0 })
  }

  #change(clientId: string, change: (data: ClientData) => ClientData): Promise<ClientData> {
    return changeRecord(this.#records, kind, clientId, change, ({ name }) => ({ indexes: { name } }))
  }
}

/** Undefined when it is revoked, or needs a token. */
export function clientEntry({ clientId, scopes, auth, revokedAtMs }: Client): ClientEntry | undefined {
  if (revokedAtMs !== undefined) return undefined
  const keys = auth.method === 'private_key_jwt' ? (auth.jwks?.keys ?? []) : []
  const certificate = auth.method === 'tls_client_auth' ? nameKey(auth.name) : undefined
  if (keys.length === 0 && certificate === undefined) return undefined
  return { id: clientId, scopes, keys: keys as readonly PublicJwk[], certificate }
}

function shown(clientId: string, data: ClientData): Client {
  const { secrets: _, auth = { method: 'client_secret' }, tokens = 'jwt', bound = 'none', ...rest } = data
  const { redirectUris = [], logoutUris = [], trusted = false, pushed = false, rotatedAtMs, revokedAtMs } = data
  return { clientId, ...rest, auth, tokens, bound, redirectUris, logoutUris, trusted, pushed, rotatedAtMs, revokedAtMs }
}
