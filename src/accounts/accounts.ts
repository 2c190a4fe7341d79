// Everything about who may call: clients, API keys, signing keys, revocations, issuers. Lives in the main thread, which
// alone writes the store; what workers must know goes to them with every change, after it is durable.

import type { IssuerConfig, OAuthConfig, SignInConfig } from '../config/config.ts'
import type { PublicJwk, TokenIssuer } from '../lib/jwt.ts'
import type { VerdictKeys } from '../pipeline/identity.ts'
import type { Records } from '../store/store.ts'
import { createAdapter } from './adapter.ts'
import { type ApiKey, ApiKeys, type IssuedKey, type KeyInput } from './api-keys.ts'
import { type Client, Clients, type CreatedClient, clientEntry, type NewClient } from './clients.ts'
import { DenyList } from './deny-list.ts'
import { AccountFailure } from './failure.ts'
import { Follower } from './follower.ts'
import type { ImportedKey, ImportReport } from './imported-key.ts'
import { Issuers } from './issuers.ts'
import { type Keyring, type KeyringPlace, openKeyring, rotateMasterKey } from './keyring.ts'
import { MasterKeyError } from './master-key.ts'
import { createOAuthServer } from './oauth-server.ts'
import { OpaqueTokens, tokenKinds, tokenOf } from './opaque-tokens.ts'
import { defaultLook, readLook } from './pages/layout.ts'
import { People } from './people.ts'
import type { SignInReport } from './report.ts'
import { type AccountsService, openAccountsService } from './service.ts'
import { grantFamily, grantOf } from './sessions.ts'
import { SigningKeys } from './signing-keys.ts'
import { TokenEndpoints } from './token-endpoints.ts'
import { tokenTtlS } from './token-ttl.ts'
import type { ClientEntry, DeniedEntry, IdentityState, IdentityUpdate, KeyEntry } from './update.ts'
import { Users } from './users/users.ts'

export interface AccountsOptions extends KeyringPlace {
  readonly records: Records
  readonly now: () => number
  readonly onUpdate?: (update: IdentityUpdate) => void
  /** How long workers go on with what they know when a shared store is out of reach. */
  readonly staleAfterMs?: number
  readonly log?: (level: 'info' | 'warn' | 'error', message: string) => void
  readonly report?: (report: SignInReport) => void
}

type OwnIssuer = Pick<OAuthConfig, 'issuer' | 'resources'>

const tendEveryMs = 3_600_000
const usedEveryMs = 60_000
const verdictKind = 'verdict-key'
const verdictRotateMs = 30 * 86_400_000
const defaultStaleAfterMs = 60_000

export class Accounts {
  readonly clients: Clients
  readonly keys: ApiKeys
  readonly users: Users
  /** What changes a user and ends what they have open. */
  readonly people: People
  readonly now: () => number
  readonly #options: AccountsOptions
  readonly #records: Records
  readonly #keyring: Keyring
  readonly #signingKeys: SigningKeys
  readonly #verdictSigning: SigningKeys
  #verdictKeys: VerdictKeys | undefined
  readonly #denied: DenyList
  readonly #issuers: Issuers
  readonly #follower: Follower
  #isStale = false
  #socketPath: string | undefined
  readonly #endpoints: TokenEndpoints
  readonly #tokens = new OpaqueTokens()
  /** Whose opaque tokens are loaded. */
  #tokensOf: string | undefined
  /** When `last used` of a key was last written. */
  readonly #usedAtMs = new Map<string, number>()
  #oauth: OAuthConfig | undefined
  #look = defaultLook
  #own: TokenIssuer | undefined
  #service: AccountsService | undefined
  /** A reload and the hourly work never meet. */
  #turn: Promise<void> = Promise.resolve()
  #tending: NodeJS.Timeout | undefined
  /** What workers know, so that one that starts learns it in one moment. */
  readonly #entries = new Map<string, KeyEntry>()
  readonly #clientEntries = new Map<string, ClientEntry>()
  readonly #deniedEntries = new Map<string, DeniedEntry>()

  private constructor(options: AccountsOptions, keyring: Keyring) {
    const { records, now } = options
    this.#options = options
    this.now = now
    this.#records = records
    this.#keyring = keyring
    this.clients = new Clients(records, keyring, now)
    this.keys = new ApiKeys(records, keyring, now)
    this.users = new Users(records, keyring, now, message => options.log?.('warn', message))
    this.people = new People(this.users, records, now, {
      denyGrant: family => this.#denyGrant(family),
      denyUser: (userId, issuedBeforeMs) => this.#denyUser(userId, issuedBeforeMs),
    })
    this.#signingKeys = new SigningKeys(records, keyring, now)
    this.#verdictSigning = new SigningKeys(records, keyring, now, verdictKind)
    this.#denied = new DenyList(records, now)
    this.#endpoints = new TokenEndpoints({
      clients: this.clients,
      issuer: () => {
        if (!this.#own) throw new Error('there is no issuer')
        return this.#own
      },
      isDenied: (whats, issuedAtMs) => this.#denied.has(whats, issuedAtMs),
      deny: entry => this.#deny(entry),
      now,
    })
    this.#issuers = new Issuers({
      onChange: () => this.#tellIssuers(),
      onProblem: message => options.log?.('warn', message),
    })
    this.#follower = new Follower({
      staleAfterMs: options.staleAfterMs ?? defaultStaleAfterMs,
      take: (kind, id) => this.#take(kind, id),
      takeAll: () => this.#takeAll(),
      onStale: stale => {
        this.#isStale = stale
        this.#tell({ stale })
      },
      log: options.log ?? (() => {}),
    })
  }

  /** @throws MasterKeyError when the master key is missing or wrong */
  static async openForGateway(options: AccountsOptions): Promise<Accounts> {
    const accounts = await Accounts.open(options)
    try {
      await options.records.watch(accounts.#follower) // before all is read, so that nothing falls in between
      for (const entry of await accounts.keys.entries()) accounts.#entries.set(entry.id, entry)
      for (const entry of await accounts.clients.entries()) accounts.#clientEntries.set(entry.id, entry)
      for (const entry of await accounts.#denied.entries()) accounts.#deniedEntries.set(entry.what, entry)
      return accounts
    } catch (error) {
      await accounts.close()
      throw error
    }
  }

  /** For a look or a change without a gateway. @throws MasterKeyError when the master key is missing or wrong */
  static async open(options: AccountsOptions): Promise<Accounts> {
    try {
      return new Accounts(options, await openKeyring(options.records, options))
    } catch (error) {
      await options.records.close()
      throw error
    }
  }

  /**
   * What workers would know now, without a gateway and without a change: not the keys of other issuers, which are fetched.
   * @throws MasterKeyError when the master key is missing or wrong
   */
  static async look(options: AccountsOptions, oauth: OwnIssuer | undefined): Promise<IdentityState> {
    const accounts = await Accounts.openForGateway(options)
    try {
      if (oauth) {
        accounts.#own = ownIssuer(oauth, await accounts.#signingKeys.published())
        await accounts.#tokens.load(options.records, oauth.issuer, options.now())
      }
      return accounts.state()
    } finally {
      await accounts.close()
    }
  }

  /** Serves the authorization server, if there is one, on a socket, and verifies tokens of other issuers. */
  async use(oauth: OAuthConfig | undefined, issuers: readonly IssuerConfig[], socketPath: string): Promise<void> {
    this.#socketPath = socketPath
    await this.#inTurn(async () => {
      if (oauth) this.#useSignIn(oauth.signIn)
      this.#oauth = oauth
      this.#issuers.use(issuers)
      await this.#tend(socketPath)
    })
    this.#tending ??= setInterval(() => {
      this.#inTurn(() => this.#tend(socketPath)).catch(error =>
        this.#options.log?.('error', `accounts were not tended: ${String(error)}`),
      )
    }, tendEveryMs).unref()
  }

  #useSignIn({ title, theme, passwordLength, breachedPasswords, requireSecondFactor }: SignInConfig): void {
    this.#look = readLook(title, theme)
    this.users.useSecondFactorDuty(requireSecondFactor)
    this.users.useRules({ charactersMin: passwordLength, breached: breachedPasswords })
  }

  state(): IdentityState {
    return {
      pepper: this.#keyring.pepper,
      nonceSecret: this.#keyring.nonceSecret,
      issuers: this.#allIssuers(),
      introspection: this.#issuers.introspection,
      keys: [...this.#entries.values()],
      clients: [...this.#clientEntries.values()],
      tokens: this.#tokens.entries(),
      denied: [...this.#deniedEntries.values()],
      stale: this.#isStale,
      verdictKeys: this.#verdictKeys,
    }
  }

  async createKey(input: KeyInput): Promise<IssuedKey> {
    const { issued, entry } = await this.keys.create(input)
    this.#tell({ keys: [entry] })
    return issued
  }

  async importKeys(given: readonly ImportedKey[], isDryRun: boolean): Promise<ImportReport> {
    const { report, entries } = await this.keys.import(given, isDryRun)
    if (entries.length > 0) this.#tell({ keys: entries })
    return report
  }

  async rotateKey(keyId: string, overlapMs: number): Promise<IssuedKey> {
    const { issued, entry } = await this.keys.rotate(keyId, overlapMs)
    this.#tell({ keys: [entry] })
    return issued
  }

  async revokeKey(keyId: string): Promise<ApiKey> {
    const key = await this.keys.revoke(keyId)
    this.#tell({ removedKeys: [keyId] })
    return key
  }

  /** @throws AccountFailure when it can't be done */
  async rotateMasterKey(newKey: string | undefined): Promise<void> {
    try {
      await rotateMasterKey(this.#records, this.#keyring, this.#options, newKey)
    } catch (error) {
      throw error instanceof MasterKeyError ? new AccountFailure('conflict', error.message) : error
    }
  }

  async createClient(input: NewClient): Promise<CreatedClient> {
    const created = await this.clients.create(input)
    await this.#tellClient(created.clientId)
    return created
  }

  async #tellClient(clientId: string): Promise<void> {
    const client = await this.clients.get(clientId)
    const entry = client && clientEntry(client)
    if (entry) this.#tell({ clients: [entry] })
    else if (this.#clientEntries.has(clientId)) this.#tell({ removedClients: [clientId] })
  }

  /** It gets no more tokens, and those it has are refused. */
  async revokeClient(clientId: string): Promise<Client> {
    const client = await this.clients.revoke(clientId)
    await this.#tellClient(clientId)
    await this.#deny(this.#untilForgotten(`client:${clientId}`))
    return client
  }

  #denyUser(userId: string, issuedBeforeMs: number | undefined): Promise<void> {
    const entry = this.#untilForgotten(`user:${userId}`)
    return this.#deny(issuedBeforeMs === undefined ? entry : { ...entry, issuedBeforeMs })
  }

  /** A token that is being made at this moment lives as long as any. */
  #untilForgotten(what: string): DeniedEntry {
    return { what, untilMs: this.now() + 2 * tokenTtlS * 1000 }
  }

  /** Workers tell which keys were used; written no more often than a person would look. */
  async keysUsed(used: readonly (readonly [id: string, atMs: number])[]): Promise<void> {
    for (const [id, atMs] of used) {
      if (atMs - (this.#usedAtMs.get(id) ?? 0) < usedEveryMs) continue
      this.#usedAtMs.set(id, atMs)
      // It may have been deleted since.
      await this.keys.used(id, atMs).catch(error => this.#options.log?.('warn', `last use not written: ${error}`))
    }
  }

  wantKeys(issuer: string): void {
    this.#issuers.want(issuer)
  }

  async close(): Promise<void> {
    clearInterval(this.#tending)
    this.#follower.close()
    this.#issuers.close()
    await this.#turn
    await this.#service?.close()
    await this.#records.close()
  }

  /** What another gateway has changed. Kinds that workers know nothing of are read when they are asked for. */
  async #take(kind: string, id: string): Promise<void> {
    if (kind === 'api-key') {
      const entry = await this.keys.entry(id)
      this.#tell(entry ? { keys: [entry] } : { removedKeys: [id] })
    } else if (kind === 'client') await this.#tellClient(id)
    else if (kind === 'denied') {
      const entry = await this.#denied.entry(id)
      if (entry) this.#tell({ denied: [entry] })
    } else if (tokenKinds.includes(kind) && this.#tokensOf !== undefined) {
      const token = await this.#tokens.take(this.#records, kind, id, this.#tokensOf)
      this.#tell(token ? { tokens: [token] } : { removedTokens: [id] })
    } else if (kind === 'signing-key' || kind === verdictKind) await this.#tendAgain()
  }

  async #takeAll(): Promise<void> {
    const keys = await this.keys.entries()
    const known = new Set(keys.map(({ id }) => id))
    const removedKeys = [...this.#entries.keys()].filter(id => !known.has(id))
    const clients = await this.clients.entries()
    const knownClients = new Set(clients.map(({ id }) => id))
    const removedClients = [...this.#clientEntries.keys()].filter(id => !knownClients.has(id))
    this.#tell({ clients, removedClients })
    this.#tell({ keys, removedKeys, denied: await this.#denied.entries() })
    if (this.#tokensOf !== undefined) {
      const removedTokens = await this.#tokens.reload(this.#records, this.#tokensOf, this.now())
      this.#tell({ tokens: this.#tokens.entries(), removedTokens })
    }
    await this.#tendAgain()
  }

  async #tendAgain(): Promise<void> {
    const socketPath = this.#socketPath
    if (socketPath !== undefined) await this.#inTurn(() => this.#tend(socketPath))
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  /** Makes signing keys as their time wants it, tells workers, and removes what has expired. */
  async #tend(socketPath: string): Promise<void> {
    await this.#records.prune(this.now())
    this.#denied.pruned()
    for (const [what, { untilMs }] of this.#deniedEntries) {
      if (untilMs <= this.now()) this.#deniedEntries.delete(what)
    }
    await this.#tendVerdictKeys()
    const oauth = this.#oauth
    if (!oauth) {
      await this.#service?.close()
      this.#service = undefined
      this.#own = undefined
      this.#tellIssuers()
      return
    }
    const { issuer, signing, rotateMs, tokenTtlMs, resources, signIn } = oauth
    this.#tokens.sweep(this.now())
    if (this.#tokensOf !== issuer) {
      await this.#tokens.load(this.#records, issuer, this.now())
      this.#tokensOf = issuer
      this.#tell({ tokens: this.#tokens.entries() })
    }
    const keys = await this.#signingKeys.current(signing, rotateMs)
    this.#own = ownIssuer(oauth, keys.public)
    const server = createOAuthServer({
      issuer,
      algorithm: signing,
      tokenTtlS: tokenTtlMs / 1000,
      keys,
      clients: this.clients,
      users: this.users,
      look: this.#look,
      resources,
      providers: signIn.providers,
      records: this.#records,
      keyring: this.#keyring,
      adapter: this.#adapter(issuer),
      endpoints: this.#endpoints,
      setPassword: (userId, password) => this.people.setPassword(userId, password),
      now: this.now,
      onError: message => this.#options.log?.('error', message),
      report: report => this.#options.report?.(report),
    })
    if (this.#service) this.#service.use(server, issuer)
    else this.#service = await openAccountsService(socketPath, this.#endpoints, server, issuer)
    this.#tellIssuers()
  }

  async #tendVerdictKeys(): Promise<void> {
    const keys = await this.#verdictSigning.current('EdDSA', verdictRotateMs)
    const [signing] = keys.private
    if (!signing?.kid) throw new Error('there is no key for verdicts')
    this.#verdictKeys = { private: { ...signing, kid: signing.kid }, public: keys.public }
    this.#tell({ verdictKeys: this.#verdictKeys })
  }

  #adapter(issuer: string): ReturnType<typeof createAdapter> {
    return createAdapter({
      records: this.#records,
      clients: this.clients,
      keyring: this.#keyring,
      now: this.now,
      hasRoom: () => !this.#tokens.isFull,
      onToken: (hash, payload) => this.#tell({ tokens: [this.#tokens.add(tokenOf(hash, payload, issuer))] }),
      onTokenGone: hash => {
        this.#tokens.remove(hash)
        this.#tell({ removedTokens: [hash] })
      },
      onGrantGone: grantId => this.#denyGrant(grantFamily(grantId)),
    })
  }

  async #denyGrant(family: string): Promise<void> {
    const removedTokens = this.#tokens.removeGrant(grantOf(family))
    if (removedTokens.length > 0) this.#tell({ removedTokens })
    await this.#deny(this.#untilForgotten(family))
  }

  async #deny(entry: DeniedEntry): Promise<void> {
    await this.#denied.add(entry)
    this.#tell({ denied: [entry] })
  }

  #allIssuers(): readonly TokenIssuer[] {
    const others = this.#issuers.list().filter(({ issuer }) => issuer !== this.#own?.issuer)
    return this.#own ? [this.#own, ...others] : others
  }

  #tellIssuers(): void {
    this.#tell({ issuers: this.#allIssuers(), introspection: this.#issuers.introspection })
  }

  #tell(update: IdentityUpdate): void {
    for (const entry of update.keys ?? []) this.#entries.set(entry.id, entry)
    for (const id of update.removedKeys ?? []) this.#entries.delete(id)
    for (const entry of update.clients ?? []) this.#clientEntries.set(entry.id, entry)
    for (const id of update.removedClients ?? []) this.#clientEntries.delete(id)
    for (const entry of update.denied ?? []) this.#deniedEntries.set(entry.what, entry)
    this.#options.onUpdate?.(update)
  }
}

function ownIssuer({ issuer, resources }: OwnIssuer, keys: readonly PublicJwk[]): TokenIssuer {
  const algorithms = ['ES256', 'EdDSA', 'RS256'] as const
  return { issuer, audience: [issuer], otherAudience: resources, algorithms, typ: 'at+jwt', keys }
}

export function accountsPath(stateDir: string): string {
  return `${stateDir}/accounts.db`
}

export function accountsSocketPath(stateDir: string): string {
  return `${stateDir}/accounts.sock`
}
