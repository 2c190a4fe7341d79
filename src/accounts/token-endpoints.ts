// Introspection (RFC 7662) and revocation (RFC 7009) of our JWT access tokens. oidc-provider refuses both for JWTs,
// because it keeps no list of them; we keep one of those that were revoked.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { readJwt, type TokenIssuer, verifyJwt } from '../lib/jwt.ts'
import { deniableOf } from '../pipeline/identity.ts'
import type { Client, Clients } from './clients.ts'
import { AccountFailure } from './failure.ts'
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
  readonly challenge?: string
}

const bodyBytesMax = 64 * 1024

export class TokenEndpoints {
  readonly #options: TokenEndpointOptions

  constructor(options: TokenEndpointOptions) {
    this.#options = options
  }

  /** True when the request is for one of them, and answered. */
  async handle(path: string, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const work = path === '/oauth/introspect' ? this.#introspect : path === '/oauth/revoke' ? this.#revoke : undefined
    if (!work || req.method !== 'POST') return false
    send(res, await this.#answer(req, work))
    return true
  }

  async #answer(
    req: IncomingMessage,
    work: (this: TokenEndpoints, token: string, client: Client) => Promise<Reply>,
  ): Promise<Reply> {
    const form = await readForm(req)
    if (!form) return failed(400, 'invalid_request', 'the body must be application/x-www-form-urlencoded')
    for (const name of ['token', 'client_id', 'client_secret']) {
      if (form.getAll(name).length > 1) return failed(400, 'invalid_request', `${name} stands there twice`)
    }
    const credentials = credentialsOf(req.headers.authorization, form)
    if (typeof credentials === 'string') return failed(400, 'invalid_request', credentials)
    const { id, secret } = credentials
    const client = (await this.#options.clients.checkSecret(id, secret))
      ? await this.#options.clients.get(id)
      : undefined
    if (!client) {
      const reply = failed(401, 'invalid_client', 'client authentication failed')
      return req.headers.authorization === undefined ? reply : { ...reply, challenge: 'Basic realm="oauth"' }
    }
    const token = form.get('token')
    if (!token) return failed(400, 'invalid_request', 'token is missing')
    return work.call(this, token, client)
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
    if (clientId !== client.clientId) return failed(400, 'invalid_request', 'this token was issued to another client')
    if (jti !== undefined) await deny(deniedToken(jti, exp * 1000))
    return { status: 200 }
  }
}

/** Client credentials of the header or of the body; in words what is wrong with them. */
function credentialsOf(
  header: string | undefined,
  form: URLSearchParams,
): { readonly id: string; readonly secret: string } | string {
  const bodySecret = form.get('client_secret')
  const bodyId = form.get('client_id')
  if (header === undefined) {
    return bodyId && bodySecret ? { id: bodyId, secret: bodySecret } : 'client credentials are missing'
  }
  if (bodySecret !== null) return 'client authentication must only be provided using one mechanism'
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return 'invalid authorization header value format'
  try {
    const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)].map(part =>
      decodeURIComponent(part.replaceAll('+', '%20')),
    )
    if (bodyId !== null && bodyId !== id) return 'client_id mismatch'
    return { id: id ?? '', secret: secret ?? '' }
  } catch {
    return 'invalid authorization header value format'
  }
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  const [type = ''] = (req.headers['content-type'] ?? '').toLowerCase().split(';', 1)
  if (type.trim() !== 'application/x-www-form-urlencoded') return undefined
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) return undefined
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

function failed(status: number, error: string, description: string): Reply {
  return { status, body: { error, error_description: description } }
}

/** The answer when it could not be given, without a word of the inside. */
export function sendFailure(res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const conflict = error instanceof AccountFailure
  send(res, failed(conflict ? 503 : 500, conflict ? 'temporarily_unavailable' : 'server_error', 'try again later'))
}

function send(res: ServerResponse, { status, body, challenge }: Reply): void {
  const text = body === undefined ? '' : JSON.stringify(body)
  res.writeHead(status, {
    ...(body !== undefined && { 'content-type': 'application/json; charset=utf-8' }),
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...(challenge !== undefined && { 'www-authenticate': challenge }),
  })
  res.end(text)
}
