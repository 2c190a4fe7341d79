// What the guard `authn` adds to a request: an access token that is remembered, one that is new, an API key among many.

import { generateKeyPairSync, sign } from 'node:crypto'
import { pepperedHash } from '../src/accounts/keyring.ts'
import { IdentityMirror } from '../src/accounts/mirror.ts'
import { authn } from '../src/guards/authn/index.ts'
import { authnOptions } from '../src/guards/authn/options.ts'
import { createCheckedToken } from '../src/lib/checked-token.ts'
import type { PublicJwk } from '../src/lib/jwt.ts'
import type { Exchange } from '../src/pipeline/exchange.ts'
import { defaultLimits } from '../src/pipeline/limits.ts'
import { testExchange } from '../src/pipeline/testing.ts'
import { createSharedMarks, SharedMarks } from '../src/store/marks-shared.ts'

const issuer = 'https://api.example.com'
const keyCount = 100_000

export async function benchAuthn(): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pepper = Buffer.alloc(32, 7)
  const key = createCheckedToken('mk_live', 160)
  const entry = (id: number, secret: string) => {
    const hashes = [{ hash: pepperedHash(pepper, secret), untilMs: undefined }]
    return { id: `key_${id}`, hashes, scopes: ['read'], expiresAtMs: undefined, networks: [], isCanary: false }
  }
  const identity = new IdentityMirror(
    {
      pepper,
      nonceSecret: pepper,
      issuers: [
        {
          issuer,
          audience: [issuer],
          algorithms: ['ES256'],
          typ: 'at+jwt',
          keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' } as PublicJwk],
        },
      ],
      keys: [...Array.from({ length: keyCount }, (_, i) => entry(i, `other-${i}`)), entry(keyCount, key)],
      introspection: [],
      clients: [],
      tokens: [],
      denied: [],
      stale: false,
      verdictKeys: undefined,
    },
    new SharedMarks(createSharedMarks()),
    { onUsed: () => {}, onWantKeys: () => {} },
  )
  const made = authn.create(authnOptions.parse({ require: ['oauth2', 'apiKey'] }), {
    now: Date.now,
    counters: { take: () => ({ allowed: true, remaining: 1000, resetMs: 0, retryAfterMs: 0 }) },
    limits: defaultLimits,
    configDir: '/',
    stateDir: '/',
    identity,
  })
  if (!made.ok) throw new Error(made.problems[0]?.message)
  const { guard } = made
  const token = (i: number) => {
    const nowS = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, aud: issuer, sub: 'c', client_id: 'c', iat: nowS, exp: nowS + 3600, jti: `j${i}` }
    const input = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return testExchange({ headers: ['Authorization', `Bearer ${input}.${signature.toString('base64url')}`] })
  }
  const measure = async (name: string, exchanges: readonly Exchange[], rounds: number) => {
    const startMs = performance.now()
    for (let i = 0; i < rounds; i++) {
      for (const ex of exchanges) if ((await guard.onHeaders?.(ex)) !== undefined) throw new Error(`${name}: refused`)
    }
    const us = ((performance.now() - startMs) * 1000) / (rounds * exchanges.length)
    console.log(`  ${name.padEnd(32)} ${us.toFixed(1)} µs`)
  }
  console.log('\nauthn, a request')
  const known = [token(0)]
  const withKey = [testExchange({ headers: ['X-Api-Key', key] })]
  await measure('(warm)', [...known, ...withKey], 20_000)
  await measure('access token, remembered', known, 100_000)
  await measure(`API key of ${keyCount}`, withKey, 100_000)
  await measure(
    'access token, new (ES256)',
    Array.from({ length: 2000 }, (_, i) => token(i + 1)),
    1,
  )
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
