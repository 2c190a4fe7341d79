// Guard `authn`: who is calling. Takes an access token or an API key, and nothing else for an answer; what it learns
// stands in `ex.principal`. Never says more to the client than RFC 6750 wants: why a token was bad is in the event.

import { isCheckedToken } from '../../lib/checked-token.ts'
import { inNetwork, parseNetwork } from '../../lib/ip.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools, Outcome } from '../../pipeline/guard.ts'
import type { Identity, KnownKey, Principal } from '../../pipeline/identity.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { Bindings } from './binding.ts'
import { credentialHeaders, credentialOf } from './credential.ts'
import { membership } from './membership.ts'
import { type AuthnOptions, authnOptions } from './options.ts'
import { refuse, type Scheme } from './refusal.ts'
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
  isStale: false,
  findKey: () => undefined,
  findToken: () => undefined,
  introspect: () => undefined,
  isDenied: () => false,
  nonceSecret: new Uint8Array(32),
  marks: { sinceMs: 0, mark: () => 'full' },
  keyUsed: () => {},
  wantKeys: () => {},
}

/** Not 401: there is nothing wrong with the credential, and nobody should throw it away. */
const stale: Verdict = {
  kind: 'deny',
  status: 503,
  retryAfterMs: 5000,
  reason: { code: 'authn.stale', detail: 'the store of accounts is out of reach, so revocations may be missed' },
}

class AuthnGuard implements Guard {
  readonly #options: AuthnOptions
  readonly #tools: GuardTools
  readonly #identity: Identity
  readonly #tokens: Tokens
  readonly #bindings: Bindings
  /** What a request without a credential is asked for. */
  readonly #wanted: readonly Scheme[]

  constructor(options: AuthnOptions, tools: GuardTools, identity: Identity) {
    this.#options = options
    this.#tools = tools
    this.#identity = identity
    this.#tokens = new Tokens(identity, options.clockSkew)
    this.#bindings = new Bindings(options, identity)
    const takesTokens = options.require.includes('oauth2')
    this.#wanted = !takesTokens ? ['Bearer'] : options.requireBound ? ['DPoP'] : ['Bearer', 'DPoP']
  }

  onHeaders(ex: Exchange): Outcome {
    if (this.#identity.isStale) return stale
    const credential = credentialOf(ex.headers)
    switch (credential.kind) {
      case 'none':
        return refuse('authn.missing', 'no credential', { schemes: this.#wanted })
      case 'bad':
        return refuse('authn.invalid-request', credential.why, { status: 400, error: 'invalid_request' })
      case 'apiKey':
        return this.#checkKey(ex, credential.value)
      case 'token': {
        if (!this.#accepts('oauth2')) return notAccepted('access tokens')
        const { value, scheme } = credential
        const result = this.#tokens.check(value, this.#tools.now())
        return result instanceof Promise
          ? result.then(it => this.#judge(ex, value, scheme, it))
          : this.#judge(ex, value, scheme, result)
      }
    }
  }

  #accepts(kind: AuthnOptions['require'][number]): boolean {
    return this.#options.require.includes(kind)
  }

  #judge(ex: Exchange, token: string, scheme: Scheme, result: TokenResult): Verdict | undefined {
    if (!result.ok && result.why === 'unavailable') {
      const reason = {
        code: 'authn.unavailable',
        detail: 'the issuer of the access token does not say what it is',
      } as const
      return { kind: 'deny', status: 503, reason, retryAfterMs: 1000 }
    }
    if (!result.ok) {
      const refusal = { error: 'invalid_token', schemes: [scheme] }
      return refuse('authn.invalid-token', `the access token is refused: ${result.why}`, refusal)
    }
    const { principal, binding, audience } = result
    const foreign = this.#bindings.check(ex, { token, scheme, binding, audience }, this.#tools.now())
    return foreign ?? this.#admit(ex, principal, scheme)
  }

  #checkKey(ex: Exchange, secret: string): Verdict | undefined {
    const why = (reason: string) => refuse('authn.invalid-key', `the API key is ${reason}`, { error: 'invalid_token' })
    if (!isCheckedToken(secret)) return this.#accepts('apiKey') ? why('malformed') : notAccepted('API keys')
    const nowMs = this.#tools.now()
    const key = this.#identity.findKey(secret, nowMs)
    if (key?.isCanary) {
      this.#identity.keyUsed(key.id, nowMs)
      // To its thief it looks like any key that is unknown.
      const detail = `the canary key ${key.id} was used: wherever it lay, somebody has been`
      return refuse('authn.canary', detail, { error: 'invalid_token', isIncident: true })
    }
    if (!this.#accepts('apiKey')) return notAccepted('API keys')
    if (!key) return why('unknown or revoked')
    if (key.expiresAtMs !== undefined && key.expiresAtMs <= nowMs) return why(`expired (${key.id})`)
    if (!isFrom(key, ex.client.ipBytes)) return why(`not for use from this address (${key.id})`)
    this.#identity.keyUsed(key.id, nowMs)
    const { id, scopes, quota } = key
    const principal = {
      id,
      scopes,
      ...membership('apiKey', {}, scopes),
      clientId: '',
      acr: '',
      issuer: '',
      ...(quota && { quota }),
    }
    return this.#admit(ex, { kind: 'apiKey', ...principal }, 'Bearer')
  }

  #admit(ex: Exchange, principal: Principal, scheme: Scheme): Verdict | undefined {
    ex.principal = principal
    if (!this.#options.forwardCredential) ex.withheldHeaders = credentialHeaders
    const { scopes } = this.#options
    const missing = scopes.filter(scope => !principal.scopes.includes(scope))
    if (missing.length === 0) return undefined
    const detail = `${principal.id} lacks the scope ${missing.join(' ')}`
    const refusal = { status: 403, error: 'insufficient_scope', scope: scopes.join(' '), schemes: [scheme] }
    return refuse('authn.scope', detail, refusal)
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
  return refuse('authn.invalid-token', `${what} are not accepted here`, { error: 'invalid_token' })
}
