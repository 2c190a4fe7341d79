// Services of our own as upstreams with routes: they run in the main thread behind a private socket and are reached
// through the guards of the gateway like any other upstream.

import { join, resolve } from 'node:path'
import type { AccountsInput } from './accounts-schema.ts'
import type {
  AccountsConfig,
  GuardConfig,
  IntrospectionConfig,
  OAuthConfig,
  RouteConfig,
  UpstreamConfig,
} from './config.ts'

/** No upstream of an operator can have this name: brackets are not allowed in names. */
const upstreamName = '(accounts)'

/** The contract of the token endpoint: `expires_in` 3600. */
const defaultTokenMs = 3_600_000

/** The worker itself answers there. */
export const verdictKeysName = '(verdict-keys)'
const verdictKeysPath = '/.well-known/merlon/jwks.json'

/** Asked with an access token, which the guard `authn` judges as on any route. */
const userinfoPath = '/oauth/userinfo'

/** What the authorization server answers at. */
export const oauthPaths: readonly string[] = [
  '/oauth/*',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
]

export function accountsConfig(
  { oauth, issuers }: AccountsInput,
  dir: string,
  tokenTtlMs = defaultTokenMs,
): AccountsConfig {
  return {
    oauth: oauth && oauthConfig(oauth, dir, tokenTtlMs),
    issuers: issuers.map(({ jwks, refresh, introspection, ...rest }) => {
      const place = jwks === undefined || /^https?:/.test(jwks) ? jwks : resolve(dir, jwks)
      return { ...rest, jwks: place, refreshMs: refresh, introspection: introspectionOf(introspection, dir) }
    }),
  }
}

function oauthConfig(
  { issuer, signing, rotate, tokenTtl, resources, signIn }: NonNullable<AccountsInput['oauth']>,
  dir: string,
  tokenTtlMs: number,
): OAuthConfig {
  const { title, theme, passwordLength, breachedPasswords, requireSecondFactor, providers } = signIn
  return {
    issuer,
    signing,
    rotateMs: rotate,
    tokenTtlMs: tokenTtl ?? tokenTtlMs,
    resources,
    signIn: {
      title,
      theme: theme === undefined ? undefined : resolve(dir, theme),
      passwordLength,
      breachedPasswords,
      requireSecondFactor,
      providers: providers.map(({ clientSecret, ...rest }) => {
        return { ...rest, clientSecret: keyReference(clientSecret, dir) ?? clientSecret }
      }),
    },
  }
}

function introspectionOf(
  given: AccountsInput['issuers'][number]['introspection'],
  dir: string,
): IntrospectionConfig | undefined {
  if (!given) return undefined
  const { endpoint, clientId, clientSecret, ttl, negativeTtl } = given
  const secret = keyReference(clientSecret, dir) ?? clientSecret
  return { endpoint, clientId, clientSecret: secret, ttlMs: ttl, negativeTtlMs: negativeTtl }
}

/** `file:` is seen from the folder of the config. */
export function keyReference(key: string | undefined, dir: string): string | undefined {
  return key?.startsWith('file:') ? `file:${resolve(dir, key.slice(5))}` : key
}

export function accountsUpstream(stateDir: string): Record<string, UpstreamConfig> {
  const socketPath = join(stateDir, 'accounts.sock')
  return { [upstreamName]: { servers: ['http://accounts.merlon'], health: undefined, socketPath } }
}

/** Where upstreams find the keys that verify what they are told. */
export function verdictKeysRoute(
  guards: Readonly<Record<string, GuardConfig>>,
  rest: Pick<RouteConfig, 'mode' | 'body' | 'limits'>,
): RouteConfig {
  const match = { host: undefined, path: verdictKeysPath, methods: ['GET'] }
  return { name: '(verdict)', match, to: verdictKeysName, guards, paths: 'strict', ...rest }
}

/**
 * The routes of the authorization server, at the host of the issuer before any route of the operator for that host, and
 * at hosts that have no routes of their own.
 */
export function oauthRoutes(
  { issuer }: OAuthConfig,
  guards: Readonly<Record<string, GuardConfig>>,
  userinfoGuards: Readonly<Record<string, GuardConfig>>,
  rest: Pick<RouteConfig, 'mode' | 'body' | 'limits'>,
): RouteConfig[] {
  const hosts = [new URL(issuer).hostname, undefined]
  const own = { name: '(oauth)', to: upstreamName, paths: 'strict', ...rest } as const
  return hosts.flatMap((host): RouteConfig[] => [
    { ...own, match: { host, path: userinfoPath, methods: ['GET', 'POST'] }, guards: userinfoGuards },
    ...oauthPaths.map((path): RouteConfig => ({ ...own, match: { host, path, methods: undefined }, guards })),
  ])
}
