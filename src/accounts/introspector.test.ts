import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answersMax, askedMax, type IntrospectionEntry, Introspector, tokenLengthMax } from './introspector.ts'

const nowMs = 1_800_000_000_000
const nowS = nowMs / 1000
const entry: IntrospectionEntry = {
  issuer: 'https://id.test',
  audience: ['api'],
  endpoint: 'https://id.test/introspect',
  authorization: 'Basic x',
  ttlMs: 60_000,
  negativeTtlMs: 10_000,
}
const good = { active: true, sub: 'alice', client_id: 'app', scope: 'read', exp: nowS + 600, aud: 'api' }

function open(answer: (token: string, url: string) => unknown, entries = [entry]) {
  const asked: string[] = []
  const introspector = new Introspector((async (url: string, { body }: { body: string }) => {
    const token = new URLSearchParams(body).get('token') ?? ''
    asked.push(token)
    const said = await answer(token, url)
    return said instanceof Response ? said : new Response(typeof said === 'string' ? said : JSON.stringify(said))
  }) as unknown as typeof fetch)
  introspector.use(entries)
  return { introspector, asked, ask: (token = 't', ms = nowMs) => introspector.ask(token, `#${token}`, ms) }
}

const inactive: [string, unknown][] = [
  ['not active', { ...good, active: false }],
  ['of another issuer', { ...good, iss: 'https://evil.test' }],
  ['for others', { ...good, aud: ['other'] }],
  ['expired', { ...good, exp: nowS }],
  ['expiry as a text', { ...good, exp: String(nowS + 600) }],
  ['not yet', { ...good, nbf: nowS + 1 }],
]
const unavailable: [string, unknown][] = [
  ['no JSON', '<html>'],
  ['a list', '[]'],
  ['active as a text', { ...good, active: 'true' }],
  ['active twice', '{"active":false,"active":true}'],
  ['an error', new Response('{"active":true}', { status: 500 })],
  ['not for us', new Response('{}', { status: 401 })],
  ['too large', { ...good, x: 'x'.repeat(64 * 1024) }],
]

describe('what is said of a token', () => {
  test('good', async () => {
    const known = await open(() => ({ ...good, iss: entry.issuer, nbf: nowS })).ask()
    assert.ok(known !== undefined && typeof known !== 'string')
    assert.deepEqual(known, {
      claims: { sub: 'alice', client_id: 'app', scope: 'read', iss: entry.issuer },
      expiresAtMs: nowMs + 600_000,
    })
  })
  for (const [name, said] of inactive) {
    test(name, async () => assert.equal(await open(() => said).ask(), 'inactive'))
  }
  for (const [name, said] of unavailable) {
    test(name, async () => assert.equal(await open(() => said).ask(), 'unavailable'))
  }
  test('nothing, because nobody is there', async () => {
    const { ask, asked } = open(() => {
      throw new Error('down')
    })
    assert.equal(await ask(), 'unavailable')
    assert.equal(await ask('u', nowMs + 999), 'unavailable')
    assert.equal(asked.length, 1, 'it is left alone for a second')
    await ask('u', nowMs + 1000)
    assert.equal(asked.length, 2)
  })
})

test('good answers are kept for their time, bad ones shorter, and none when the issuer is gone', async () => {
  let said: unknown = good
  const { ask, asked, introspector } = open(() => said)
  const known = await ask()
  assert.equal(introspector.known('#t', nowMs + 59_999), known)
  assert.equal(introspector.known('#t', nowMs + 60_000), undefined, 'not even when there is no other')
  said = { active: false }
  assert.equal(await ask('t', nowMs + 60_000), 'inactive')
  assert.equal(introspector.known('#t', nowMs + 69_999), 'inactive')
  assert.equal(introspector.known('#t', nowMs + 70_000), undefined)
  assert.equal(asked.length, 2)
  said = { ...good, exp: nowS + 30 }
  await ask('short')
  assert.equal(introspector.known('#short', nowMs + 30_000), undefined, 'no longer than it lives')
  introspector.use([{ ...entry, audience: ['other'] }])
  assert.equal(introspector.known('#short', nowMs), undefined)
})

test('a token that many requests bring is asked about once', async () => {
  const { ask, asked } = open(() => good)
  await Promise.all(Array.from({ length: 20 }, () => ask()))
  assert.deepEqual(asked, ['t'])
})

test(`at most ${askedMax} questions at once, of tokens up to ${tokenLengthMax}`, async () => {
  const gate = Promise.withResolvers<object>()
  const { ask, asked } = open(() => gate.promise)
  const running = Array.from({ length: askedMax }, (_, i) => ask(`t${i}`))
  assert.equal(await ask('one more'), 'unavailable')
  gate.resolve(good)
  await Promise.all(running)
  assert.equal(asked.length, askedMax)
  assert.equal(ask('x'.repeat(tokenLengthMax + 1)), undefined)
  assert.ok(ask('x'.repeat(tokenLengthMax)) !== undefined)
})

test('several issuers are asked in turn; without any nobody is', async () => {
  const other = { ...entry, issuer: 'https://b.test', endpoint: 'https://b.test/introspect' }
  const { ask } = open((_token, url) => (url === other.endpoint ? good : { active: false }), [entry, other])
  const known = await ask()
  assert.ok(typeof known === 'object' && known.claims['iss'] === 'https://b.test')
  assert.equal(open(() => good, []).ask(), undefined)
})

test(`at most ${answersMax} answers are remembered`, async () => {
  const { ask, introspector } = open(() => ({ active: false }))
  for (let i = 0; i <= answersMax; i++) await ask(`t${i}`)
  assert.deepEqual([introspector.known('#t0', nowMs), introspector.known('#t1', nowMs)], [undefined, 'inactive'])
})
