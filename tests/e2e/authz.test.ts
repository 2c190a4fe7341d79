// Who may do what, end to end: tokens and keys of the gateway, an OpenAPI document, Cedar policies, reload.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { askGateway } from '../../src/admin/client.ts'
import { parseConfig } from '../../src/config/load.ts'
import { startGateway } from '../../src/gateway.ts'
import { cli } from './cli-run.ts'
import { startTestGateway } from './gateway-harness.ts'

const document = {
  openapi: '3.1.0',
  paths: {
    '/orders': {
      get: { operationId: 'listOrders' },
      post: {
        operationId: 'placeOrder',
        requestBody: {
          content: {
            'application/json': { schema: { required: ['amount'], properties: { amount: { type: 'integer' } } } },
          },
        },
      },
    },
    '/keys/{key}': { get: { operationId: 'showKey', 'x-resource': 'Key' } },
  },
}

const policies = `
@id("readers") permit(principal in Role::"reader", action in Action::"read", resource) unless { resource in Operation::"showKey" };
@id("buyers") permit(principal is ApiKey, action == Action::"placeOrder", resource) when { principal.scopes.contains("buy") && resource.body has amount && resource.body.amount <= 100 };
@id("own") permit(principal is ApiKey, action == Action::"showKey", resource) when { resource.path.key == principal.id };
@id("outside") forbid(principal, action, resource) unless { context.ip.isLoopback() };
`

test('keys with roles, scopes, their own things; bodies; events; a reload takes new policies', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-authz-'))
  t.after(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'openapi.json'), JSON.stringify(document))
  const file = join(dir, 'shop.cedar')
  writeFileSync(file, policies)
  const bodies: string[] = []
  const running = await startTestGateway(
    t,
    {
      openapi: join(dir, 'openapi.json'),
      guards: {
        rate: { limit: 1_000_000 },
        waf: { mode: 'off' },
        authn: { require: ['apiKey'] },
        authz: { policies: join(dir, '*.cedar') },
      },
    },
    (req, res) => {
      let body = ''
      req.on('data', chunk => (body += chunk))
      req.on('end', () => {
        bodies.push(body)
        res.end('ok')
      })
    },
  )
  const create = async (scopes: string[]) => {
    const reply = await askGateway(join(running.dir, 'state'), 'POST', '/api/v1/keys/create', { name: 'k', scopes })
    return reply?.body as { keyId: string; key: string }
  }
  const reader = await create(['role:reader'])
  const buyer = await create(['buy'])
  const send = async (key: string, method: string, path: string, body?: string) => {
    const headers = { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) }
    const response = await fetch(`${running.url}${path}`, { method, headers, ...(body !== undefined && { body }) })
    return { status: response.status, text: await response.text(), type: response.headers.get('content-type') }
  }
  const status = async (...request: Parameters<typeof send>) => (await send(...request)).status
  for (let i = 0; i < 3; i++) {
    assert.equal(await status(reader.key, 'GET', '/orders'), 200)
    assert.equal(await status(buyer.key, 'GET', '/orders'), 403)
    assert.equal(await status(buyer.key, 'POST', '/orders', '{"amount":100}'), 200)
    assert.equal(await status(buyer.key, 'POST', '/orders', '{"amount":101}'), 403)
    assert.equal(await status(buyer.key, 'POST', '/orders', '{"amount":1,"amount":101}'), 403)
    assert.equal(await status(reader.key, 'POST', '/orders', '{"amount":1}'), 403)
    assert.equal(await status(buyer.key, 'GET', `/keys/${buyer.keyId}`), 200)
    assert.equal(await status(buyer.key, 'GET', `/keys/${reader.keyId}`), 403)
    assert.equal(await status(reader.key, 'GET', '/admin'), 403)
  }
  assert.equal(bodies.filter(body => body !== '').join(), Array(3).fill('{"amount":100}').join())
  const refused = await send(reader.key, 'GET', '/admin')
  assert.equal(refused.type, 'application/problem+json')
  const problem = JSON.parse(refused.text)
  assert.deepEqual(
    [problem.type, problem.status, problem.detail],
    ['urn:merlon:problem:not-permitted', 403, 'You are not permitted to do this.'],
  )
  const events = (await running.events(19, { guard: 'authz' })).map(({ json }) => JSON.parse(json).merlon)
  assert.equal(events.length, 19)
  assert.equal(events[0].code, 'authz.denied')
  assert.match(events[0].detail, new RegExp(`^ApiKey "${buyer.keyId}" may not listOrders: no policy permits it$`))
  assert.equal(events[0].findings[0].evidence[0].rule, 'default-deny')

  writeFileSync(file, '@id("nobody") forbid(principal, action, resource);')
  assert.deepEqual(await running.gateway.reload(running.config()), { ok: true })
  assert.equal(await status(reader.key, 'GET', '/orders'), 403)
  const last = (await running.events(20, { guard: 'authz' })).at(-1)
  assert.equal(JSON.parse(last?.json ?? '{}').merlon.findings[0].evidence[0].rule, 'nobody')

  // Policies that are wrong leave the old ones in force.
  writeFileSync(file, 'permit(principal, action == Action::"x", resource);')
  const bad = await running.gateway.reload(running.config())
  assert.ok(!bad.ok)
  assert.match(bad.problems[0]?.file ?? '', /shop\.cedar$/)
  assert.equal(await status(reader.key, 'GET', '/orders'), 403)
})

test('what nobody needed is told, also while the gateway runs', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-unused-'))
  t.after(() => rmSync(dir, { recursive: true }))
  writeFileSync(
    join(dir, 'p.cedar'),
    '@id("read") permit(principal, action == Action::"GET", resource) when { principal.scopes.contains("read") };\n' +
      '@id("idle") permit(principal in Role::"admin", action, resource);',
  )
  const config = {
    listen: [{ http: '127.0.0.1:0' }],
    upstreams: { app: { servers: ['http://127.0.0.1:1'] } },
    routes: [{ name: 'app', to: 'app' }],
    guards: { waf: { mode: 'off' }, authn: { require: ['apiKey'] }, authz: { policies: 'p.cedar' } },
    store: { state: './state' },
    workers: 1,
  }
  writeFileSync(join(dir, 'merlon.yaml'), JSON.stringify(config))
  const parsed = parseConfig(JSON.stringify(config), { file: 'merlon.yaml', dir })
  assert.ok(parsed.ok)
  const started = await startGateway(parsed.config)
  assert.ok(started.ok)
  const create = async (name: string, scopes: string[]) => {
    const reply = await askGateway(join(dir, 'state'), 'POST', '/api/v1/keys/create', { name, scopes })
    assert.ok(reply)
    return reply.body as { keyId: string; key: string }
  }
  const [used, idle] = [await create('used', ['read', 'write', 'role:admin']), await create('idle', ['read'])]
  const url = `http://127.0.0.1:${started.gateway.listening[0]?.port}`
  assert.equal((await fetch(url, { headers: { 'x-api-key': used.key } })).status, 502)
  await started.gateway.stop()
  const { stdout, stderr, code } = await cli(['authz', 'unused', '--json'], dir)
  assert.equal(code, 1, stderr)
  const { holders, policies } = JSON.parse(stdout) as { holders: Record<string, unknown>[]; policies: string[] }
  const none = { roles: [], groups: [] }
  const one = {
    kind: 'apiKey',
    id: used.keyId,
    name: 'used',
    isUnused: false,
    scopes: ['write', 'role:admin'],
    ...none,
  }
  const other = { kind: 'apiKey', id: idle.keyId, name: 'idle', isUnused: true, scopes: ['read'], ...none }
  const byName = holders.sort((a, b) => String(b['name']).localeCompare(String(a['name'])))
  assert.deepEqual(byName, [
    { ...one, keep: { scopes: ['read'], ...none } },
    { ...other, keep: { scopes: [], ...none } },
  ])
  assert.deepEqual(policies, [])
  const text = await cli(['authz', 'unused'], dir)
  assert.match(text.stdout, /used +scope write, scope role:admin +scope read/)
})

test('check finds what is wrong with policies and documents', () => {
  const parsed = parseConfig(
    JSON.stringify({
      listen: [{ http: ':0' }],
      upstreams: { a: { servers: ['http://a'] } },
      routes: [{ to: 'a' }],
      openapi: './x.yaml',
      guards: { waf: { mode: 'off' } },
    }),
    { file: 'merlon.yaml', dir: '/' },
  )
  assert.ok(parsed.ok)
  assert.match(parsed.warnings[0]?.message ?? '', /no route has the guard waf or authz/)
})
