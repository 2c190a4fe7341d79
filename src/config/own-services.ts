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

/** What the authorization server answers at. */
export const oauthPaths: readonly string[] = [
  '/oauth/*',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
]

export function accountsConfig({ oauth, issuers }: AccountsInput, dir: string): AccountsConfig {
  return {
    oauth: oauth && { issuer: oauth.issuer, signing: oauth.signing, rotateMs: oauth.rotate },
    issuers: issuers.map(({ jwks, refresh, introspection, ...rest }) => {
      const place = jwks === undefined || /^https?:/.test(jwks) ? jwks : resolve(dir, jwks)
      return { ...rest, jwks: place, refreshMs: refresh, introspection: introspectionOf(introspection, dir) }
    }),
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

/**
 * The routes of the authorization server, at the host of the issuer before any route of the operator for that host, and
 * at hosts that have no routes of their own.
 */
export function oauthRoutes(
  { issuer }: OAuthConfig,
  guards: Readonly<Record<string, GuardConfig>>,
  rest: Pick<RouteConfig, 'mode' | 'body' | 'limits'>,
): RouteConfig[] {
  const hosts = [new URL(issuer).hostname, undefined]
  return hosts.flatMap(host =>
    oauthPaths.map((path): RouteConfig => {
      return {
        name: '(oauth)',
        match: { host, path, methods: undefined },
        to: upstreamName,
        guards,
        paths: 'strict',
        ...rest,
      }
    }),
  )
}
