// What the guard `authz` costs: Cedar asked with every policy of a set, with those that can apply to the operation, and the
// answer from memory; and `authn` + `authz` together on a request whose token and decision are remembered. CPU time.

import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IdentityMirror } from '../src/accounts/mirror.ts'
import { authn } from '../src/guards/authn/index.ts'
import { authnOptions } from '../src/guards/authn/options.ts'
import { authz } from '../src/guards/authz/index.ts'
import { authzOptions } from '../src/guards/authz/options.ts'
import type { PublicJwk } from '../src/lib/jwt.ts'
import type { Exchange } from '../src/pipeline/exchange.ts'
import type { Guard, GuardTools } from '../src/pipeline/guard.ts'
import { defaultLimits } from '../src/pipeline/limits.ts'
import { testExchange } from '../src/pipeline/testing.ts'
import { cedar, ParsedSet } from '../src/policies/cedar.ts'
import { createSharedMarks, SharedMarks } from '../src/store/marks-shared.ts'

const issuer = 'https://api.example.com'
const operations = 200
const sizes = [10, 200, 2000]

export async function benchAuthz(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-bench-'))
  try {
    const openapi = join(dir, 'openapi.json')
    writeFileSync(openapi, JSON.stringify({ openapi: '3.1.0', paths: pathsOf() }))
    console.log(`\nauthz: decisions a second, ${operations} operations, one core`)
    console.log('  policies        all of them   those that apply      remembered   µs remembered')
    for (const size of sizes) measureSize(dir, openapi, size)
    await measureBoth(dir, openapi)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function measureSize(dir: string, openapi: string, size: number): void {
  const texts = policiesOf(size)
  writeFileSync(join(dir, 'p.cedar'), Object.values(texts).join('\n'))
  const guard = open(dir, openapi)
  // Each for another thing of its own: nothing is remembered.
  const cold = rate(i => guard.onHeaders?.(exchange(i % operations, `u${i}`, `u${i}`)), 2000)
  const known = Array.from({ length: operations }, (_, i) => exchange(i, 'alice', 'alice'))
  for (const ex of known) guard.onHeaders?.(ex)
  const remembered = rate(i => guard.onHeaders?.(known[i % operations] as Exchange), 400_000)
  const set = new ParsedSet(texts)
  const all = rate(i => askAll(set.name, i), size > 1000 ? 200 : 2000)
  set.close()
  guard.close?.()
  const cells = [all, cold, remembered].map(perSecond => Math.round(perSecond).toLocaleString('en').padStart(16))
  console.log(`  ${String(size).padEnd(8)}${cells.join('   ')}   ${(1e6 / remembered).toFixed(2).padStart(13)}`)
}

/** As Cedar would be asked without slices. */
function askAll(preparsedPolicySetId: string, i: number): void {
  const action = { type: 'Action', id: `op${i % operations}` }
  const resource = { type: 'Thing', id: 'x' }
  const principal = { type: 'User', id: `u${i}` }
  const attrs = { id: `u${i}`, issuer, client: '', scopes: [], roles: [], groups: [] }
  const answer = cedar().statefulIsAuthorized({
    principal,
    action,
    resource,
    context: { mtls: false },
    preparsedPolicySetId,
    entities: [
      { uid: principal, attrs, parents: [{ type: 'Role', id: 'r1' }] },
      { uid: action, attrs: {}, parents: [{ type: 'Action', id: 'read' }] },
      { uid: resource, attrs: { path: { id: `u${i}` } }, parents: [{ type: 'Api', id: 'app' }] },
    ],
  })
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message)
}

async function measureBoth(dir: string, openapi: string): Promise<void> {
  writeFileSync(join(dir, 'p.cedar'), Object.values(policiesOf(200)).join('\n'))
  const authzGuard = open(dir, openapi)
  const { guard: authnGuard, token } = openAuthn()
  const exchanges = Array.from({ length: operations }, (_, i) =>
    testExchange({ target: `/things${i}/alice`, headers: ['Authorization', `Bearer ${token}`] }),
  )
  const one = async (ex: Exchange) => {
    const early = authnGuard.onHeaders?.(ex)
    const verdict = early instanceof Promise ? await early : early
    if (verdict) throw new Error(verdict.reason.detail)
    if (authzGuard.onHeaders?.(ex) !== undefined) throw new Error('refused')
  }
  for (const ex of exchanges) await one(ex)
  for (let i = 0; i < 20_000; i++) {
    const ex = exchanges[i % operations] as Exchange
    authnGuard.onHeaders?.(ex)
    authzGuard.onHeaders?.(ex)
  }
  const perSecond = rate(i => {
    const ex = exchanges[i % operations] as Exchange
    authnGuard.onHeaders?.(ex)
    if (authzGuard.onHeaders?.(ex) !== undefined) throw new Error('refused')
  }, 200_000)
  console.log(
    `\nauthn + authz, token and decision remembered: ${(1e6 / perSecond).toFixed(1)} µs a request (target: 30)`,
  )
}

/** Calls a second of CPU time, after a warm-up: WebAssembly is compiled better while it runs. */
function rate(work: (i: number) => unknown, times: number): number {
  for (let i = 0; i < times / 4; i++) work(times + i)
  const before = process.cpuUsage()
  for (let i = 0; i < times; i++) work(i)
  const { user, system } = process.cpuUsage(before)
  return times / ((user + system) / 1e6)
}

function exchange(operation: number, id: string, thing: string): Exchange {
  const ex = testExchange({ target: `/things${operation}/${thing}` })
  const none: readonly string[] = []
  ex.principal = { kind: 'user', id, scopes: none, roles: ['r1'], groups: none, clientId: 'web', acr: '', issuer }
  return ex
}

/** The first permits one's own everywhere, so that each decision looks at the path; the others are of one operation. */
function policiesOf(size: number): Record<string, string> {
  const all: Record<string, string> = {
    own: '@id("own") permit(principal is User, action, resource is Thing) when { resource.path.id == principal.id };',
  }
  for (let i = 1; i < size; i++) {
    const where = `action == Action::"op${i % operations}", resource`
    all[`p${i}`] = `@id("p${i}") permit(principal in Role::"role${i % 50}", ${where}) when { context.mtls };`
  }
  return all
}

function pathsOf(): object {
  return Object.fromEntries(
    Array.from({ length: operations }, (_, i) => [
      `/things${i}/{id}`,
      { get: { operationId: `op${i}`, 'x-resource': 'Thing' } },
    ]),
  )
}

const tools: Omit<GuardTools, 'configDir'> = {
  now: Date.now,
  counters: { take: () => ({ allowed: true, remaining: 1000, resetMs: 0, retryAfterMs: 0 }) },
  limits: defaultLimits,
  stateDir: '/',
  ownIssuer: issuer,
}

function open(dir: string, openapi: string): Guard {
  const route = { name: 'app', match: { host: undefined, path: undefined, methods: undefined }, openapi }
  const made = authz.create(authzOptions.parse({ policies: 'p.cedar' }), {
    ...tools,
    configDir: dir,
    route,
    routes: [route],
  })
  if (!made.ok) throw new Error(made.problems[0]?.message)
  return made.guard
}

function openAuthn(): { readonly guard: Guard; readonly token: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'k' } as PublicJwk
  const identity = new IdentityMirror(
    {
      pepper: Buffer.alloc(32, 7),
      nonceSecret: Buffer.alloc(32, 8),
      issuers: [{ issuer, audience: [issuer], algorithms: ['ES256'], typ: 'at+jwt', keys: [key] }],
      keys: [],
      introspection: [],
      clients: [],
      tokens: [],
      denied: [],
      stale: false,
      verdictKeys: undefined,
    },
    new SharedMarks(createSharedMarks(64)),
    { onUsed: () => {}, onWantKeys: () => {} },
  )
  const made = authn.create(authnOptions.parse({ require: ['oauth2'] }), { ...tools, configDir: '/', identity })
  if (!made.ok) throw new Error(made.problems[0]?.message)
  const nowS = Math.floor(Date.now() / 1000)
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: issuer,
    aud: issuer,
    sub: 'alice',
    client_id: 'web',
    iat: nowS,
    exp: nowS + 3600,
    jti: 'j',
    roles: ['r1'],
  }
  const input = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { guard: made.guard, token: `${input}.${signature.toString('base64url')}` }
}
