// What an upstream is told of a request, so that it need not trust the network between: a signed statement of who asks,
// what was checked, and for which request it is (`merlon-verdict`). Short-lived and for this one method and path, so
// that one that is caught opens nothing else. What a client sends under that name never gets through.

import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { bytesToUtf8 } from '../lib/bytes.ts'
import { GatewayError } from '../lib/errors.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import type { Identity, VerdictKeys } from '../pipeline/identity.ts'
import type { Destination, OutgoingBody, ResponseSink, TunnelClient } from '../pipeline/route.ts'

/** A retry must still fit into it, and the clock of the upstream. */
export const verdictTtlS = 30
/** Texts of a request in it, which clients choose. */
const textMax = 2048

export class VerdictSigner {
  readonly #identity: Identity | undefined
  readonly #issuer: string
  readonly #now: () => number
  #keys: VerdictKeys | undefined
  #private: KeyObject | undefined
  #header = ''

  /** @param issuer Who it is from: the issuer of our tokens, if there is one. */
  constructor(identity: Identity | undefined, issuer: string | undefined, now: () => number) {
    this.#identity = identity
    this.#issuer = issuer ?? 'merlon'
    this.#now = now
  }

  /** @throws GatewayError when there is no key: an upstream that counts on it must not get a request without */
  sign(ex: Exchange, audience: string): string {
    const key = this.#key()
    const nowS = Math.floor(this.#now() / 1000)
    const { principal, client } = ex
    const claims = {
      iss: this.#issuer,
      aud: audience,
      iat: nowS,
      exp: nowS + verdictTtlS,
      jti: ex.reference,
      method: bytesToUtf8(ex.method),
      path: bytesToUtf8(ex.request.target).slice(0, textMax),
      route: ex.route.name,
      ip: client.ip,
      ja4: client.tls?.ja4,
      mtls: client.tls?.certificate?.fingerprint,
      score: ex.score,
      checks: checksOf(ex),
      ...(principal && {
        sub: principal.id,
        kind: principal.kind,
        sub_iss: principal.issuer === '' ? undefined : principal.issuer,
        client_id: principal.clientId === '' ? undefined : principal.clientId,
        scope: principal.scopes.join(' '),
        roles: principal.roles,
        groups: principal.groups,
        acr: principal.acr === '' ? undefined : principal.acr,
      }),
    }
    const input = `${this.#header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
    return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
  }

  #key(): KeyObject {
    const keys = this.#identity?.verdictKeys
    if (!keys) throw new GatewayError('GUARD_FAILED', 'gateway', 'there is no key to sign the verdict with')
    if (keys !== this.#keys || !this.#private) {
      this.#keys = keys
      this.#private = createPrivateKey({ key: keys.private, format: 'jwk' })
      const header = { alg: 'EdDSA', typ: 'merlon-verdict+jwt', kid: keys.private.kid }
      this.#header = Buffer.from(JSON.stringify(header)).toString('base64url')
    }
    return this.#private
  }
}

const checks = new WeakMap<Exchange['route'], readonly string[]>()

/** The guards that refuse on this route; what only watches vouches for nothing. */
function checksOf({ route }: Exchange): readonly string[] {
  let names = checks.get(route)
  if (!names) {
    const steps = Object.values(route.phases).flat()
    names = [...new Set(steps.filter(({ mode }) => mode === 'protect').map(({ name }) => name))]
    checks.set(route, names)
  }
  return names
}

/** An upstream that gets the statement with each request. */
export class SignedDestination implements Destination {
  readonly name: string
  readonly #inner: Destination
  readonly #signer: VerdictSigner

  constructor(inner: Destination, signer: VerdictSigner) {
    this.name = inner.name
    this.#inner = inner
    this.#signer = signer
  }

  async send(ex: Exchange, body: OutgoingBody, sink: ResponseSink): Promise<void> {
    ex.verdictToken = this.#signer.sign(ex, this.name)
    await this.#inner.send(ex, body, sink)
  }

  async upgrade(ex: Exchange, client: TunnelClient, sink: ResponseSink): Promise<boolean> {
    ex.verdictToken = this.#signer.sign(ex, this.name)
    return this.#inner.upgrade(ex, client, sink)
  }
}

/** Answers with the public keys by itself: what upstreams verify the statements with. */
export function verdictKeySet(identity: Identity | undefined): Destination {
  return {
    name: '(verdict-keys)',
    send: async (ex, _body, sink) => {
      const body = Buffer.from(JSON.stringify({ keys: identity?.verdictKeys?.public ?? [] }))
      const headers = ['content-type', 'application/jwk-set+json', 'cache-control', 'public, max-age=300']
      const flow = { pause: () => {}, resume: () => {}, abort: () => {} }
      sink.head(200, 'OK', [...headers, 'content-length', String(body.length)], flow)
      if (ex.method !== 'HEAD') sink.data(body)
      sink.end([])
    },
    upgrade: async () => false,
  }
}
