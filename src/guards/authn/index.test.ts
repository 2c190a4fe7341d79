import assert from 'node:assert/strict'
import { createHmac, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { createCheckedToken } from '../../lib/checked-token.ts'
import type { KnownKey } from '../../pipeline/identity.ts'
import { testExchange } from '../../pipeline/testing.ts'
import { authnOptions } from './options.ts'
import {
  claims,
  ec,
  ed,
  encode,
  header,
  issuer,
  jwk,
  nowMs,
  nowS,
  open,
  otherEc,
  own,
  partner,
  rs,
  rsa,
  token,
} from './testing.ts'

describe('tokens that are good', () => {
  const good: [string, string, string, string][] = [
    ['our own', token(), 'client', 'mc_1'],
    ['EdDSA', token({}, { alg: 'EdDSA', kid: 'ed' }, ed.privateKey, null), 'client', 'mc_1'],
    ['type in full', token({}, { typ: 'application/at+jwt' }), 'client', 'mc_1'],
    ['one audience of several', token({ aud: ['x', issuer] }), 'client', 'mc_1'],
    ['a user', token({ sub: 'alice' }), 'user', 'alice'],
    ['a clock that is a little off', token({ iat: nowS + 20, nbf: nowS + 20 }), 'client', 'mc_1'],
    ['just expired, within the skew', token({ exp: nowS - 20 }), 'client', 'mc_1'],
    ['another issuer’s', rs({ sub: 'bob' }), 'user', 'bob'],
    ['another issuer’s, without a type', rs({}, { typ: undefined }), 'client', 'mc_1'],
    ['without a key id, where one key fits', token({}, { kid: undefined }), 'client', 'mc_1'],
  ]
  for (const [name, text, kind, id] of good) {
    test(name, async () => {
      const { verdict, ex } = await open({ require: ['oauth2'] }).bearer(text)
      assert.equal(verdict, undefined)
      assert.deepEqual([ex.principal?.kind, ex.principal?.id], [kind, id])
    })
  }
})

/** Signs with the public key as a shared secret: what a confused verifier would take. */
function hmacWithPublicKey(alg = 'HS256'): string {
  const secret = rsa.publicKey.export({ type: 'spki', format: 'pem' })
  const input = `${encode({ alg, typ: 'JWT', kid: 'rsa' })}.${encode({ ...claims, iss: partner.issuer, aud: 'api' })}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const unsigned = (alg: string) => `${encode({ ...header, alg })}.${encode(claims)}.`
const swapped = (text: string, change: object) => {
  const [head, , signature] = text.split('.')
  return `${head}.${encode({ ...claims, ...change })}.${signature}`
}
const attackerJwk = otherEc.publicKey.export({ format: 'jwk' })
const rawPayload = (payload: string) => {
  const input = `${encode(header)}.${encode(payload)}`
  const signature = sign('sha256', Buffer.from(input), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
const json = JSON.stringify(claims)

/** The same bytes once more: the last character of 64 bytes has two bits to spare. */
const respelled = (text: string) => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)

describe('attacks on tokens', () => {
  const attacks: [string, string, string][] = [
    ['alg none', unsigned('none'), 'algorithm'],
    ['alg None', unsigned('None'), 'algorithm'],
    ['alg nOnE, with a signature', token({}, { alg: 'nOnE' }), 'algorithm'],
    ['no alg', token({}, { alg: undefined }), 'algorithm'],
    ['alg as a list', token({}, { alg: ['ES256'] }), 'algorithm'],
    ['HS256 with the RSA public key', hmacWithPublicKey(), 'algorithm'],
    ['HS256 called RS256', hmacWithPublicKey('RS256'), 'signature'],
    ['an algorithm the issuer does not use', rs({}, { alg: 'RS512' }), 'algorithm'],
    ['PS256 with a key for RS256', rs({}, { alg: 'PS256' }), 'unknown-key'],
    ['ES256 with the id of an RSA key', token({ iss: partner.issuer }, { kid: 'rsa' }), 'algorithm'],
    ['EdDSA with the id of an EC key', token({}, { alg: 'EdDSA' }), 'unknown-key'],
    ['a signature of nothing', `${token().split('.').slice(0, 2).join('.')}.`, 'signature'],
    [
      'a signature of zeros (CVE-2022-21449)',
      `${token().split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`,
      'signature',
    ],
    ['claims of another token', swapped(token(), { sub: 'admin', scope: 'admin' }), 'signature'],
    ['another key under our key id', token({}, {}, otherEc.privateKey), 'signature'],
    ['key id: SQL', token({}, { kid: "x' UNION SELECT 'secret" }), 'unknown-key'],
    ['key id: a path', token({}, { kid: '../../../../dev/null' }), 'unknown-key'],
    ['key id: not a text', token({}, { kid: { $ne: '' } }), 'unknown-key'],
    ['key id: prototype', token({}, { kid: '__proto__' }), 'unknown-key'],
    ['key id of another issuer', token({}, { kid: 'rsa' }), 'unknown-key'],
    ['its own key (jwk)', token({}, { jwk: attackerJwk, kid: undefined }, otherEc.privateKey), 'signature'],
    [
      'where its key is (jku)',
      token({}, { jku: 'https://evil.test/jwks', kid: 'evil' }, otherEc.privateKey),
      'unknown-key',
    ],
    ['where its certificate is (x5u)', token({}, { x5u: 'https://evil.test/c' }, otherEc.privateKey), 'signature'],
    ['its own certificate (x5c)', token({}, { x5c: ['MII'] }, otherEc.privateKey), 'signature'],
    ['critical headers', token({}, { crit: ['b64'], b64: false }), 'malformed'],
    ['expired', token({ exp: nowS - 31 }), 'expired'],
    ['expired long ago, in milliseconds', token({ exp: 1 }), 'expired'],
    ['no expiry', token({ exp: undefined }), 'claims'],
    ['expiry as a text', token({ exp: '9999999999' }), 'claims'],
    ['not yet (nbf)', token({ nbf: nowS + 31 }), 'not-yet'],
    ['from the future (iat)', token({ iat: nowS + 31 }), 'not-yet'],
    ['another audience', token({ aud: 'https://other.test' }), 'audience'],
    ['an audience that starts like ours', token({ aud: `${issuer}.evil.test` }), 'audience'],
    ['no audience', token({ aud: undefined }), 'audience'],
    ['an unknown issuer', token({ iss: 'https://evil.test' }), 'issuer'],
    ['an issuer with a slash more', token({ iss: `${issuer}/` }), 'issuer'],
    ['the issuer as a list', token({ iss: [issuer, 'https://evil.test'] }), 'issuer'],
    ['no issuer', token({ iss: undefined }), 'issuer'],
    ['the name of another issuer over our key', token({ iss: partner.issuer, aud: 'api' }), 'algorithm'],
    ['an ID token', token({}, { typ: 'JWT' }), 'type'],
    ['a logout token', rs({}, { typ: 'logout+jwt' }), 'type'],
    ['a token within a token', token({}, { cty: 'JWT' }), 'malformed'],
    ['encrypted', `${token()}.x.y`, 'malformed'],
    ['too large', token({ x: 'x'.repeat(8192) }), 'malformed'],
    ['nested deeply', rawPayload(`{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`), 'malformed'],
    ['nested over the bound', rawPayload(json.replace('{', `{"x":${'['.repeat(16)}${']'.repeat(16)},`)), 'malformed'],
    ['a claim twice', rawPayload(json.replace('{', '{"sub":"admin",')), 'malformed'],
    ['a claim twice, once escaped', rawPayload(json.replace('{', '{"\\u0073ub":"admin",')), 'malformed'],
    [
      'a claim twice, far from its colon',
      rawPayload(json.replace('{', `{"sub"${' '.repeat(50)}:"admin",`)),
      'malformed',
    ],
    ['a header twice', token({}, `{"alg":"none",${JSON.stringify(header).slice(1)}`), 'malformed'],
    ['claims that are no object', rawPayload('[]'), 'malformed'],
    ['claims that are no JSON', rawPayload('{"iss":'), 'malformed'],
    [
      'claims that are no UTF-8',
      `${encode(header)}.${Buffer.from('7b22ff223a317d', 'hex').toString('base64url')}.AA`,
      'malformed',
    ],
    ['two parts', 'a.b', 'malformed'],
    ['no parts', 'abc', 'unknown'],
    ['empty parts', '..', 'malformed'],
    ['another spelling of the signature', respelled(token()), 'malformed'],
    ['no subject', token({ sub: undefined, client_id: undefined }), 'claims'],
  ]
  for (const [name, text, why] of attacks) {
    test(name, async () => {
      const { verdict, ex, challenge, status } = await open({ require: ['oauth2'] }).bearer(text)
      assert.equal(status, 401)
      assert.equal(challenge, 'Bearer realm="api", error="invalid_token"')
      const isExpired = why === 'expired'
      assert.ok(verdict?.reason.code === (isExpired ? 'authn.expired' : 'authn.invalid-token'))
      assert.match(verdict.reason.detail, new RegExp(isExpired ? 'expired$' : `: ${why}$`))
      assert.ok(
        text.length < 20 || !JSON.stringify(verdict).includes(text.slice(20)),
        'the credential is not in the reason',
      )
      assert.equal(ex.principal, undefined)
    })
  }
})

test('a revoked token or client is refused, remembered or not', async () => {
  const { bearer, denied } = open({ require: ['oauth2'] })
  const text = token()
  assert.equal((await bearer(text)).status, 200)
  denied.push('token:j1')
  assert.match((await bearer(text)).verdict?.reason.detail ?? '', /revoked/)
  denied.splice(0, 1, 'client:mc_1')
  assert.equal((await bearer(text)).status, 401)
  assert.equal((await bearer(token({ jti: 'j2' }))).status, 401)
})

test('a token that is remembered is answered at once, until it expires or the keys change', async () => {
  const { bearer, clock, issuers, guard } = open({ require: ['oauth2'] })
  const text = token()
  await bearer(text)
  assert.ok(!(guard.onHeaders?.(testExchange({ headers: ['Authorization', `Bearer ${text}`] })) instanceof Promise))
  issuers.set(issuer, { ...own, keys: [jwk(otherEc.publicKey, 'ec')] })
  assert.match((await bearer(text)).verdict?.reason.detail ?? '', /signature/)
  issuers.set(issuer, own)
  assert.equal((await bearer(text)).status, 200)
  clock.ms += 630_000
  assert.equal((await bearer(text)).verdict?.reason.code, 'authn.expired')
})

test('an unknown key id makes us ask for fresh keys', async () => {
  const { bearer, wanted } = open({ require: ['oauth2'] })
  await bearer(rs({}, { kid: 'new' }))
  assert.deepEqual(wanted, [partner.issuer])
})

test('what is asked of a client is said as RFC 6750 wants it', async () => {
  const { send, bearer } = open({ require: ['oauth2'], scopes: ['read', 'admin'] })
  const none = await send([])
  assert.deepEqual(
    [none.status, none.challenge, none.verdict?.reason.code],
    [401, 'Bearer realm="api"', 'authn.missing'],
  )
  assert.equal((await send(['Authorization', 'Basic YTpi'])).challenge, 'Bearer realm="api"')
  const lacking = await bearer(token())
  assert.deepEqual([lacking.status, lacking.verdict?.reason.code], [403, 'authn.scope'])
  assert.equal(lacking.challenge, 'Bearer realm="api", error="insufficient_scope", scope="read admin"')
  assert.equal((await bearer(token({ scope: 'admin read' }))).status, 200)
  assert.equal((await bearer(rs({ scope: undefined, scp: ['admin', 'read'] }))).status, 200)
})

test('two credentials, or one that is garbled, are refused', async () => {
  const { send } = open({ require: ['oauth2', 'apiKey'] })
  const bad: string[][] = [
    ['Authorization', `Bearer ${token()}`, 'Authorization', `Bearer ${token()}`],
    ['Authorization', `Bearer ${token()}`, 'X-Api-Key', 'mk_x'],
    ['X-Api-Key', 'a', 'x-api-key', 'b'],
    ['Authorization', `Bearer ${token()}, ${token()}`],
    ['Authorization', 'Bearer '],
    ['Authorization', 'Bearer a b'],
  ]
  for (const headers of bad) {
    const { status, challenge } = await send(headers)
    assert.deepEqual([status, challenge], [400, 'Bearer realm="api", error="invalid_request"'], headers.join(' '))
  }
})

describe('API keys', () => {
  const secret = createCheckedToken('mk_live', 160)
  const key: KnownKey = { id: 'key_1', scopes: ['read'], expiresAtMs: undefined, networks: [], isCanary: false }
  const cases: [string, KnownKey | undefined, object, number][] = [
    ['known', key, {}, 200],
    ['unknown', undefined, {}, 401],
    ['expired', { ...key, expiresAtMs: nowMs }, {}, 401],
    ['not expired', { ...key, expiresAtMs: nowMs + 1 }, {}, 200],
    ['from its network', { ...key, networks: ['198.51.100.0/24', '192.0.2.0/24'] }, {}, 200],
    ['from elsewhere', { ...key, networks: ['198.51.100.0/24', '2001:db8::/32'] }, {}, 401],
    ['with the scope', key, { scopes: ['read'] }, 200],
    ['without the scope', key, { scopes: ['write'] }, 403],
    ['where only tokens count', key, { require: ['oauth2'] }, 401],
  ]
  for (const [name, known, options, want] of cases) {
    test(name, async () => {
      const { send } = open({ require: ['apiKey'], ...options }, { keys: known ? { [secret]: known } : {} })
      for (const headers of [
        ['X-API-Key', secret],
        ['Authorization', `Bearer ${secret}`],
      ]) {
        const { status, ex, verdict } = await send(headers)
        assert.equal(status, want)
        if (want === 200) assert.deepEqual([ex.principal?.kind, ex.principal?.id], ['apiKey', 'key_1'])
        assert.ok(!JSON.stringify(verdict ?? '').includes(secret))
      }
    })
  }

  test('a typo is refused without a look-up; use is told', async () => {
    const { send, keys, used } = open({ require: ['apiKey'] }, { keys: { [secret]: key } })
    const typo = `${secret.slice(0, 12)}${secret[12] === 'x' ? 'y' : 'x'}${secret.slice(13)}`
    keys[typo] = key
    assert.match((await send(['X-Api-Key', typo])).verdict?.reason.detail ?? '', /malformed/)
    assert.deepEqual(used, [])
    await send(['X-Api-Key', secret])
    assert.deepEqual(used, ['key_1'])
  })

  test('a canary is refused as if it were unknown, and is an incident, also where keys don’t count', async () => {
    for (const require of [['apiKey'], ['oauth2']]) {
      const { send, used } = open({ require }, { keys: { [secret]: { ...key, isCanary: true } } })
      const unknown = await send(['X-Api-Key', createCheckedToken('mk_live', 160)])
      const { ex, verdict } = await send(['X-Api-Key', secret])
      assert.deepEqual([verdict?.status, verdict?.headers], [unknown.verdict?.status, unknown.verdict?.headers])
      assert.deepEqual([verdict?.reason.code, verdict?.reason.isIncident], ['authn.canary', true])
      assert.equal(unknown.verdict?.reason.isIncident, undefined)
      assert.deepEqual([ex.principal, used], [undefined, ['key_1']])
    }
  })

  test('tokens are refused where only keys count', async () => {
    assert.equal((await open({ require: ['apiKey'] }).bearer(token())).status, 401)
  })
})

const badOptions: object[] = [{}, { require: [] }, { require: ['basic'] }, { require: ['apiKey'], scopes: ['a b'] }]
for (const options of badOptions) {
  test(`refused: ${JSON.stringify(options)}`, () => assert.equal(authnOptions.safeParse(options).success, false))
}

describe('clients that keep guessing', () => {
  const badCredentials = { slowAfter: 3, blockAfter: 5, window: '10s', delay: '2s' }
  const options = { require: ['oauth2', 'apiKey'], badCredentials }
  const guess = ['Authorization', `Bearer ${token({}, {}, otherEc.privateKey)}`]

  test('are slowed, then blocked, and heard again in time', async () => {
    const secret = createCheckedToken('mk_live', 160)
    const keys = { [secret]: { id: 'key_1', scopes: [], expiresAtMs: undefined, networks: [], isCanary: false } }
    const { send, bearer, clock } = open(options, { keys })
    const known = token()
    assert.equal((await bearer(known)).status, 200)
    const delays: (number | undefined)[] = []
    for (let i = 0; i < 5; i++) {
      const { verdict, status } = await send(guess)
      assert.equal(status, 401)
      delays.push(verdict?.delayMs)
    }
    assert.deepEqual(delays, [undefined, undefined, undefined, 2000, 2000])
    const blocked = await send(guess)
    assert.deepEqual(
      [blocked.status, blocked.verdict?.reason.code, blocked.verdict?.retryAfterMs],
      [429, 'authn.blocked', 2000],
    )
    assert.equal((await bearer(token({ jti: 'new' }))).status, 429, 'what is new is not looked at')
    assert.equal((await bearer(known)).status, 200, 'what is known to be good goes on')
    assert.equal((await send(['X-Api-Key', secret])).status, 200)
    assert.equal((await send(['X-Api-Key', createCheckedToken('mk_live', 160)])).status, 429)
    assert.equal((await send(guess, { ip: '198.51.100.1' })).status, 401, 'others are others')
    clock.ms += 2001
    assert.equal((await bearer(token({ jti: 'new' }))).status, 200)
    assert.equal((await send(guess)).status, 401)
    assert.equal((await send(guess)).status, 429)
    clock.ms += 10_001
    assert.equal((await send(guess)).verdict?.delayMs, undefined)
  })

  test('are not those with an expired token, none, or too small a scope', async () => {
    const { send, bearer } = open({ ...options, scopes: ['admin'] })
    for (let i = 0; i < 20; i++) {
      assert.equal((await bearer(token({ exp: nowS - 60 }))).status, 401)
      assert.equal((await send([])).status, 401)
      assert.equal((await bearer(token())).status, 403)
    }
  })
})
