// Introspection (RFC 7662) and revocation (RFC 7009) of our JWT access tokens. oidc-provider refuses both for JWTs,
// because it keeps no list of them; we keep one of those that were revoked. Who asks is the provider's business, for
// every way in which a client can prove it: it is asked about a name that is no token, and what it says of it is replaced
// by what we know of the JWT.

import { IncomingMessage } from 'node:http'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { readJwt, type TokenIssuer, verifyJwt } from '../lib/jwt.ts'
import { deniableOf } from '../pipeline/identity.ts'
import type { Client, Clients } from './clients.ts'
import { deniedToken } from './mirror.ts'
import type { DeniedEntry } from './update.ts'

export interface TokenEndpointOptions {
  readonly clients: Clients
  readonly issuer: () => TokenIssuer
  readonly isDenied: (whats: readonly string[], issuedAtMs: number) => Promise<boolean>
  readonly deny: (entry: DeniedEntry) => Promise<void>
  readonly now: () => number
}

interface Reply {
  readonly status: number
  readonly body?: object
}

const bodyBytesMax = 56 * 1024
/** Stands in for a JWT; no token of ours looks like it. */
const standIn = 'jwt'

export class TokenEndpoints {
  readonly #options: TokenEndpointOptions
  /** The JWT that a request is about. */
  readonly #jwts = new WeakMap<IncomingMessage, string>()

  constructor(options: TokenEndpointOptions) {
    this.#options = options
  }

  /** The request as the provider is to see it; undefined when its body is too large. */
  async prepare(path: string, req: IncomingMessage): Promise<IncomingMessage | undefined> {
    if ((path !== '/oauth/introspect' && path !== '/oauth/revoke') || req.method !== 'POST') return req
    const [type = ''] = (req.headers['content-type'] ?? '').toLowerCase().split(';', 1)
    if (type.trim() !== 'application/x-www-form-urlencoded') return req
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of req as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bodyBytesMax) return undefined
      chunks.push(chunk)
    }
    const text = Buffer.concat(chunks).toString('utf8')
    const form = new URLSearchParams(text)
    const [token, ...more] = form.getAll('token')
    if (token === undefined || more.length > 0 || !token.includes('.')) return copyOf(req, text)
    form.set('token', standIn)
    const copy = copyOf(req, form.toString())
    this.#jwts.set(copy, token)
    return copy
  }

  /** Around the provider's own: answers about the JWT when the provider has let the client in. */
  readonly answer = async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    const token = this.#jwts.get(ctx.req)
    const clientId = ctx.oidc?.entities.Client?.clientId
    if (token === undefined || clientId === undefined || ctx.status !== 200) return
    const client = await this.#options.clients.get(clientId)
    if (!client) return
    const reply = await (ctx.oidc.route === 'revocation'
      ? this.#revoke(token, client)
      : this.#introspect(token, client))
    ctx.body = reply.body ?? ''
    ctx.status = reply.status
  }

  async #introspect(token: string, client: Client): Promise<Reply> {
    const { clients, isDenied, issuer, now } = this.#options
    const inactive = { status: 200, body: { active: false } }
    const result = await verifyJwt(token, issuer(), { nowMs: now(), skewMs: 0 })
    if (!result.ok) return inactive
    const { iss, sub, aud, exp, iat, jti = '', client_id: clientId, scope, cnf } = result.claims
    const owner = String(clientId)
    if (owner !== client.clientId && !client.canIntrospect) return inactive
    if (await isDenied(deniableOf(result.claims), (iat ?? 0) * 1000)) return inactive
    const known = await clients.get(owner)
    if (!known || known.revokedAtMs !== undefined) return inactive
    const type = Object.hasOwn(cnf ?? {}, 'jkt') ? 'DPoP' : 'Bearer'
    const body = { active: true, iss, sub, aud, client_id: clientId, scope, exp, iat, jti, cnf, token_type: type }
    return { status: 200, body }
  }

  async #revoke(token: string, client: Client): Promise<Reply> {
    const { deny, issuer, now } = this.#options
    if (!readJwt(token)) return { status: 200 }
    const result = await verifyJwt(token, issuer(), { nowMs: now(), skewMs: 0 })
    // Who revokes a token that is none, or none any more, has what they want (RFC 7009 §2.2).
    if (!result.ok) return { status: 200 }
    const { client_id: clientId, exp, jti } = result.claims
    if (clientId !== client.clientId) {
      const body = { error: 'invalid_request', error_description: 'this token was issued to another client' }
      return { status: 400, body }
    }
    if (jti !== undefined) await deny(deniedToken(jti, exp * 1000))
    return { status: 200 }
  }
}

/** A request that has been read, to be read once more. */
function copyOf(req: IncomingMessage, body: string): IncomingMessage {
  const copy = new IncomingMessage(req.socket)
  const { 'transfer-encoding': _, ...headers } = req.headers
  copy.method = req.method ?? 'POST'
  copy.url = req.url ?? '/'
  copy.headers = { ...headers, 'content-length': String(Buffer.byteLength(body)) }
  copy.push(body)
  copy.push(null)
  copy.complete = true
  return copy
}
