// For tests of this guard alone: issuers with their keys, tokens of theirs, and a guard that knows them.

import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { PublicJwk, TokenIssuer } from '../../lib/jwt.ts'
import type { Identity, KnownClient, KnownKey, KnownToken } from '../../pipeline/identity.ts'
import { defaultLimits } from '../../pipeline/limits.ts'
import { type TestRequest, testExchange } from '../../pipeline/testing.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { createSharedCounters, SharedCounters } from '../../store/counters-shared.ts'
import { createSharedMarks, SharedMarks } from '../../store/marks-shared.ts'
import { authn } from './index.ts'
import { authnOptions } from './options.ts'

export const nowMs = 1_800_000_000_000
export const nowS = nowMs / 1000
export const issuer = 'https://api.test'

export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ed = generateKeyPairSync('ed25519')
export const jwk = (key: KeyObject, kid: string, rest: object = {}) =>
  ({ ...key.export({ format: 'jwk' }), kid, ...rest }) as PublicJwk

export const own: TokenIssuer = {
  issuer,
  audience: [issuer],
  algorithms: ['ES256', 'EdDSA'],
  typ: 'at+jwt',
  keys: [jwk(ec.publicKey, 'ec'), jwk(ed.publicKey, 'ed')],
}
export const partner: TokenIssuer = {
  issuer: 'https://partner.test',
  audience: ['shop', 'api'],
  algorithms: ['RS256', 'PS256'],
  typ: 'any',
  keys: [jwk(rsa.publicKey, 'rsa', { alg: 'RS256', use: 'sig' })],
}

interface Known {
  denied?: string[]
  keys?: Record<string, KnownKey>
  /** By hash. */
  tokens?: Record<string, KnownToken>
  /** By id, or by the fingerprint of their certificate. */
  clients?: Record<string, KnownClient>
  introspect?: (token: string) => KnownToken | 'inactive' | 'unavailable'
}

export function open(options: object, { denied = [], keys = {}, tokens = {}, clients = {}, introspect }: Known = {}) {
  const clock = { ms: nowMs }
  const wanted: string[] = []
  const used: string[] = []
  const issuers = new Map([own, partner].map(it => [it.issuer, it]))
  const identity: Identity = {
    issuers,
    isStale: false,
    verdictKeys: undefined,
    findKey: secret => keys[secret],
    findToken: hash => tokens[hash],
    introspect: token => (introspect ? Promise.resolve(introspect(token)) : undefined),
    isDenied: whats => whats.some(what => denied.includes(what)),
    nonceSecret: Buffer.alloc(32, 1),
    marks: new SharedMarks(createSharedMarks(64, nowMs - 600_000)),
    findClient: id => clients[id],
    findCertificate: ({ fingerprint }) => clients[fingerprint],
    keyUsed: id => used.push(id),
    wantKeys: name => wanted.push(name),
  }
  const made = authn.create(authnOptions.parse(options), {
    now: () => clock.ms,
    counters: new SharedCounters(createSharedCounters(1024, nowMs)),
    limits: defaultLimits,
    configDir: '/',
    stateDir: '/',
    identity,
  })
  assert.ok(made.ok)
  const send = async (headers: readonly string[], request: TestRequest & { readonly certificate?: string } = {}) => {
    const ex = testExchange({ ...request, headers })
    if (request.certificate !== undefined) {
      const certificate = {
        subject: '',
        names: [],
        spiffeId: undefined,
        fingerprint: request.certificate,
        der: Buffer.of(),
      }
      const tls = { version: 'TLSv1.3', sni: '', alpn: '', ja4: '', certificate }
      Object.assign(ex, { client: { ...ex.client, tls } })
    }
    const outcome: Verdict | undefined = await made.guard.onHeaders?.(ex)
    assert.ok(outcome === undefined || outcome.kind === 'deny')
    const verdict = outcome as Extract<Verdict, { kind: 'deny' }> | undefined
    const headersOf = verdict?.headers ?? []
    const said = (name: string) => headersOf.filter((_, i) => headersOf[i - 1] === name && i % 2 === 1)
    const [challenge] = said('www-authenticate')
    return { ex, verdict, challenge, said, status: verdict?.status ?? 200 }
  }
  const bearer = (token: string) => send(['Authorization', `Bearer ${token}`])
  return { send, bearer, clock, wanted, used, denied, keys, tokens, issuers, guard: made.guard }
}

export const encode = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export const header = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' }
export const claims = {
  iss: issuer,
  aud: issuer,
  sub: 'mc_1',
  client_id: 'mc_1',
  scope: 'read write',
  iat: nowS - 10,
  exp: nowS + 600,
  jti: 'j1',
}

export function token(
  change: object = {},
  head: object | string = {},
  key: KeyObject = ec.privateKey,
  digest: string | null = 'sha256',
): string {
  const top = typeof head === 'string' ? head : { ...header, ...head }
  const input = `${encode(top)}.${encode({ ...claims, ...change })}`
  const signature = sign(digest, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

export const rs = (change: object = {}, head: object = {}) =>
  token(
    { iss: partner.issuer, aud: 'api', ...change },
    { alg: 'RS256', typ: 'JWT', kid: 'rsa', ...head },
    rsa.privateKey,
  )
