// The authorization server (OAuth 2.0, RFC 6749) on oidc-provider: which features are on, where they stand, what tokens
// look like. Access tokens are JWTs (RFC 9068) for one resource, the issuer itself.

import { hash, X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Provider, { type Configuration, errors, type JWKS, type KoaContextWithOIDC } from 'oidc-provider'
import type { ProviderConfig } from '../config/config.ts'
import { certificateHeader, readCertificate } from '../lib/shown-certificate.ts'
import type { Records } from '../store/store.ts'
import { type createAdapter, usedAlready } from './adapter.ts'
import { hasName } from './certificate-names.ts'
import { nameKindOf } from './client-auth.ts'
import type { Clients } from './clients.ts'
import type { Keyring } from './keyring.ts'
import { accountCallback } from './pages/account.ts'
import type { Look } from './pages/layout.ts'
import { Pages } from './pages/pages.ts'
import { Providers } from './pages/providers.ts'
import { clientIpOf } from './pages/request.ts'
import type { SignInReport } from './report.ts'
import type { SigningAlgorithm, SigningKeySet } from './signing-keys.ts'
import type { TokenEndpoints } from './token-endpoints.ts'
import { userGrantConfiguration, userScopes } from './user-grants.ts'
import { Userinfo } from './userinfo.ts'
import type { Users } from './users/users.ts'

export interface OAuthServerOptions {
  readonly issuer: string
  readonly algorithm: SigningAlgorithm
  /** How long access tokens live. */
  readonly tokenTtlS: number
  readonly keys: SigningKeySet
  readonly clients: Clients
  readonly users: Users
  readonly look: Look
  /** What tokens may be for besides the issuer. */
  readonly resources: readonly string[]
  readonly providers: readonly ProviderConfig[]
  readonly records: Records
  readonly keyring: Keyring
  readonly adapter: ReturnType<typeof createAdapter>
  readonly endpoints: TokenEndpoints
  readonly now: () => number
  /** Signs the user out everywhere. */
  readonly setPassword: (userId: string, password: string) => Promise<unknown>
  readonly signOut: (userId: string) => Promise<unknown>
  readonly onError: (message: string) => void
  readonly report: (report: SignInReport) => void
}

/** Somebody has a copy of a code or refresh token: the texts of the provider, and ours. */
const reuses = [
  'authorization code already consumed',
  'device code already consumed',
  'refresh token already used',
  usedAlready,
]

/** What is fetched is a key set of a client; the provider looks at no more of it than this. */
const jwksBytesMax = 64 * 1024
/** A client assertion that is good for longer is a password. */
const assertionTtlS = 600

export function createOAuthServer(
  options: OAuthServerOptions,
): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  const { issuer, clients, records } = options
  clients.accountCallback = `${issuer}${accountCallback}`
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
  provider.use(options.endpoints.answer)
  provider.use(leaveAtOnce)
  provider.on('grant.error', (ctx, error) => {
    if (!reuses.includes(error.error_detail ?? error.error_description ?? '')) return
    const { RefreshToken: refresh, AuthorizationCode: code, Client: client } = ctx.oidc.entities
    const about = refresh?.grantId ?? code?.grantId ?? client?.clientId ?? ''
    options.report({ code: 'accounts.token-reuse', about, clientIp: clientIpOf(ctx.req) })
  })
  provider.on('server_error', (_ctx, error) => options.onError(`the authorization server failed: ${error.message}`))
  const providers = new Providers(options.providers, options)
  const key = options.keyring.hash('cookies')
  const pages = new Pages({ ...options, provider, providers, key, onProblem: options.onError })
  const userinfo = new Userinfo(options)
  const callback = provider.callback()
  return async (req, res) => {
    if (!(await pages.handle(req, res)) && !(await userinfo.handle(req, res))) await callback(req, res)
  }
}

/** Who is not signed in is signed out already: the provider would say so by a form that a script sends. */
async function leaveAtOnce(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  const { route, session, params } = ctx.oidc ?? {}
  if (route !== 'end_session' || ctx.status !== 200 || session?.accountId !== undefined) return
  const target = params?.['post_logout_redirect_uri']
  const url = new URL(typeof target === 'string' ? target : ctx.oidc.urlFor('end_session_success'))
  if (typeof target === 'string' && params?.['state'] !== undefined)
    url.searchParams.set('state', String(params['state']))
  ctx.body = ''
  ctx.status = 303
  ctx.redirect(url.href)
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

/** Workers have verified the certificate against the listener's authority; others are not passed on. */
const mutualTls = {
  enabled: true,
  certificateBoundAccessTokens: true,
  tlsClientAuth: true,
  selfSignedTlsClientAuth: false,
  getCertificate: (ctx: KoaContextWithOIDC) => {
    const shown = shownIn(ctx)
    return shown && new X509Certificate(Buffer.from(shown.der, 'base64'))
  },
  certificateAuthorized: (ctx: KoaContextWithOIDC) => shownIn(ctx) !== undefined,
  certificateSubjectMatches: (ctx: KoaContextWithOIDC, property: string, value: string) => {
    const shown = shownIn(ctx)
    const kind = nameKindOf(property)
    return shown !== undefined && kind !== undefined && hasName(shown, { kind, value })
  },
}

function shownIn(ctx: KoaContextWithOIDC) {
  return readCertificate(ctx.get(certificateHeader))
}

function configurationOf(options: OAuthServerOptions) {
  const { issuer, algorithm, keys, clients, keyring, adapter, resources, now } = options
  const { deviceFlow, rpInitiatedLogout, cookies, ttl, ...forUsers } = userGrantConfiguration(options)
  const configuration: Configuration = {
    ...forUsers,
    adapter,
    jwks: { keys: [...keys.private] } as JWKS,
    routes: {
      authorization: '/oauth/authorize',
      code_verification: '/oauth/device',
      device_authorization: '/oauth/device_authorization',
      pushed_authorization_request: '/oauth/par',
      token: '/oauth/token',
      introspection: '/oauth/introspect',
      revocation: '/oauth/revoke',
      jwks: '/.well-known/jwks.json',
      end_session: '/oauth/logout',
    },
    cookies: { ...cookies, keys: [keyring.hash('cookies')] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth', 'none'],
    assertJwtClientAuthClaimsAndHeader: async (_ctx, { exp, iat }) => {
      const nowS = now() / 1000
      if (Number(exp) > nowS + assertionTtlS) throw new errors.InvalidClientAuth('the client_assertion lives too long')
      if (iat !== undefined && Number(iat) > nowS + 60)
        throw new errors.InvalidClientAuth('the client_assertion is of the future')
    },
    // Where key sets are was said by the operator, so private networks are no secret to be kept from them.
    fetch: (url, init) => {
      const { signal, headers } = init ?? {}
      return fetch(url, { redirect: 'error', ...(signal && { signal }), ...(headers && { headers }) })
    },
    fetchResponseBodyLimits: { jwks_uri: jwksBytesMax },
    clientDefaults: {
      id_token_signed_response_alg: algorithm,
      grant_types: ['client_credentials'],
      response_types: [],
    },
    enabledJWA: {
      idTokenSigningAlgValues: [algorithm],
      clientAuthSigningAlgValues: ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'RS256', 'PS256'],
      dPoPSigningAlgValues: ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'RS256', 'PS256'],
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow,
      registration: { enabled: false },
      dPoP: { enabled: true, nonceSecret: keyring.serverNonceSecret, requireNonce: () => true },
      mTLS: mutualTls,
      introspection: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => {
          const owner = await clients.get(String(token.clientId))
          if (!owner || owner.revokedAtMs !== undefined) return false
          return token.clientId === client.clientId || (await clients.get(client.clientId))?.canIntrospect === true
        },
      },
      revocation: { enabled: true },
      rpInitiatedLogout,
      userinfo: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => issuer,
        useGrantedResource: () => true,
        getResourceServerInfo: async (ctx, resource, { clientId }) => {
          if (resource !== issuer && !resources.includes(resource)) throw new errors.InvalidTarget()
          const params = ctx.oidc.params
          const isTokenRequest = ctx.oidc.route === 'token'
          const isForItself = isTokenRequest && params?.['grant_type'] === 'client_credentials'
          const scope = await allowedScope(clients, clientId, params?.['scope'], isForItself ? [] : userScopes)
          const isFirst = isForItself || !isTokenRequest
          if (params && isFirst && params['scope'] === undefined && scope !== '') params['scope'] = scope
          return {
            audience: resource,
            scope,
            accessTokenTTL: options.tokenTtlS,
            accessTokenFormat: (await clients.get(clientId))?.tokens ?? 'jwt',
            jwt: { sign: { alg: algorithm } },
          }
        },
      },
    },
    ttl: { ...ttl, ClientCredentials: options.tokenTtlS },
  }
  return configuration
}
