// The preset, end to end: nobody unknown gets in, tokens are short and bound, the upstream verifies what it is told with
// the published keys, and what a client sends in its place never gets through.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { askGateway } from '../../src/admin/client.ts'
import { startTestGateway } from './gateway-harness.ts'

test('zero trust', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-zero-'))
  t.after(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'p.cedar'), 'permit(principal is ApiKey, action == Action::"GET", resource);')
  const seen: (string | undefined)[] = []
  const running = await startTestGateway(
    t,
    {
      preset: 'zero-trust',
      guards: { rate: { limit: 1_000_000 }, waf: { mode: 'off' }, authz: { policies: join(dir, 'p.cedar') } },
      routes: [
        { name: 'api', match: { path: '/v1/*' }, to: 'app' },
        { name: 'open', match: { path: '/docs/*' }, to: 'app', public: true },
      ],
      accounts: { oauth: { issuer: 'http://127.0.0.1:8080' } },
    },
    (req, res) => {
      seen.push(req.headers['merlon-verdict'] as string | undefined)
      res.end('ok')
    },
  )
  const ask = async <Result>(operation: string, input: object) => {
    const reply = await askGateway(join(running.dir, 'state'), 'POST', `/api/v1/${operation}`, input)
    assert.equal(reply?.status, 200)
    return reply?.body as Result
  }
  const send = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(`${running.url}${path}`, { headers, method })
    await response.text()
    return response.status
  }
  const keySet = createRemoteJWKSet(new URL(`${running.url}/.well-known/merlon/jwks.json`))
  const verify = async (token: string | undefined): Promise<JWTPayload> => {
    const wanted = {
      issuer: 'http://127.0.0.1:8080',
      audience: 'app',
      typ: 'merlon-verdict+jwt',
      algorithms: ['EdDSA'],
    }
    return (await jwtVerify(String(token), keySet, wanted)).payload
  }

  const { keyId, key } = await ask<{ keyId: string; key: string }>('keys/create', { name: 'k', scopes: ['read'] })
  assert.equal(await send('/v1/x'), 401)
  assert.equal(await send('/v1/x', { 'x-api-key': key }, 'POST'), 403)
  assert.deepEqual(seen, [])
  assert.equal(await send('/v1/x?y=1', { 'x-api-key': key, 'merlon-verdict': 'forged', merlon_verdict: 'forged' }), 200)
  const said = await verify(seen[0])
  assert.deepEqual(
    [said.sub, said['kind'], said['scope'], said['path'], said['route']],
    [keyId, 'apiKey', 'read', '/v1/x?y=1', 'api'],
  )
  assert.deepEqual(said['checks'], ['lists', 'rate', 'authn', 'quota', 'authz'])
  assert.ok(Number(said.exp) - Date.now() / 1000 <= 30)

  assert.equal(await send('/docs/x', { 'merlon-verdict': 'forged' }), 200)
  const open = await verify(seen[1])
  assert.deepEqual([open.sub, (open['checks'] as string[]).includes('authn')], [undefined, false])

  const { clientId, clientSecret } = await ask<{ clientId: string; clientSecret: string }>('clients/create', {
    name: 'c',
    grants: ['client_credentials'],
  })
  const response = await fetch(`${running.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }),
  })
  const token = (await response.json()) as { access_token: string; expires_in: number }
  assert.equal(token.expires_in, 300)
  assert.equal(await send('/v1/x', { authorization: `Bearer ${token.access_token}` }), 401, 'it is bound to nothing')
})
