// The authorization server as it runs: made anew when the config or a signing key changes, served on a socket of its own,
// and gone when the config has none.

import type { OAuthConfig, SignInConfig } from '../config/config.ts'
import type { PublicJwk, TokenIssuer } from '../lib/jwt.ts'
import type { Records } from '../store/store.ts'
import { createAdapter } from './adapter.ts'
import type { Clients } from './clients.ts'
import type { Keyring } from './keyring.ts'
import type { Knowledge } from './knowledge.ts'
import { createOAuthServer } from './oauth-server.ts'
import { type OpaqueTokens, tokenOf } from './opaque-tokens.ts'
import { defaultLook, readLook } from './pages/layout.ts'
import type { People } from './people.ts'
import type { SignInReport } from './report.ts'
import type { Revocations } from './revocations.ts'
import { type AccountsService, openAccountsService } from './service.ts'
import { grantFamily } from './sessions.ts'
import type { SigningKeys } from './signing-keys.ts'
import { TokenEndpoints } from './token-endpoints.ts'
import type { Users } from './users/users.ts'

export interface AuthorizationOptions {
  readonly records: Records
  readonly keyring: Keyring
  readonly now: () => number
  readonly signingKeys: SigningKeys
  readonly clients: Clients
  readonly users: Users
  readonly people: People
  readonly tokens: OpaqueTokens
  readonly revocations: Revocations
  readonly knowledge: Knowledge
  readonly isDenied: (whats: readonly string[], issuedAtMs: number) => Promise<boolean>
  readonly onError: (message: string) => void
  readonly report: (report: SignInReport) => void
}

export type OwnIssuer = Pick<OAuthConfig, 'issuer' | 'resources'>

export class Authorization {
  readonly #options: AuthorizationOptions
  readonly #endpoints: TokenEndpoints
  #look = defaultLook
  #own: TokenIssuer | undefined
  #service: AccountsService | undefined

  constructor(options: AuthorizationOptions) {
    this.#options = options
    const { clients, isDenied, revocations, now } = options
    this.#endpoints = new TokenEndpoints({
      clients,
      issuer: () => {
        if (!this.#own) throw new Error('there is no issuer')
        return this.#own
      },
      isDenied,
      deny: entry => revocations.deny(entry),
      now,
    })
  }

  /** What verifies its tokens; undefined where there is no server. */
  get issuer(): TokenIssuer | undefined {
    return this.#own
  }

  /** @throws Error when the theme can't be read */
  useSignIn({ title, theme, passwordLength, breachedPasswords, requireSecondFactor }: SignInConfig): void {
    const { users } = this.#options
    this.#look = readLook(title, theme)
    users.useSecondFactorDuty(requireSecondFactor)
    users.useRules({ charactersMin: passwordLength, breached: breachedPasswords })
  }

  /** What would verify its tokens, without serving any. */
  async look(oauth: OwnIssuer): Promise<void> {
    const { signingKeys, tokens, records, now } = this.#options
    this.#own = ownIssuer(oauth, await signingKeys.published())
    await tokens.load(records, oauth.issuer, now())
  }

  async serve(oauth: OAuthConfig, socketPath: string): Promise<void> {
    const { records, now, signingKeys, tokens, knowledge } = this.#options
    const { issuer, signing, rotateMs } = oauth
    tokens.sweep(now())
    if (tokens.issuer !== issuer) {
      await tokens.load(records, issuer, now())
      knowledge.tell({ tokens: tokens.entries() })
    }
    const keys = await signingKeys.current(signing, rotateMs)
    this.#own = ownIssuer(oauth, keys.public)
    const { people, onError, report, clients, users, keyring } = this.#options
    const server = createOAuthServer({
      issuer,
      algorithm: signing,
      tokenTtlS: oauth.tokenTtlMs / 1000,
      keys,
      clients,
      users,
      look: this.#look,
      resources: oauth.resources,
      providers: oauth.signIn.providers,
      records,
      keyring,
      adapter: this.#adapter(issuer),
      endpoints: this.#endpoints,
      setPassword: (userId, password) => people.setPassword(userId, password),
      signOut: userId => people.signOut(userId),
      now,
      onError,
      report,
    })
    if (this.#service) this.#service.use(server, issuer)
    else this.#service = await openAccountsService(socketPath, this.#endpoints, server, issuer)
  }

  async close(): Promise<void> {
    await this.#service?.close()
    this.#service = undefined
    this.#own = undefined
  }

  #adapter(issuer: string): ReturnType<typeof createAdapter> {
    const { records, clients, keyring, now, tokens, revocations, knowledge } = this.#options
    return createAdapter({
      records,
      clients,
      keyring,
      now,
      hasRoom: () => !tokens.isFull,
      onToken: (hash, payload) => knowledge.tell({ tokens: [tokens.add(tokenOf(hash, payload, issuer))] }),
      onTokenGone: hash => {
        tokens.remove(hash)
        knowledge.tell({ removedTokens: [hash] })
      },
      onGrantGone: grantId => revocations.denyGrant(grantFamily(grantId)),
    })
  }
}

function ownIssuer({ issuer, resources }: OwnIssuer, keys: readonly PublicJwk[]): TokenIssuer {
  const algorithms = ['ES256', 'EdDSA', 'RS256'] as const
  return { issuer, audience: [issuer], otherAudience: resources, algorithms, typ: 'at+jwt', keys }
}
