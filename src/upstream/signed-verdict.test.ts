import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { PublicJwk } from '../lib/jwt.ts'
import type { Identity, VerdictKeys } from '../pipeline/identity.ts'
import { testExchange, testRoute } from '../pipeline/testing.ts'
import { VerdictSigner, verdictTtlS } from './signed-verdict.ts'

function keys(kid: string): VerdictKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const own = { kid, alg: 'EdDSA' }
  return {
    private: { ...privateKey.export({ format: 'jwk' }), ...own },
    public: [{ ...publicKey.export({ format: 'jwk' }), ...own } as PublicJwk],
  }
}

const identity = (verdictKeys: VerdictKeys | undefined) => ({ verdictKeys }) as unknown as Identity
const nowMs = 1_800_000_000_000
const currentDate = new Date(nowMs)

test('says who asks, for what, and what was checked; with the keys of the moment', async () => {
  const first = keys('one')
  const holder = { verdictKeys: first as VerdictKeys | undefined }
  const signer = new VerdictSigner(holder as unknown as Identity, 'https://api.example.com', () => nowMs)
  const step = (name: string, mode: 'protect' | 'monitor') =>
    ({
      name,
      mode,
      guard: {},
      onError: 'deny',
      stats: { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 },
    }) as const
  const route = {
    ...testRoute(),
    phases: { ...testRoute().phases, onHeaders: [step('authn', 'protect'), step('waf', 'monitor')] },
  }
  const ex = testExchange({ method: 'POST', target: '/a?b=1', route })
  ex.principal = {
    kind: 'user',
    id: 'alice',
    scopes: ['read', 'write'],
    roles: ['buyer'],
    groups: [],
    clientId: 'web',
    acr: 'mfa',
    issuer: 'https://api.example.com',
  }
  ex.score = 3
  const { payload, protectedHeader } = await jwtVerify(
    signer.sign(ex, 'app'),
    createLocalJWKSet({ keys: [...first.public] as never }),
    {
      issuer: 'https://api.example.com',
      audience: 'app',
      typ: 'merlon-verdict+jwt',
      algorithms: ['EdDSA'],
      currentDate,
    },
  )
  assert.equal(protectedHeader.kid, 'one')
  const { sub, client_id, scope, roles, acr, method, path, checks, score, jti, exp, iat } = payload
  assert.deepEqual(
    { sub, client_id, scope, roles, acr, method, path, checks, score, jti },
    {
      sub: 'alice',
      client_id: 'web',
      scope: 'read write',
      roles: ['buyer'],
      acr: 'mfa',
      method: 'POST',
      path: '/a?b=1',
      checks: ['authn'],
      score: 3,
      jti: ex.reference,
    },
  )
  assert.equal(Number(exp) - Number(iat), verdictTtlS)
  const late = new Date(nowMs + (verdictTtlS + 1) * 1000)
  const second = keys('two')
  holder.verdictKeys = second
  const token = signer.sign(testExchange(), 'app')
  const set = createLocalJWKSet({ keys: [...second.public] as never })
  assert.equal((await jwtVerify(token, set, { currentDate })).payload.sub, undefined, 'nobody is known')
  await assert.rejects(jwtVerify(token, set, { currentDate: late }))
  await assert.rejects(jwtVerify(token, createLocalJWKSet({ keys: [...first.public] as never }), { currentDate }))
})

test('without a key nothing is sent', () => {
  for (const known of [undefined, identity(undefined)]) {
    assert.throws(() => new VerdictSigner(known, undefined, () => nowMs).sign(testExchange(), 'app'), /no key/)
  }
})
