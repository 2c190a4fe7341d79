// HTTP Message Signatures (RFC 9421) of machine clients: the request itself is signed, with a key that the client was
// registered with, so nothing that could be stolen goes over the wire. A signature must cover what makes the request:
// method, authority, path, query, and the body by its digest (RFC 9530).

import { createHash, hash } from 'node:crypto'
import { publicKeyOf } from '../../lib/jwk.ts'
import { isSigned, type JwsAlgorithm } from '../../lib/jws.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { Identity, KnownClient } from '../../pipeline/identity.ts'
import type { AuthnOptions } from './options.ts'
import { readSignature, type SignatureInput } from './signature-input.ts'

export type SignatureFault =
  | 'malformed'
  | 'not all covered'
  | 'made at another time'
  | 'expired'
  | 'of an unknown key'
  | 'for another authority'
  | 'about a header that is not there'
  | 'wrong'
  | 'a replay'
  | 'for an encoded body'

export type SignatureResult =
  | {
      readonly ok: true
      readonly client: KnownClient
      /** What the body must hash to; undefined when there is none. */
      readonly digests: readonly Digest[] | undefined
    }
  | { readonly ok: false; readonly why: SignatureFault | 'busy' }

interface Digest {
  readonly algorithm: 'sha256' | 'sha512'
  readonly value: string
}

const algorithms: Readonly<Record<string, JwsAlgorithm>> = {
  ed25519: 'Ed25519',
  'ecdsa-p256-sha256': 'ES256',
  'ecdsa-p384-sha384': 'ES384',
  'rsa-pss-sha512': 'PS512',
  'rsa-v1_5-sha256': 'RS256',
}

export class Signatures {
  readonly #options: AuthnOptions
  readonly #identity: Identity
  readonly #keys = new WeakMap<object, ReturnType<typeof publicKeyOf>>()

  constructor(options: AuthnOptions, identity: Identity) {
    this.#options = options
    this.#identity = identity
  }

  check(ex: Exchange, nowMs: number): SignatureResult {
    const [input, ...moreInputs] = ex.headers.getAll('signature-input')
    const [signature, ...moreSignatures] = ex.headers.getAll('signature')
    if (input === undefined || signature === undefined || moreInputs.length + moreSignatures.length > 0) {
      return bad('malformed')
    }
    const read = readSignature(input, signature)
    if (!read) return bad('malformed')
    const hasBody =
      ex.headers.get('transfer-encoding') !== undefined || Number(ex.headers.get('content-length') ?? 0) > 0
    if (!coversAll(read.components, ex, hasBody)) return bad('not all covered')
    const { maxAge } = this.#options.signatures
    const createdMs = read.created * 1000
    const isLate = createdMs + maxAge <= nowMs || createdMs > nowMs + this.#options.clockSkew
    // What was signed before we began to remember may have been seen.
    if (isLate || createdMs < this.#identity.marks.sinceMs - 1000) return bad('made at another time')
    if (read.expires !== undefined && read.expires * 1000 <= nowMs) return bad('expired')
    if (!this.#isHere(ex)) return bad('for another authority')
    const digests = hasBody ? digestsOf(ex.headers.getAll('content-digest')) : undefined
    if (hasBody && !digests) return bad('malformed')
    if (hasBody && ex.headers.get('content-encoding') !== undefined) return bad('for an encoded body')
    const base = signatureBase(read, ex)
    if (base === undefined) return bad('about a header that is not there')
    const known = this.#keyOf(read.keyid)
    if (!known) return bad('of an unknown key')
    const algorithm = algorithmOf(read.alg, known.key)
    if (algorithm === undefined || !isSigned(algorithm, known.key, base, read.signature)) return bad('wrong')
    const mark = this.#identity.marks.mark(
      `signature ${read.keyid} ${hash('sha256', Buffer.from(base, 'latin1'), 'base64url')}`,
      createdMs + maxAge - nowMs,
      nowMs,
    )
    if (mark !== 'first') return { ok: false, why: mark === 'again' ? 'a replay' : 'busy' }
    return { ok: true, client: known.client, digests }
  }

  /** Whether the host of the request is one of this service: a signature for another one is not for us. */
  #isHere(ex: Exchange): boolean {
    const { origins } = this.#options
    const own = origins.length > 0 ? origins : this.#ownOrigins()
    const authority = authorityOf(ex)
    return own.some(origin => URL.parse(origin)?.host === authority)
  }

  #ownOrigins(): readonly string[] {
    return [...this.#identity.issuers.values()].filter(({ typ }) => typ === 'at+jwt').map(({ issuer }) => issuer)
  }

  /** `mc_…` when the client has one key, else `mc_…#kid`. */
  #keyOf(keyid: string) {
    const [id = '', kid] = keyid.split('#', 2)
    const client = this.#identity.findClient(id)
    const fitting = client?.keys.filter(key => kid === undefined || key.kid === kid) ?? []
    const [jwk] = fitting
    if (!client || !jwk || fitting.length > 1) return undefined
    let known = this.#keys.get(jwk)
    if (!known) {
      known = publicKeyOf(jwk)
      this.#keys.set(jwk, known)
    }
    return known && { client, key: known.key }
  }
}

/** Whether the body is the one that was signed. */
export function isDigested(digests: readonly Digest[], bytes: Uint8Array): boolean {
  return digests.every(({ algorithm, value }) => createHash(algorithm).update(bytes).digest('base64') === value)
}

function bad(why: SignatureFault): SignatureResult {
  return { ok: false, why }
}

function coversAll(components: readonly string[], ex: Exchange, hasBody: boolean): boolean {
  const has = (name: string) => components.includes(name)
  const whole = has('@target-uri')
  return (
    has('@method') &&
    (whole || has('@authority')) &&
    (whole || has('@path') || has('@request-target')) &&
    (whole || ex.query === '' || has('@query') || has('@request-target')) &&
    (!hasBody || has('content-digest'))
  )
}

/** §2.5; undefined when a header is named that the request does not have. */
export function signatureBase({ components, params }: SignatureInput, ex: Exchange): string | undefined {
  const lines: string[] = []
  for (const name of components) {
    const value = name.startsWith('@') ? derivedValue(name, ex) : headerValue(name, ex)
    if (value === undefined) return undefined
    lines.push(`"${name}": ${value}`)
  }
  lines.push(`"@signature-params": ${params}`)
  return lines.join('\n')
}

function derivedValue(name: string, ex: Exchange): string | undefined {
  const scheme = ex.client.secure ? 'https' : 'http'
  const query = ex.query === '' ? '' : `?${ex.query}`
  switch (name) {
    case '@method':
      return ex.method
    case '@authority':
      return authorityOf(ex)
    case '@scheme':
      return scheme
    case '@path':
      return ex.path
    case '@query':
      return query === '' ? '?' : query
    case '@target-uri':
      return `${scheme}://${authorityOf(ex)}${ex.path}${query}`
    case '@request-target':
      return ex.request.target
    default:
      return undefined
  }
}

function authorityOf(ex: Exchange): string {
  const host = (ex.headers.get('host') ?? '').toLowerCase()
  return host.replace(ex.client.secure ? /:443$/ : /:80$/, '')
}

function headerValue(name: string, ex: Exchange): string | undefined {
  const values = ex.headers.getAll(name)
  return values.length === 0 ? undefined : values.map(value => value.trim()).join(', ')
}

function algorithmOf(
  alg: string | undefined,
  key: { readonly asymmetricKeyType?: string | undefined },
): JwsAlgorithm | undefined {
  if (alg !== undefined) return Object.hasOwn(algorithms, alg) ? algorithms[alg] : undefined
  const details = key as { readonly asymmetricKeyDetails?: { readonly namedCurve?: string } }
  if (key.asymmetricKeyType === 'ed25519') return 'Ed25519'
  if (key.asymmetricKeyType === 'rsa') return 'PS512'
  return details.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ES384' : 'ES256'
}

/** `sha-256=:…:`, `sha-512=:…:`, or both. Others are not known, and one that is not checked proves nothing. */
function digestsOf(fields: readonly string[]): Digest[] | undefined {
  const digests: Digest[] = []
  for (const part of fields.join(', ').split(', ')) {
    const [, bits, value = ''] = /^sha-(256|512)=:([A-Za-z0-9+/]{43,88}={0,2}):$/.exec(part) ?? []
    const algorithm = bits === '256' ? 'sha256' : bits === '512' ? 'sha512' : undefined
    if (algorithm === undefined || digests.some(other => other.algorithm === algorithm)) return undefined
    digests.push({ algorithm, value })
  }
  return digests
}
