// Guard `authn`: who is calling. Takes an access token or an API key, and nothing else for an answer; what it learns
// stands in `ex.principal`. Never says more to the client than RFC 6750 wants: why a token was bad is in the event.

import { isCheckedToken } from '../../lib/checked-token.ts'
import { inNetwork, parseNetwork } from '../../lib/ip.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools, Outcome } from '../../pipeline/guard.ts'
import type { Identity, KnownKey, Principal } from '../../pipeline/identity.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { credentialHeaders, credentialOf } from './credential.ts'
import { membership } from './membership.ts'
import { type AuthnOptions, authnOptions } from './options.ts'
import { type TokenResult, Tokens } from './tokens.ts'

export const authn: GuardDefinition<'authn', typeof authnOptions> = {
  name: 'authn',
  summary: 'Lets pass only who proves who they are, with an access token or an API key.',
  options: authnOptions,
  onError: 'deny',
  example: { require: ['oauth2', 'apiKey'] },
  skipsOwnServices: true,
  create: (options, tools) => ({ ok: true, guard: new AuthnGuard(options, tools, tools.identity ?? nobody) }),
}

/** Where there are no accounts nobody is known. */
const nobody: Identity = {
  issuers: new Map(),
  findKey: () => undefined,
  isDenied: () => false,
  keyUsed: () => {},
  wantKeys: () => {},
}

type Code = `authn.${'missing' | 'invalid-request' | 'invalid-token' | 'invalid-key' | 'scope'}`

class AuthnGuard implements Guard {
  readonly #options: AuthnOptions
  readonly #tools: GuardTools
  readonly #identity: Identity
  readonly #tokens: Tokens

  constructor(options: AuthnOptions, tools: GuardTools, identity: Identity) {
    this.#options = options
    this.#tools = tools
    this.#identity = identity
    this.#tokens = new Tokens(identity, options.clockSkew)
  }

  onHeaders(ex: Exchange): Outcome {
    const credential = credentialOf(ex.headers)
    switch (credential.kind) {
      case 'none':
        return refuse('authn.missing', 'no credential', 401)
      case 'bad':
        return refuse('authn.invalid-request', credential.why, 400, 'invalid_request')
      case 'apiKey':
        return this.#accepts('apiKey') ? this.#checkKey(ex, credential.value) : notAccepted('API keys')
      case 'token': {
        if (!this.#accepts('oauth2')) return notAccepted('access tokens')
        const result = this.#tokens.check(credential.value, this.#tools.now())
        return result instanceof Promise ? result.then(it => this.#judge(ex, it)) : this.#judge(ex, result)
      }
    }
  }

  #accepts(kind: AuthnOptions['require'][number]): boolean {
    return this.#options.require.includes(kind)
  }

  #judge(ex: Exchange, result: TokenResult): Verdict | undefined {
    if (result.ok) return this.#admit(ex, result.principal)
    return refuse('authn.invalid-token', `the access token is refused: ${result.why}`, 401, 'invalid_token')
  }

  #checkKey(ex: Exchange, secret: string): Verdict | undefined {
    const why = (reason: string) => refuse('authn.invalid-key', `the API key is ${reason}`, 401, 'invalid_token')
    if (!isCheckedToken(secret)) return why('malformed')
    const nowMs = this.#tools.now()
    const key = this.#identity.findKey(secret, nowMs)
    if (!key) return why('unknown or revoked')
    if (key.expiresAtMs !== undefined && key.expiresAtMs <= nowMs) return why(`expired (${key.id})`)
    if (!isFrom(key, ex.client.ipBytes)) return why(`not for use from this address (${key.id})`)
    this.#identity.keyUsed(key.id, nowMs)
    const { id, scopes } = key
    const principal = { id, scopes, ...membership('apiKey', {}, scopes), clientId: '', acr: '', issuer: '' }
    return this.#admit(ex, { kind: 'apiKey', ...principal })
  }

  #admit(ex: Exchange, principal: Principal): Verdict | undefined {
    ex.principal = principal
    if (!this.#options.forwardCredential) ex.withheldHeaders = credentialHeaders
    const { scopes } = this.#options
    const missing = scopes.filter(scope => !principal.scopes.includes(scope))
    if (missing.length === 0) return undefined
    const detail = `${principal.id} lacks the scope ${missing.join(' ')}`
    return refuse('authn.scope', detail, 403, 'insufficient_scope', scopes.join(' '))
  }
}

function isFrom({ networks }: KnownKey, ip: Uint8Array): boolean {
  if (networks.length === 0) return true
  return networks.some(text => {
    const network = parseNetwork(text)
    return network !== undefined && inNetwork(ip, network)
  })
}

function notAccepted(what: string): Verdict {
  return refuse('authn.invalid-token', `${what} are not accepted here`, 401, 'invalid_token')
}

/** RFC 6750 §3: no error code when there was no credential, because nothing was wrong with it. */
function refuse(code: Code, detail: string, status: number, error?: string, scope?: string): Verdict {
  const parts = ['realm="api"']
  if (error !== undefined) parts.push(`error="${error}"`)
  if (scope !== undefined) parts.push(`scope="${scope}"`)
  return {
    kind: 'deny',
    status,
    headers: ['www-authenticate', `Bearer ${parts.join(', ')}`],
    reason: { code, detail },
  }
}
