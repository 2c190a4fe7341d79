import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { publicKeyOf } from '../../lib/jwk.ts'
import { Proofs, proofBytesMax } from './dpop.ts'
import { Nonces, nonceTtlMs } from './nonces.ts'
import { ec, encode, issuer, nowMs, nowS, open, token } from './testing.ts'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ed = generateKeyPairSync('ed25519')
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const publicJwk = (key: KeyObject) => key.export({ format: 'jwk' })
const thumbprintOf = (key: KeyObject) => publicKeyOf(publicJwk(key))?.thumbprint ?? ''
const jkt = thumbprintOf(pair.publicKey)
const athOf = (text: string) => createHash('sha256').update(text).digest('base64url')
let count = 0

const bound = token({ cnf: { jkt } })
const head = { typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk(pair.publicKey) }

interface Change {
  readonly claims?: object
  readonly header?: object
  readonly key?: KeyObject
  readonly digest?: string | null
}

function proof({ claims = {}, header = {}, key = pair.privateKey, digest = 'sha256' }: Change = {}): string {
  const own = { jti: `id-${count++}`, htm: 'GET', htu: `${issuer}/things`, iat: nowS, ath: athOf(bound), ...claims }
  const input = `${encode({ ...head, ...header })}.${encode(own)}`
  const signature = sign(digest, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

const plain = { require: ['oauth2'], dpop: { nonce: false } }
const target = '/things?a=b'

function call(options: object = plain) {
  const opened = open(options)
  const send = (text: string | undefined, access = bound, scheme = 'DPoP', request: object = {}) => {
    const own = text === undefined ? [] : ['DPoP', text]
    return opened.send(['Authorization', `${scheme} ${access}`, ...own], { target, ...request })
  }
  return { ...opened, send }
}

describe('proofs that are good', () => {
  const good: [string, Change, KeyObject?][] = [
    ['ES256', {}],
    ['a clock ahead', { claims: { iat: nowS + 25 } }],
    ['a clock behind', { claims: { iat: nowS - 55 } }],
    ['with query and fragment in htu', { claims: { htu: `${issuer}/things?x=1#y` } }],
    ['with the port of the scheme', { claims: { htu: `${issuer}:443/things` } }],
    ['with a letter that is percent-encoded', { claims: { htu: `${issuer}/thi%6egs` } }],
    ['in capitals', { claims: { htu: 'HTTPS://API.test/things' } }],
    [
      'EdDSA',
      { header: { alg: 'EdDSA', jwk: publicJwk(ed.publicKey) }, key: ed.privateKey, digest: null },
      ed.publicKey,
    ],
    [
      'Ed25519',
      { header: { alg: 'Ed25519', jwk: publicJwk(ed.publicKey) }, key: ed.privateKey, digest: null },
      ed.publicKey,
    ],
    [
      'ES384',
      { header: { alg: 'ES384', jwk: publicJwk(p384.publicKey) }, key: p384.privateKey, digest: 'sha384' },
      p384.publicKey,
    ],
    ['RS256', { header: { alg: 'RS256', jwk: publicJwk(rsa.publicKey) }, key: rsa.privateKey }, rsa.publicKey],
  ]
  for (const [name, change, key] of good) {
    test(name, async () => {
      const access = token({ cnf: { jkt: key ? thumbprintOf(key) : jkt } })
      const text = proof({ ...change, claims: { ath: athOf(access), ...change.claims } })
      const { verdict, ex } = await call().send(text, access)
      assert.equal(verdict, undefined)
      assert.equal(ex.principal?.id, 'mc_1')
    })
  }
})

describe('proofs that are not', () => {
  const bad: [string, Change | string | undefined, string][] = [
    ['none', undefined, 'missing'],
    ['no JWT', 'abc', 'malformed'],
    ['too long', proof({ claims: { x: 'x'.repeat(proofBytesMax) } }), 'malformed'],
    ['another type', { header: { typ: 'JWT' } }, 'type'],
    ['no type', { header: { typ: undefined } }, 'type'],
    ['critical headers', { header: { crit: ['b64'] } }, 'type'],
    ['alg none', { header: { alg: 'none' } }, 'algorithm'],
    ['HS256', { header: { alg: 'HS256' } }, 'algorithm'],
    ['no key', { header: { jwk: undefined } }, 'key'],
    ['a private key', { header: { jwk: pair.privateKey.export({ format: 'jwk' }) } }, 'key'],
    ['a shared secret', { header: { jwk: { kty: 'oct', k: 'AAAA' } } }, 'key'],
    ['a weak key', { header: { alg: 'RS256', jwk: publicJwk(weak.publicKey) }, key: weak.privateKey }, 'key'],
    ['a point that is on no curve', { header: { jwk: { ...head.jwk, x: head.jwk.y } } }, 'key'],
    ['the key of somebody else', { header: { jwk: publicJwk(other.publicKey) } }, 'signature'],
    ['a key of another kind', { header: { alg: 'ES384' } }, 'signature'],
    ['another method', { claims: { htm: 'POST' } }, 'htm'],
    ['the method in small letters', { claims: { htm: 'get' } }, 'htm'],
    ['another path', { claims: { htu: `${issuer}/other` } }, 'htu'],
    ['a path below', { claims: { htu: `${issuer}/things/` } }, 'htu'],
    ['another host', { claims: { htu: 'https://evil.test/things' } }, 'htu'],
    ['another scheme', { claims: { htu: 'http://api.test/things' } }, 'htu'],
    ['another port', { claims: { htu: `${issuer}:8443/things` } }, 'htu'],
    ['a user in htu', { claims: { htu: 'https://a@api.test/things' } }, 'htu'],
    ['htu that is no URL', { claims: { htu: '/things' } }, 'htu'],
    ['another token', { claims: { ath: athOf('x') } }, 'ath'],
    ['no ath', { claims: { ath: undefined } }, 'ath'],
    ['no jti', { claims: { jti: undefined } }, 'claims'],
    ['a long jti', { claims: { jti: 'x'.repeat(257) } }, 'claims'],
    ['iat as a text', { claims: { iat: String(nowS) } }, 'claims'],
    ['no htu', { claims: { htu: undefined } }, 'claims'],
  ]
  for (const [name, change, why] of bad) {
    test(name, async () => {
      const text = typeof change === 'object' ? proof(change) : change
      const { status, challenge, verdict, ex } = await call().send(text)
      assert.equal(status, 401)
      assert.match(challenge ?? '', /^DPoP realm="api", error="invalid_dpop_proof", algs="ES256 /)
      assert.match(verdict?.reason.detail ?? '', new RegExp(`${why}$`))
      assert.equal(ex.principal, undefined)
    })
  }

  test('a jti of the greatest length is good', async () => {
    assert.equal((await call().send(proof({ claims: { jti: 'x'.repeat(256) } }))).status, 200)
  })

  test('two proofs', async () => {
    const { send } = open(plain)
    const { verdict } = await send(['Authorization', `DPoP ${bound}`, 'DPoP', proof(), 'DPoP', proof()], { target })
    assert.match(verdict?.reason.detail ?? '', /there twice/)
  })
})

test('a proof is good once, on whatever route', async () => {
  const { send } = call()
  const text = proof()
  assert.equal((await send(text)).status, 200)
  const again = await send(text)
  assert.deepEqual([again.status, again.verdict?.reason.detail], [401, 'the DPoP proof is a replay'])
})

test('when there is no room to remember, nobody passes', async () => {
  const { send } = call()
  const statuses = new Set<number>()
  for (let i = 0; i < 100; i++) statuses.add((await send(proof())).status)
  assert.deepEqual([...statuses], [200, 503])
})

describe('stolen and mixed up', () => {
  const cases: [string, () => [string | undefined, string, string], string][] = [
    ['a bound token as a bearer token', () => [undefined, bound, 'Bearer'], 'invalid_token'],
    ['a bound token as a bearer token, with a proof', () => [proof(), bound, 'Bearer'], 'invalid_token'],
    [
      'a plain token with a proof',
      () => [proof({ claims: { ath: athOf(token()) } }), token(), 'DPoP'],
      'invalid_token',
    ],
    [
      'a token of another key',
      () => {
        const access = token({ cnf: { jkt: thumbprintOf(other.publicKey) } })
        return [proof({ claims: { ath: athOf(access) } }), access, 'DPoP']
      },
      'invalid_token',
    ],
    ['bound to what we can’t check', () => [undefined, token({ cnf: { kid: 'x' } }), 'Bearer'], 'invalid_token'],
    ['bound to nothing', () => [undefined, token({ cnf: {} }), 'Bearer'], 'invalid_token'],
  ]
  for (const [name, make, error] of cases) {
    test(name, async () => {
      const { status, challenge } = await call().send(...make())
      assert.equal(status, 401)
      assert.match(challenge ?? '', new RegExp(`error="${error}"`))
    })
  }

  test('plain bearer tokens are refused where tokens must be bound', async () => {
    const { send, bearer } = call({ ...plain, requireBound: true })
    assert.equal((await bearer(token())).status, 401)
    assert.equal((await send(proof())).status, 200)
    assert.deepEqual((await open({ ...plain, requireBound: true }).send([])).said('www-authenticate').length, 1)
  })
})

describe('certificates', () => {
  const fingerprint = createHash('sha256').update('cert').digest('hex')
  const access = token({ cnf: { 'x5t#S256': Buffer.from(fingerprint, 'hex').toString('base64url') } })
  const cases: [string, object, number][] = [
    ['the right one', { certificate: fingerprint }, 200],
    ['another', { certificate: createHash('sha256').update('other').digest('hex') }, 401],
    ['none', {}, 401],
  ]
  for (const [name, request, want] of cases) {
    test(name, async () => {
      const { send } = open({ require: ['oauth2'], requireBound: true })
      assert.equal((await send(['Authorization', `Bearer ${access}`], request)).status, want)
    })
  }
})

describe('nonces', () => {
  const wants = { require: ['oauth2'] }

  test('are asked for, given, and renewed long before they are over', async () => {
    const { send, clock } = call(wants)
    const asked = await send(proof())
    assert.deepEqual([asked.status, asked.verdict?.reason.code], [401, 'authn.nonce'])
    assert.match(asked.challenge ?? '', /error="use_dpop_nonce"/)
    const [nonce = ''] = asked.said('dpop-nonce')
    const now = await send(proof({ claims: { nonce, iat: 0 } }))
    assert.deepEqual([now.status, now.ex.extraHeaders], [200, []])
    clock.ms += nonceTtlMs
    const late = await send(proof({ claims: { nonce } }))
    assert.equal(late.status, 200)
    assert.equal(late.ex.extraHeaders[0], 'dpop-nonce')
    clock.ms += 1
    assert.match((await send(proof({ claims: { nonce } }))).challenge ?? '', /use_dpop_nonce/)
    assert.equal((await send(proof({ claims: { nonce: late.ex.extraHeaders[1] } }))).status, 200)
  })

  for (const [name, nonce] of [
    ['made up', 'abc'],
    ['of another gateway', new Nonces(Buffer.alloc(32, 9)).next(nowMs)],
    ['changed', `B${new Nonces(Buffer.alloc(32, 1)).next(nowMs).slice(1)}`],
    ['long', 'A'.repeat(65)],
    ['from before the start', new Nonces(Buffer.alloc(32, 1)).next(nowMs - 600_000)],
  ] as const) {
    test(`not good: ${name}`, async () => {
      assert.match((await call(wants).send(proof({ claims: { nonce } }))).challenge ?? '', /use_dpop_nonce/)
    })
  }

  for (const [name, iat, want] of [
    ['just young enough', nowS - 59, 200],
    ['too old', nowS - 60, 401],
    ['ahead, within the skew', nowS + 30, 200],
    ['ahead, beyond it', nowS + 31, 401],
  ] as const) {
    test(`without one: ${name}`, async () => {
      const { status, said } = await call().send(proof({ claims: { iat } }))
      assert.equal(status, want)
      assert.equal(said('dpop-nonce').length, want === 200 ? 0 : 1)
    })
  }

  test('without one: from before the start, which nobody remembers', async () => {
    const { send, clock } = call({ ...plain, dpop: { nonce: false, maxAge: '5m' } })
    clock.ms = nowMs - 600_000 + 100_000
    const access = token({ cnf: { jkt }, iat: undefined })
    const at = (iat: number) => proof({ claims: { iat, ath: athOf(access) } })
    assert.match((await send(at(clock.ms / 1000 - 100), access)).challenge ?? '', /use_dpop_nonce/)
    assert.equal((await send(at(clock.ms / 1000 - 99), access)).status, 200)
  })
})

test('origins are the audience’s unless given; without any nobody passes', async () => {
  const own = call({ ...plain, origins: ['https://shop.test'] })
  assert.equal((await own.send(proof())).status, 401)
  assert.equal((await own.send(proof({ claims: { htu: 'https://shop.test/things' } }))).status, 200)
})

test('forwardCredential: false keeps the proof from the upstream too', async () => {
  const { ex } = await call({ ...plain, forwardCredential: false }).send(proof())
  assert.ok(ex.withheldHeaders.includes('dpop') && ex.withheldHeaders.includes('authorization'))
})

test('whatever comes as a proof is no throw', () => {
  const proofs = new Proofs()
  const wants = { method: 'GET', origins: [issuer], path: '/', accessToken: 'x' }
  const part = fc.oneof(fc.json(), fc.string())
  fc.assert(
    fc.property(part, part, fc.string(), fc.anything(), (a, b, c, jwk) => {
      assert.equal(proofs.verify(`${encode(a)}.${encode(b)}.${c}`, wants).ok, false)
      assert.equal(proofs.verify(c, wants).ok, false)
      publicKeyOf(jwk)
    }),
    { numRuns: 300 },
  )
})

test('keys of others are read once and never mixed up', () => {
  assert.equal(publicKeyOf(publicJwk(ec.publicKey))?.thumbprint, thumbprintOf(ec.publicKey))
  // RFC 7638 §3.1
  const example = {
    kty: 'RSA',
    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29',
  }
  assert.equal(publicKeyOf(example)?.thumbprint, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})
