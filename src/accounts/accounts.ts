// Everything about who may call: clients, API keys, signing keys, revocations, issuers. Lives in the main thread, which
// alone writes the store; what workers must know goes to them with every change, after it is durable.

import type { IssuerConfig, OAuthConfig } from '../config/config.ts'
import type { TokenIssuer } from '../lib/jwt.ts'
import type { VerdictKeys } from '../pipeline/identity.ts'
import type { Records } from '../store/store.ts'
import { type ApiKey, ApiKeys, type IssuedKey, type KeyInput } from './api-keys.ts'
import { Authorization, type OwnIssuer } from './authorization.ts'
import { type Client, Clients, type CreatedClient, type NewClient } from './clients.ts'
import { DenyList } from './deny-list.ts'
import { AccountFailure } from './failure.ts'
import { Follower } from './follower.ts'
import type { ImportedKey, ImportReport } from './imported-key.ts'
import { Issuers } from './issuers.ts'
import { type Keyring, type KeyringPlace, openKeyring, rotateMasterKey } from './keyring.ts'
import { Knowledge } from './knowledge.ts'
import { MasterKeyError } from './master-key.ts'
import { OpaqueTokens } from './opaque-tokens.ts'
import { People } from './people.ts'
import type { SignInReport } from './report.ts'
import { Revocations } from './revocations.ts'
import { SharedChanges } from './shared-changes.ts'
import { SigningKeys, verdictKind } from './signing-keys.ts'
import type { IdentityState, IdentityUpdate } from './update.ts'
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

const tendEveryMs = 3_600_000
const usedEveryMs = 60_000
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
  readonly #verdictSigning: SigningKeys
  #verdictKeys: VerdictKeys | undefined
  readonly #denied: DenyList
  readonly #tokens = new OpaqueTokens()
  readonly #knowledge: Knowledge
  readonly #revocations: Revocations
  readonly #authorization: Authorization
  readonly #issuers: Issuers
  readonly #changes: SharedChanges
  readonly #follower: Follower
  #oauth: OAuthConfig | undefined
  #socketPath: string | undefined
  /** When `last used` of a key was last written. */
  readonly #usedAtMs = new Map<string, number>()
  /** A reload and the hourly work never meet. */
  #turn: Promise<void> = Promise.resolve()
  #tending: NodeJS.Timeout | undefined

  private constructor(options: AccountsOptions, keyring: Keyring) {
    const { records, now, log = () => {} } = options
    this.#options = options
    this.now = now
    this.#records = records
    this.#keyring = keyring
    this.clients = new Clients(records, keyring, now)
    this.keys = new ApiKeys(records, keyring, now)
    this.users = new Users(records, keyring, now, message => log('warn', message))
    this.#denied = new DenyList(records, now)
    this.#knowledge = new Knowledge(options.onUpdate)
    this.#revocations = new Revocations(this.#denied, this.#tokens, this.#knowledge, now)
    this.people = new People(this.users, records, now, this.#revocations)
    this.#verdictSigning = new SigningKeys(records, keyring, now, verdictKind)
    this.#authorization = new Authorization({
      records,
      keyring,
      now,
      signingKeys: new SigningKeys(records, keyring, now),
      clients: this.clients,
      users: this.users,
      people: this.people,
      tokens: this.#tokens,
      revocations: this.#revocations,
      knowledge: this.#knowledge,
      isDenied: (whats, issuedAtMs) => this.#denied.has(whats, issuedAtMs),
      onError: message => log('error', message),
      report: report => options.report?.(report),
    })
    this.#issuers = new Issuers({ onChange: () => this.#tellIssuers(), onProblem: message => log('warn', message) })
    this.#changes = new SharedChanges({
      records,
      keys: this.keys,
      clients: this.clients,
      denied: this.#denied,
      tokens: this.#tokens,
      knowledge: this.#knowledge,
      now,
      onSigningKeys: () => this.#tendAgain(),
    })
    this.#follower = new Follower({
      staleAfterMs: options.staleAfterMs ?? defaultStaleAfterMs,
      take: (kind, id) => this.#changes.take(kind, id),
      takeAll: () => this.#changes.takeAll(),
      onStale: stale => this.#knowledge.tell({ stale }),
      log,
    })
  }

  /** @throws MasterKeyError when the master key is missing or wrong */
  static async openForGateway(options: AccountsOptions): Promise<Accounts> {
    const accounts = await Accounts.open(options)
    try {
      await options.records.watch(accounts.#follower) // before all is read, so that nothing falls in between
      accounts.#knowledge.load(await accounts.#changes.read())
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
      if (oauth) await accounts.#authorization.look(oauth)
      return accounts.state()
    } finally {
      await accounts.close()
    }
  }

  /** Serves the authorization server, if there is one, on a socket, and verifies tokens of other issuers. */
  async use(oauth: OAuthConfig | undefined, issuers: readonly IssuerConfig[], socketPath: string): Promise<void> {
    this.#socketPath = socketPath
    await this.#inTurn(async () => {
      if (oauth) this.#authorization.useSignIn(oauth.signIn)
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

  state(): IdentityState {
    return {
      pepper: this.#keyring.pepper,
      nonceSecret: this.#keyring.nonceSecret,
      issuers: this.#allIssuers(),
      introspection: this.#issuers.introspection,
      tokens: this.#tokens.entries(),
      verdictKeys: this.#verdictKeys,
      ...this.#knowledge.state,
    }
  }

  async createKey(input: KeyInput): Promise<IssuedKey> {
    const { issued, entry } = await this.keys.create(input)
    this.#knowledge.tell({ keys: [entry] })
    return issued
  }

  async importKeys(given: readonly ImportedKey[], isDryRun: boolean): Promise<ImportReport> {
    const { report, entries } = await this.keys.import(given, isDryRun)
    if (entries.length > 0) this.#knowledge.tell({ keys: entries })
    return report
  }

  async rotateKey(keyId: string, overlapMs: number): Promise<IssuedKey> {
    const { issued, entry } = await this.keys.rotate(keyId, overlapMs)
    this.#knowledge.tell({ keys: [entry] })
    return issued
  }

  async revokeKey(keyId: string): Promise<ApiKey> {
    const key = await this.keys.revoke(keyId)
    this.#knowledge.tell({ removedKeys: [keyId] })
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
    await this.#changes.takeClient(created.clientId)
    return created
  }

  /** It gets no more tokens, and those it has are refused. */
  async revokeClient(clientId: string): Promise<Client> {
    const client = await this.clients.revoke(clientId)
    await this.#changes.takeClient(clientId)
    await this.#revocations.denyClient(clientId)
    return client
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
    await this.#authorization.close()
    await this.#records.close()
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
    this.#knowledge.forgetDenied(this.now())
    await this.#tendVerdictKeys()
    if (this.#oauth) await this.#authorization.serve(this.#oauth, socketPath)
    else await this.#authorization.close()
    this.#tellIssuers()
  }

  async #tendVerdictKeys(): Promise<void> {
    const keys = await this.#verdictSigning.current('EdDSA', verdictRotateMs)
    const [signing] = keys.private
    if (!signing?.kid) throw new Error('there is no key for verdicts')
    this.#verdictKeys = { private: { ...signing, kid: signing.kid }, public: keys.public }
    this.#knowledge.tell({ verdictKeys: this.#verdictKeys })
  }

  #allIssuers(): readonly TokenIssuer[] {
    const own = this.#authorization.issuer
    const others = this.#issuers.list().filter(({ issuer }) => issuer !== own?.issuer)
    return own ? [own, ...others] : others
  }

  #tellIssuers(): void {
    this.#knowledge.tell({ issuers: this.#allIssuers(), introspection: this.#issuers.introspection })
  }
}

export function accountsPath(stateDir: string): string {
  return `${stateDir}/accounts.db`
}

export function accountsSocketPath(stateDir: string): string {
  return `${stateDir}/accounts.sock`
}
