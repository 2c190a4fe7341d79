// The userinfo endpoint (OpenID Connect Core §5.3). Whose token it is, and that it is good, bound to who shows it and not
// revoked, the guard `authn` of its route has found out before; the gateway tells us who asks. What a client may know is
// what its user allowed it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { principalHeader, readPrincipal, type ToldPrincipal } from '../lib/told-principal.ts'
import type { Records } from '../store/store.ts'
import { hashOf } from './adapter.ts'
import type { Clients } from './clients.ts'
import { claimsOfScopes } from './user-claims.ts'
import type { Users } from './users/users.ts'

export const userinfoPath = '/oauth/userinfo'

export interface UserinfoOptions {
  readonly issuer: string
  readonly users: Users
  readonly clients: Clients
  readonly records: Records
  readonly now: () => number
}

/** As oidc-provider keeps it (adapter.ts). */
interface StoredGrant {
  readonly accountId?: string
  readonly clientId?: string
  readonly openid?: { readonly scope?: string }
}

export class Userinfo {
  readonly #options: UserinfoOptions

  constructor(options: UserinfoOptions) {
    this.#options = options
  }

  /** True when the request was for it, and answered. */
  async handle(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const [path] = (req.url ?? '').split('?', 1)
    if (path !== userinfoPath) return false
    if (req.method === 'OPTIONS') preflight(req, res)
    else if (req.method === 'GET' || req.method === 'POST') await this.#answer(req, res)
    else res.writeHead(405, { allow: 'GET, POST, OPTIONS', 'content-length': 0 }).end()
    return true
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { users, clients } = this.#options
    const principal = readPrincipal(req.headers[principalHeader])
    // Of others we know nothing, whatever they call their users.
    if (!principal || principal.issuer !== this.#options.issuer) return refuse(res, 401, 'invalid_token')
    const client = principal.kind === 'user' ? await clients.get(principal.clientId) : undefined
    const { origin } = req.headers
    if (origin !== undefined && client?.redirectUris.some(uri => URL.parse(uri)?.origin === origin)) {
      res.setHeader('access-control-allow-origin', origin)
      res.setHeader('vary', 'origin')
    }
    const user = client && (await users.directory.get(principal.id))
    if (!user || user.disabledAtMs !== undefined) return refuse(res, 403, 'insufficient_scope')
    const scopes = await this.#allowed(principal)
    if (!scopes.has('openid')) return refuse(res, 403, 'insufficient_scope')
    send(res, 200, claimsOfScopes(user, scopes))
  }

  /** What the user allowed the client to know when the token came to be. */
  async #allowed({ id, clientId, grantId }: ToldPrincipal): Promise<ReadonlySet<string>> {
    const { records, now } = this.#options
    const found = grantId === undefined ? undefined : await records.get('oidc:Grant', hashOf(grantId))
    if (!found || (found.expiresAtMs ?? Number.POSITIVE_INFINITY) <= now()) return new Set()
    const grant = JSON.parse(found.json) as StoredGrant
    const isTheirs = grant.accountId === id && grant.clientId === clientId
    return new Set(isTheirs ? (grant.openid?.scope ?? '').split(' ') : [])
  }
}

/** Which origins may read the answer is said with the answer, when it is known which client asks. */
function preflight(req: IncomingMessage, res: ServerResponse): void {
  const { origin } = req.headers
  res.writeHead(204, {
    ...(origin !== undefined && { 'access-control-allow-origin': origin, vary: 'origin' }),
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, dpop',
    'access-control-max-age': '3600',
  })
  res.end()
}

function refuse(res: ServerResponse, status: number, error: string): void {
  const scope = error === 'insufficient_scope' ? ', scope="openid"' : ''
  res.setHeader('www-authenticate', `Bearer error="${error}"${scope}`)
  send(res, status, { error })
}

function send(res: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  res.end(text)
}
