// Opaque tokens of another issuer: a gateway asks another gateway, which issued them.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import * as oidc from 'openid-client'
import { delay } from './gateway-harness.ts'
import { bearer, call, createClient, discover, start, tokenOf } from './identity-harness.ts'

test('another issuer is asked about its opaque tokens; its answers are kept, its silence opens nothing', async t => {
  const there = await start(t)
  const client = await createClient(there, { tokens: 'opaque', scopes: ['read'] })
  const asking = await createClient(there, { canIntrospect: true })
  // Between the two, to count and to fail.
  let asked = 0
  let isDown = false
  const between = createServer(async (req, res) => {
    asked++
    const chunks: Buffer[] = []
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
    if (isDown) return res.writeHead(500).end()
    const { authorization = '' } = req.headers
    const answer = await fetch(`${there.issuer}/oauth/introspect`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.concat(chunks),
    })
    return res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await new Promise<void>(resolve => between.listen(0, '127.0.0.1', resolve))
  t.after(() => between.close())
  process.env['MERLON_TEST_INTROSPECTION'] = asking.clientSecret
  const introspection = {
    endpoint: `http://127.0.0.1:${(between.address() as { port: number }).port}/introspect`,
    clientId: asking.clientId,
    clientSecret: 'env:MERLON_TEST_INTROSPECTION',
    ttl: '5s',
    negativeTtl: '5s',
  }
  const issuers = [{ issuer: there.issuer, audience: [there.issuer], introspection }]
  const here = await start(t, { require: ['oauth2'], scopes: ['read'] }, { workers: 1, accounts: { issuers } })
  const token = await tokenOf(there, client)
  for (let i = 0; i < 10; i++) assert.equal((await call(here, bearer(token))).status, 200)
  assert.equal(asked, 1)
  for (let i = 0; i < 5; i++) assert.equal((await call(here, bearer('made-up'))).status, 401)
  assert.equal(asked, 2)
  isDown = true
  assert.equal((await call(here, bearer(token))).status, 200, 'known')
  const silent = await call(here, bearer('other'))
  assert.deepEqual([silent.status, silent.headers.get('retry-after')], [503, '1'])
  const becomes = async (want: number, what: string) => {
    const deadline = performance.now() + 30_000
    while ((await call(here, bearer(token))).status !== want) {
      assert.ok(performance.now() < deadline, what)
      await delay(100)
    }
  }
  await becomes(503, 'what was known has grown old')
  isDown = false
  await becomes(200, 'it answers again')
  const config = await discover(there, client.clientId, oidc.ClientSecretPost(client.clientSecret))
  await oidc.tokenRevocation(config, token)
  await becomes(401, 'revoked there')
  const bad = { ...introspection, clientSecret: 'env:MERLON_TEST_ABSENT' }
  const reloaded = await here.gateway.reload(
    here.config({ accounts: { issuers: [{ ...issuers[0], introspection: bad }] } }),
  )
  assert.ok(!reloaded.ok && /has no MERLON_TEST_ABSENT/.test(reloaded.problems[0]?.message ?? ''))
})
