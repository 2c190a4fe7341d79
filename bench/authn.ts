// What the guard `authn` adds to a request: an access token that is remembered (cache on) and one that is not (cache off),
// with a DPoP proof, an API key among many; and how many tokens the authorization server gives out.

import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Accounts, accountsPath, accountsSocketPath } from '../src/accounts/accounts.ts'
import { pepperedHash } from '../src/accounts/keyring.ts'
import { IdentityMirror } from '../src/accounts/mirror.ts'
import { authn } from '../src/guards/authn/index.ts'
import { authnOptions } from '../src/guards/authn/options.ts'
import { createCheckedToken } from '../src/lib/checked-token.ts'
import { publicKeyOf } from '../src/lib/jwk.ts'
import type { PublicJwk } from '../src/lib/jwt.ts'
import type { Exchange } from '../src/pipeline/exchange.ts'
import { defaultLimits } from '../src/pipeline/limits.ts'
import { testExchange } from '../src/pipeline/testing.ts'
import { createSharedMarks, SharedMarks } from '../src/store/marks-shared.ts'
import { openSqliteRecords } from '../src/store/records-sqlite.ts'

const issuer = 'https://api.example.com'
const keyCount = 100_000
const oauth = {
  issuer: 'http://127.0.0.1:8080',
  signing: 'ES256',
  rotateMs: 30 * 86_400_000,
  tokenTtlMs: 3_600_000,
  resources: [],
  signIn: {
    title: 'Sign in',
    theme: undefined,
    passwordLength: 12,
    breachedPasswords: undefined,
    requireSecondFactor: [],
    providers: [],
  },
} as const

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
    new SharedMarks(createSharedMarks(undefined, Date.now() - 5000)),
    { onUsed: () => {}, onWantKeys: () => {} },
  )
  const made = authn.create(authnOptions.parse({ require: ['oauth2', 'apiKey'], dpop: { nonce: false } }), {
    now: Date.now,
    counters: { take: () => ({ allowed: true, remaining: 1000, resetMs: 0, retryAfterMs: 0 }) },
    limits: defaultLimits,
    configDir: '/',
    stateDir: '/',
    identity,
  })
  if (!made.ok) throw new Error(made.problems[0]?.message)
  const { guard } = made
  const token = (i: number, more: object = {}) => {
    const nowS = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      aud: issuer,
      sub: 'c',
      client_id: 'c',
      iat: nowS,
      exp: nowS + 3600,
      jti: `j${i}`,
      ...more,
    }
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
    console.log(`  ${name.padEnd(32)} ${us.toFixed(1).padStart(7)} µs  ${Math.round(1e6 / us).toLocaleString('en')}/s`)
  }
  console.log('\nauthn, a request')
  const known = [token(0)]
  const withKey = [testExchange({ headers: ['X-Api-Key', key] })]
  await measure('(warm)', [...known, ...withKey], 20_000)
  await measure('access token, remembered', known, 100_000)
  await measure(`API key of ${keyCount}`, withKey, 100_000)
  await measure(
    'access token, not remembered',
    Array.from({ length: 2000 }, (_, i) => token(i + 1)),
    1,
  )
  const proofs = createProofs()
  const bound =
    token(0, { cnf: { jkt: proofs.jkt } })
      .headers.get('authorization')
      ?.slice(7) ?? ''
  const withProof = (i: number) =>
    testExchange({ headers: ['Authorization', `DPoP ${bound}`, 'DPoP', proofs.make(bound, i)] })
  await measure('(warm)', [withProof(-1)], 1)
  await measure(
    'access token, DPoP proof',
    Array.from({ length: 2000 }, (_, i) => withProof(i)),
    1,
  )
  await benchTokens()
}

/** A key of a client, and proofs with it. */
function createProofs() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  const head = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk })
  const make = (token: string, i: number) => {
    const ath = hash('sha256', token, 'base64url')
    const claims = { jti: `p${i}`, htm: 'GET', htu: `${issuer}/`, iat: Math.floor(Date.now() / 1000) + 2, ath }
    const input = `${head}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${input}.${signature.toString('base64url')}`
  }
  return { jkt: publicKeyOf(jwk)?.thumbprint ?? '', make }
}

/** Tokens that the authorization server gives out, over its socket: one thread, eight clients at a time. */
async function benchTokens(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-bench-'))
  const accounts = await Accounts.openForGateway({
    records: openSqliteRecords(accountsPath(dir)),
    stateDir: dir,
    key: undefined,
    now: Date.now,
  })
  const socketPath = accountsSocketPath(dir)
  try {
    await accounts.use(oauth, [], socketPath)
    console.log('\ntokens, from the authorization server')
    for (const tokens of ['jwt', 'opaque'] as const) {
      const input = { name: 'bench', grants: ['client_credentials'] as const, scopes: [], canIntrospect: false, tokens }
      const { clientId, clientSecret = '' } = await accounts.createClient(input)
      const form = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
      })
      const agent = new Agent({ keepAlive: true, maxSockets: 8 })
      const ask = () => askToken(socketPath, agent, form.toString())
      await Promise.all(Array.from({ length: 50 }, ask))
      const cpu = process.cpuUsage()
      const startMs = performance.now()
      const count = 1000
      await Promise.all(Array.from({ length: count }, ask))
      const ms = performance.now() - startMs
      const { user, system } = process.cpuUsage(cpu)
      agent.destroy()
      console.log(
        `  ${tokens.padEnd(32)} ${Math.round((count * 1000) / ms).toLocaleString('en')}/s, ${((user + system) / count / 1000).toFixed(2)} ms CPU each with its client`,
      )
    }
  } finally {
    await accounts.close()
    rmSync(dir, { recursive: true })
  }
}

function askToken(socketPath: string, agent: Agent, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }
    const sent = request({ socketPath, agent, path: '/oauth/token', method: 'POST', headers }, res => {
      if (res.statusCode !== 200) reject(new Error(`the token endpoint answered ${res.statusCode}`))
      res.on('end', resolve).resume()
    })
    sent.on('error', reject).end(body)
  })
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
