// The authorization server (OAuth 2.0, RFC 6749) on oidc-provider: which features are on, where they stand, what tokens
// look like. Access tokens are JWTs (RFC 9068) for one resource, the issuer itself.

import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Provider, { type Configuration, errors, type JWKS } from 'oidc-provider'
import type { Records } from '../store/store.ts'
import { createAdapter } from './adapter.ts'
import type { Clients } from './clients.ts'
import type { Look } from './pages/layout.ts'
import { Pages } from './pages/pages.ts'
import type { SigningAlgorithm, SigningKeySet } from './signing-keys.ts'
import { tokenTtlS } from './token-ttl.ts'
import { userGrantConfiguration, userScopes } from './user-grants.ts'
import type { Users } from './users/users.ts'

export interface OAuthServerOptions {
  readonly issuer: string
  readonly algorithm: SigningAlgorithm
  readonly keys: SigningKeySet
  readonly clients: Clients
  readonly users: Users
  readonly look: Look
  readonly records: Records
  readonly cookieKey: string
  /** 32 bytes. */
  readonly nonceSecret: Buffer
  readonly now: () => number
  readonly onGrantGone: (grantId: string) => Promise<void>
  readonly onError: (message: string) => void
}

/** Serves the whole protocol but introspection and revocation, which know JWTs here (token-endpoints.ts). */
export function createOAuthServer(
  options: OAuthServerOptions,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const { issuer, clients, records } = options
  const provider = new Provider(issuer, configurationOf(options))
  // Requests come from our own gateway, which writes these headers itself.
  provider.proxy = true
  provider.Client.prototype.compareClientSecret = function (actual: string) {
    return clients.checkSecret(this.clientId, actual)
  }
  // Its own looks first and writes then: of two requests with one proof at the same time both would be the first.
  provider.ReplayDetection.unique = (issuer: string, id: string, expS: number) => {
    const key = hash('sha256', JSON.stringify([issuer, id]), 'base64url')
    return records
      .put({ kind: 'seen', id: key, json: '{}', expiresAtMs: expS * 1000 }, 0)
      .then(put => put !== undefined)
  }
  provider.on('server_error', (_ctx, error) => options.onError(`the authorization server failed: ${error.message}`))
  const pages = new Pages({ ...options, provider, key: options.cookieKey })
  const callback = provider.callback()
  return async (req, res) => {
    if (!(await pages.handle(req, res))) await callback(req, res)
  }
}

/**
 * The scopes a client may have. Who asks for none gets all of its own, who asks for one that is not its own is told so;
 * the provider would drop it in silence.
 */
async function allowedScope(
  clients: Clients,
  clientId: string,
  asked: unknown,
  besides: readonly string[],
): Promise<string> {
  const allowed = (await clients.get(clientId))?.scopes ?? []
  const isAllowed = (scope: string) => allowed.includes(scope) || besides.includes(scope)
  const strange = typeof asked === 'string' ? asked.split(' ').find(scope => !isAllowed(scope)) : undefined
  if (strange !== undefined) throw new errors.InvalidScope('requested scope is not allowed', strange)
  return allowed.join(' ')
}

function configurationOf(options: OAuthServerOptions) {
  const { issuer, algorithm, keys, clients, records, cookieKey, nonceSecret, now } = options
  const { deviceFlow, cookies, ttl, ...forUsers } = userGrantConfiguration(options)
  const configuration: Configuration = {
    ...forUsers,
    adapter: createAdapter({ records, clients, now, onGrantGone: options.onGrantGone }),
    jwks: { keys: [...keys.private] } as JWKS,
    routes: {
      authorization: '/oauth/authorize',
      code_verification: '/oauth/device',
      device_authorization: '/oauth/device_authorization',
      token: '/oauth/token',
      introspection: '/oauth/introspect',
      revocation: '/oauth/revoke',
      jwks: '/.well-known/jwks.json',
    },
    cookies: { ...cookies, keys: [cookieKey] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientDefaults: {
      id_token_signed_response_alg: algorithm,
      grant_types: ['client_credentials'],
      response_types: [],
    },
    enabledJWA: {
      idTokenSigningAlgValues: [algorithm],
      dPoPSigningAlgValues: ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'RS256', 'PS256'],
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow,
      registration: { enabled: false },
      dPoP: { enabled: true, nonceSecret, requireNonce: () => true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => issuer,
        useGrantedResource: () => true,
        getResourceServerInfo: async (ctx, resource, { clientId }) => {
          if (resource !== issuer) throw new errors.InvalidTarget()
          const params = ctx.oidc.params
          const isTokenRequest = ctx.oidc.route === 'token'
          const isForItself = isTokenRequest && params?.['grant_type'] === 'client_credentials'
          const scope = await allowedScope(clients, clientId, params?.['scope'], isForItself ? [] : userScopes)
          const isFirst = isForItself || !isTokenRequest
          if (params && isFirst && params['scope'] === undefined && scope !== '') params['scope'] = scope
          return {
            audience: issuer,
            scope,
            accessTokenTTL: tokenTtlS,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: algorithm } },
          }
        },
      },
    },
    ttl: { ...ttl, ClientCredentials: tokenTtlS },
  }
  return configuration
}
