// Guard `authn`: who is calling. Takes an access token or an API key, and nothing else for an answer; what it learns
// stands in `ex.principal`. Never says more to the client than RFC 6750 wants: why a token was bad is in the event.

import { meetsAcr } from '../../lib/acr.ts'
import { isCheckedToken } from '../../lib/checked-token.ts'
import { inNetwork, parseNetwork } from '../../lib/ip.ts'
import type { ClientCertificate, Exchange } from '../../pipeline/exchange.ts'
import type { Guard, GuardDefinition, GuardTools, Outcome } from '../../pipeline/guard.ts'
import type { Identity, KnownClient, KnownKey, Principal } from '../../pipeline/identity.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { Bindings } from './binding.ts'
import { credentialHeaders, credentialOf, valuesIn } from './credential.ts'
import { membership } from './membership.ts'
import { Offenders } from './offenders.ts'
import { type AuthnOptions, authnOptions } from './options.ts'
import { refuse, type Scheme } from './refusal.ts'
import { isDigested, type SignatureResult, Signatures } from './signatures.ts'
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
  verdictKeys: undefined,
  findKey: () => undefined,
  findImportedKey: () => undefined,
  findToken: () => undefined,
  introspect: () => undefined,
  isDenied: () => false,
  nonceSecret: new Uint8Array(32),
  marks: { sinceMs: 0, mark: () => 'full' },
  findClient: () => undefined,
  findCertificate: () => undefined,
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
  readonly #offenders: Offenders
  readonly #signatures: Signatures
  readonly #digests = new WeakMap<Exchange, NonNullable<Extract<SignatureResult, { ok: true }>['digests']>>()
  /** Only where requests may be signed: a body must be whole to be hashed. */
  readonly onBody?: (ex: Exchange) => Verdict | undefined
  /** What a request without a credential is asked for. */
  readonly #wanted: readonly Scheme[]

  constructor(options: AuthnOptions, tools: GuardTools, identity: Identity) {
    this.#options = options
    this.#tools = tools
    this.#identity = identity
    this.#tokens = new Tokens(identity, options.clockSkew)
    this.#bindings = new Bindings(options, identity)
    this.#offenders = new Offenders(options.badCredentials, tools.counters)
    this.#signatures = new Signatures(options, identity)
    const takesTokens = this.#accepts('oauth2')
    const wantsBearer = this.#accepts('apiKey') || (takesTokens && !options.requireBound)
    this.#wanted = [
      ...(wantsBearer ? (['Bearer'] as const) : []),
      ...(takesTokens ? (['DPoP'] as const) : []),
      ...(this.#accepts('signature') ? (['Signature'] as const) : []),
    ]
    if (this.#accepts('signature')) this.onBody = ex => this.#checkDigest(ex)
  }

  onHeaders(ex: Exchange): Outcome {
    if (this.#identity.isStale) return stale
    const outcome = this.#authenticate(ex)
    if (outcome instanceof Promise) return outcome.then(verdict => verdict && this.#count(ex, verdict))
    return outcome && this.#count(ex, outcome)
  }

  #count(ex: Exchange, verdict: Verdict): Verdict {
    return this.#offenders.count(ex, verdict, this.#tools.now())
  }

  #authenticate(ex: Exchange): Outcome {
    const { keyParameter } = this.#options
    const inQuery = keyParameter === undefined ? [] : valuesIn(ex.query, keyParameter)
    const credential = credentialOf(ex.headers, this.#accepts('signature'), inQuery)
    switch (credential.kind) {
      case 'none':
        if (this.#accepts('mtls') && ex.client.tls?.certificate)
          return this.#checkCertificate(ex, ex.client.tls.certificate)
        // Without a scheme there is nothing to be challenged for: a certificate is shown before a request is made.
        if (this.#wanted.length === 0)
          return refuse('authn.missing', 'no client certificate', { status: 403, schemes: [] })
        return refuse('authn.missing', 'no credential', { schemes: this.#wanted })
      case 'bad':
        return refuse('authn.invalid-request', credential.why, { status: 400, error: 'invalid_request' })
      case 'signature':
        return this.#checkSignature(ex)
      case 'apiKey':
        return this.#checkKey(ex, credential.value)
      case 'token': {
        if (!this.#accepts('oauth2')) return notAccepted('access tokens')
        const { value, scheme } = credential
        const nowMs = this.#tools.now()
        const result = this.#tokens.check(value, nowMs, () => this.#offenders.isBlocked(ex, nowMs))
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
    if (!result.ok && result.why === 'blocked') return this.#offenders.blocked(ex, this.#tools.now())
    if (!result.ok && result.why === 'unavailable') {
      const reason = {
        code: 'authn.unavailable',
        detail: 'the issuer of the access token does not say what it is',
      } as const
      return { kind: 'deny', status: 503, reason, retryAfterMs: 1000 }
    }
    if (!result.ok) {
      // Every client has an expired token now and then, and says so many times before it fetches another.
      if (result.why === 'expired')
        return refuse('authn.expired', 'the access token has expired', { error: 'invalid_token', schemes: [scheme] })
      const refusal = { error: 'invalid_token', schemes: [scheme] }
      return refuse('authn.invalid-token', `the access token is refused: ${result.why}`, refusal)
    }
    const { principal, binding, audience, meantFor } = result
    const wanted = this.#options.audience.length > 0 ? this.#options.audience : audience
    const isMeant = meantFor.some(one => wanted.includes(one))
    // What another service said of its own token names no audience; where a route asks for one that is not enough.
    if (!isMeant && (meantFor.length > 0 || this.#options.audience.length > 0)) {
      return refuse('authn.invalid-token', 'the access token is for another resource', {
        error: 'invalid_token',
        schemes: [scheme],
      })
    }
    const foreign = this.#bindings.check(ex, { token, scheme, binding, audience }, this.#tools.now())
    return foreign ?? this.#admit(ex, principal, scheme)
  }

  #checkCertificate(ex: Exchange, certificate: ClientCertificate): Verdict | undefined {
    const client = this.#identity.findCertificate(certificate)
    if (client) return this.#admitClient(ex, client, 'Bearer')
    const detail = `the certificate ${certificate.fingerprint} is of no client that is known`
    return refuse('authn.invalid-certificate', detail, { status: 403, schemes: [] })
  }

  #checkSignature(ex: Exchange): Verdict | undefined {
    const nowMs = this.#tools.now()
    if (this.#offenders.isBlocked(ex, nowMs)) return this.#offenders.blocked(ex, nowMs)
    const result = this.#signatures.check(ex, nowMs)
    if (!result.ok && result.why === 'busy') {
      const reason = { code: 'authn.busy', detail: 'more signatures than can be remembered' } as const
      return { kind: 'deny', status: 503, reason, retryAfterMs: 10_000 }
    }
    if (!result.ok) return badSignature(result.why)
    if (result.digests) this.#digests.set(ex, result.digests)
    return this.#admitClient(ex, result.client, 'Signature')
  }

  #checkDigest(ex: Exchange): Verdict | undefined {
    const digests = this.#digests.get(ex)
    if (!digests) return undefined
    if (!ex.body.complete) return badSignature('about a body that is too large to be hashed')
    return isDigested(digests, ex.body.bytes) ? undefined : badSignature('about another body')
  }

  #admitClient(ex: Exchange, { id, scopes }: KnownClient, scheme: Scheme): Verdict | undefined {
    const own = { kind: 'client', id, scopes, ...membership('client', {}, scopes), clientId: id } as const
    return this.#admit(ex, { ...own, acr: '', issuer: '' }, scheme)
  }

  #checkKey(ex: Exchange, secret: string): Verdict | undefined {
    const why = (reason: string) => refuse('authn.invalid-key', `the API key is ${reason}`, { error: 'invalid_token' })
    const nowMs = this.#tools.now()
    const isOwn = isCheckedToken(secret)
    if (!isOwn) {
      if (!this.#accepts('apiKey')) return notAccepted('API keys')
      // How hard a key of another system is to guess nobody knows: who guesses is not told even when it is right.
      if (this.#offenders.isBlocked(ex, nowMs)) return this.#offenders.blocked(ex, nowMs)
    }
    const key = isOwn ? this.#identity.findKey(secret, nowMs) : this.#identity.findImportedKey(secret)
    if (!isOwn && !key) return why('malformed, and none that was imported')
    if (key?.isCanary) {
      this.#identity.keyUsed(key.id, nowMs)
      // To its thief it looks like any key that is unknown.
      const detail = `the canary key ${key.id} was used: wherever it lay, somebody has been`
      return refuse('authn.canary', detail, { error: 'invalid_token', isIncident: true })
    }
    if (!this.#accepts('apiKey')) return notAccepted('API keys')
    if (!key && this.#offenders.isBlocked(ex, nowMs)) return this.#offenders.blocked(ex, nowMs)
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
    if (missing.length === 0) return this.#stepUp(principal, scheme)
    const detail = `${principal.id} lacks the scope ${missing.join(' ')}`
    const refusal = { status: 403, error: 'insufficient_scope', scope: scopes.join(' '), schemes: [scheme] }
    return refuse('authn.scope', detail, refusal)
  }

  /** Whether a person has signed in surely and lately enough; who is none never has. */
  #stepUp({ id, acr, authTimeMs = 0 }: Principal, scheme: Scheme): Verdict | undefined {
    const { acr: wanted, maxAge, clockSkew } = this.#options
    const isWeak = wanted.length > 0 && !meetsAcr(acr, wanted)
    const isOld = maxAge !== undefined && authTimeMs + maxAge + clockSkew < this.#tools.now()
    if (!isWeak && !isOld) return undefined
    const detail = `${id} signed in ${isWeak ? `as ${acr === '' ? 'nobody knows' : acr}` : 'too long ago'}`
    const stepUp = { acr: wanted, maxAgeMs: maxAge }
    return refuse('authn.step-up', detail, { error: 'insufficient_user_authentication', stepUp, schemes: [scheme] })
  }
}

function isFrom({ networks }: KnownKey, ip: Uint8Array): boolean {
  if (networks.length === 0) return true
  return networks.some(text => {
    const network = parseNetwork(text)
    return network !== undefined && inNetwork(ip, network)
  })
}

function badSignature(why: string): Verdict {
  return refuse('authn.invalid-signature', `the signature is ${why}`, { schemes: ['Signature'] })
}

function notAccepted(what: string): Verdict {
  return refuse('authn.invalid-token', `${what} are not accepted here`, { error: 'invalid_token' })
}
