// The part of the authorization server that is about people: authorization code with PKCE, refresh tokens that rotate,
// device codes; who signs in, what they agree to, and what their tokens say of them.

import type { Configuration, Interaction, KoaContextWithOIDC } from 'oidc-provider'
import { interactionPolicy } from 'oidc-provider'
import { acrLevels, meetsAcr } from '../lib/acr.ts'
import type { Clients } from './clients.ts'
import { deviceConfirmPage, deviceDonePage, deviceInputPage, errorPage } from './pages/device.ts'
import { type Look, type Page, pageHeaders, render } from './pages/layout.ts'
import { loggedOutPage, logoutPage } from './pages/logout.ts'
import { interactionPath } from './pages/sign-in.ts'
import { acrValues } from './pages/sign-in-asks.ts'
import { signInMs } from './pages/sign-in-state.ts'
import { claimsByScope, claimsOf } from './user-claims.ts'
import { userinfoPath } from './userinfo.ts'
import type { StoredUser } from './users/user.ts'
import type { Users } from './users/users.ts'

/** Scopes that are about the user, which any client may ask for that users can sign in to. */
export const userScopes: readonly string[] = ['openid', 'profile', 'email', 'offline_access']

const hourS = 3600
/** Of the browser, from its last use. */
const sessionTtlS = 12 * hourS
const refreshTtlS = 30 * 24 * hourS
const grantTtlS = 365 * 24 * hourS
const codeTtlS = 60
const deviceTtlS = 600

export interface UserGrantOptions {
  readonly issuer: string
  readonly users: Users
  readonly clients: Clients
  readonly look: Look
  /** How long access tokens live. */
  readonly tokenTtlS: number
}

export function userGrantConfiguration({ issuer, users, clients, look, tokenTtlS }: UserGrantOptions) {
  const isSecure = issuer.startsWith('https:')
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true, secure: isSecure, overwrite: true } as const
  const show = (ctx: KoaContextWithOIDC, page: Page) => {
    if (page.status !== undefined) ctx.status = page.status
    ctx.set(pageHeaders(page))
    ctx.body = render(page, look)
  }
  return {
    scopes: [...userScopes],
    responseTypes: ['code'],
    acrValues: [...acrLevels],
    claims: {
      openid: [...claimsByScope.openid],
      profile: [...claimsByScope.profile],
      email: [...claimsByScope.email],
      acr: null,
      auth_time: null,
    },
    // What a client may know stands in its ID token, so that it need not ask the userinfo endpoint (userinfo.ts).
    conformIdTokenClaims: false,
    discovery: { userinfo_endpoint: `${issuer}${userinfoPath}` },
    pkce: { required: () => true },
    cookies: {
      names: {
        session: isSecure ? '__Host-merlon_session' : 'merlon_session',
        interaction: isSecure ? '__Secure-merlon_interaction' : 'merlon_interaction',
        resume: isSecure ? '__Secure-merlon_resume' : 'merlon_resume',
      },
      long: cookie,
      short: cookie,
    },
    interactions: {
      policy: signInPolicy(users),
      url: (_ctx: KoaContextWithOIDC, { uid }: Interaction) => `${interactionPath}/${uid}`,
    },
    findAccount: async (_ctx, userId, token) => {
      const user = await users.directory.get(userId)
      const isOpen = user !== undefined && user.disabledAtMs === undefined && !(token && isTooWeak(user, token, users))
      return isOpen ? accountOf(user) : undefined
    },
    loadExistingGrant: ctx => loadGrant(ctx, clients),
    extraTokenClaims: async (ctx, token) =>
      token.kind === 'AccessToken'
        ? tokenClaimsOf(ctx, await users.directory.get(token.accountId), token.grantId)
        : undefined,
    // Each use gives a new one and voids the old; an old one that comes back kills them all (adapter.ts).
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    clientBasedCORS: (_ctx, origin, client) =>
      (client.redirectUris ?? []).some(uri => URL.parse(uri)?.origin === origin),
    renderError: async (ctx, out) => show(ctx, errorPage(out.error_description ?? out.error)),
    deviceFlow: deviceFlowOf(show),
    rpInitiatedLogout: logoutOf(show, users),
    ttl: {
      AccessToken: tokenTtlS,
      AuthorizationCode: codeTtlS,
      RefreshToken: refreshTtlS,
      DeviceCode: deviceTtlS,
      IdToken: hourS,
      Interaction: signInMs / 1000,
      Session: sessionTtlS,
      Grant: grantTtlS,
    },
  } satisfies Configuration & { readonly deviceFlow: DeviceFlow; readonly rpInitiatedLogout: Logout }
}

type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>

function deviceFlowOf(show: (ctx: KoaContextWithOIDC, page: Page) => void): DeviceFlow {
  return {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    userCodeInputSource: async (ctx, _form, _out, error) =>
      show(ctx, deviceInputPage(ctx.oidc.urlFor('code_verification'), secretOf(ctx), typedCode(ctx), error)),
    userCodeConfirmSource: async (ctx, _form, client, _info, userCode) =>
      show(ctx, deviceConfirmPage(ctx.oidc.urlFor('code_verification'), secretOf(ctx), client.clientName, userCode)),
    successSource: async ctx => show(ctx, deviceDonePage(ctx.oidc.client?.clientName)),
  }
}

type Logout = NonNullable<NonNullable<Configuration['features']>['rpInitiatedLogout']>

function logoutOf(show: (ctx: KoaContextWithOIDC, page: Page) => void, users: Users): Logout {
  return {
    enabled: true,
    logoutSource: async ctx => {
      const { session, client, params } = ctx.oidc
      const user = session?.accountId === undefined ? undefined : await users.directory.get(session.accountId)
      const view = {
        action: ctx.oidc.urlFor('end_session_confirm'),
        secret: secretOf(ctx),
        client: client?.clientName,
        username: user?.username,
        target: params?.['post_logout_redirect_uri'],
      }
      show(ctx, logoutPage(view))
    },
    postLogoutSuccessSource: async ctx => show(ctx, loggedOutPage()),
  }
}

/** A code or token of before the user had to have a second factor gives no more of them. */
function isTooWeak(user: StoredUser, token: TokenSource, users: Users): boolean {
  const acr = 'acr' in token ? token.acr : 'extra' in token ? token.extra?.['acr'] : undefined
  return users.mustHaveSecondFactor(user) && !meetsAcr(typeof acr === 'string' ? acr : undefined, ['mfa'])
}

type TokenSource = NonNullable<Parameters<NonNullable<Configuration['findAccount']>>[2]>

/**
 * The provider's own policy, and asking again when a client wants a stronger sign-in than there was, or the user must
 * have a second factor and has shown none.
 */
function signInPolicy(users: Users) {
  const policy = interactionPolicy.base()
  const stronger = new interactionPolicy.Check(
    'acr',
    'a stronger sign-in is required',
    'unmet_authentication_requirements',
    ctx => {
      const wanted = acrValues(ctx.oidc.params?.['acr_values'])
      return wanted.length > 0 && !meetsAcr(ctx.oidc.session?.acr, wanted)
    },
  )
  const duty = new interactionPolicy.Check(
    'second_factor',
    'a second factor is required',
    'login_required',
    async ctx => {
      const { accountId, acr } = ctx.oidc.session ?? {}
      const user = accountId === undefined ? undefined : await users.directory.get(accountId)
      return user !== undefined && users.mustHaveSecondFactor(user) && !meetsAcr(acr, ['mfa'])
    },
  )
  for (const check of [stronger, duty]) policy.get('login')?.checks.add(check)
  return policy
}

function accountOf(user: StoredUser) {
  return { accountId: user.userId, claims: async () => ({ ...claimsOf(user), sub: user.userId }) }
}

/** What a client was allowed before; all it asks for when the operator trusts it. */
async function loadGrant(ctx: KoaContextWithOIDC, clients: Clients) {
  const { client, account, provider, params, session, result } = ctx.oidc
  if (!client || !account || !session) return undefined
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  if (!(await clients.get(client.clientId))?.trusted) return known
  const grant = known ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  const asked = String(params?.['scope'] ?? '').split(' ')
  grant.addOIDCScope(asked.filter(scope => userScopes.includes(scope)).join(' '))
  for (const [resource, { scopes }] of Object.entries(ctx.oidc.resourceServers ?? {})) {
    grant.addResourceScope(resource, asked.filter(scope => scopes.has(scope)).join(' '))
  }
  await grant.save()
  return grant
}

/** RFC 9068 §2.2.1 and §2.2.3.1. By `grant_id` all tokens of one grant are taken back. */
function tokenClaimsOf(ctx: KoaContextWithOIDC, user: StoredUser | undefined, grantId: string | undefined) {
  if (!user) return undefined
  const { AuthorizationCode: code, RefreshToken: refresh, DeviceCode: device } = ctx.oidc.entities
  const source = code ?? refresh ?? device
  return {
    roles: user.roles,
    groups: user.groups,
    grant_id: grantId,
    acr: source?.acr,
    amr: source?.amr,
    auth_time: source?.authTime,
  }
}

function secretOf(ctx: KoaContextWithOIDC): string {
  return String(ctx.oidc.session?.state?.['secret'] ?? '')
}

/** What stands in the link that a device shows; it is put into the form, and people look at it before they send it. */
function typedCode(ctx: KoaContextWithOIDC): string {
  const code = ctx.oidc.params?.['user_code'] ?? ctx.req.headers['merlon-user-code']
  return typeof code === 'string' ? code.slice(0, 32) : ''
}
