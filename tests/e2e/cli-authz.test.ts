// `merlon authz`: decisions explained, policies compared, the schema printed.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cedar } from '../../src/policies/cedar.ts'
import { cli, emptyFolder } from './cli-run.ts'

const shop = join(import.meta.dirname, '../../src/contract/testdata/shop.yaml')

const policies = `@id("admins") permit(principal in Role::"admin", action, resource);
@id("own") permit(principal is User, action == Action::"showOrderOfUser", resource) when { resource.path.user == principal.id };
@id("small") permit(principal, action == Action::"placeOrder", resource) when { resource.body has amount && resource.body.amount < 10 };
@id("strong") forbid(principal, action == Action::"cancelOrder", resource) unless { context.acr == "mfa" };
`

function folder(): string {
  const dir = emptyFolder()
  cpSync(shop, join(dir, 'shop.yaml'))
  for (const name of ['old', 'new']) mkdirSync(join(dir, name))
  writeFileSync(join(dir, 'old/p.cedar'), policies)
  const config = {
    listen: [{ http: '127.0.0.1:0' }],
    upstreams: { app: { servers: ['http://127.0.0.1:1'] } },
    openapi: 'shop.yaml',
    routes: [
      { name: 'shop', match: { path: '/v1/*' }, to: 'app', guards: { authz: { policies: 'old/*.cedar' } } },
      { name: 'rest', to: 'app' },
    ],
    accounts: { oauth: { issuer: 'https://api.example.com' } },
  }
  writeFileSync(join(dir, 'merlon.yaml'), JSON.stringify(config))
  return dir
}

test('explain', async () => {
  const dir = folder()
  const cases: readonly (readonly [args: string[], code: number, shown: RegExp])[] = [
    [
      ['GET', '/v1/users/2/orders/4', '--user', '2'],
      0,
      /^allowed: User "2", showOrderOfUser.*\n.*\n {2}permit {2}own {2}old\/p\.cedar:2/,
    ],
    [
      ['GET', '/v1/users/3/orders/4', '--user', '2'],
      1,
      /^denied: .*\n {2}no policy permits it\n {2}asked in vain:\n {4}permit {2}admins/,
    ],
    [
      ['DELETE', '/v1/orders/4', '--user', '2', '--role', 'admin'],
      1,
      /forbidden by\n {2}forbid {2}strong {2}old\/p\.cedar:4/,
    ],
    [['DELETE', '/v1/orders/4', '--user', '2', '--role', 'admin', '--acr', 'mfa'], 0, /admins/],
    [['POST', '/v1/orders', '--body', '{"amount":9}'], 0, /Anonymous "anonymous", placeOrder/],
    [['POST', '/v1/orders', '--body', '{"amount":9,"amount":1}'], 1, /all read alike/],
    [['GET', '/v1/nothing'], 1, /no operation of this route/],
    [['GET', '/other'], 1, /^$/],
    [['GET', 'other'], 2, /^$/],
    [['GET', '/v1/orders', '--role', 'x'], 2, /^$/],
    [['GET', '/v1/orders', '--ip', 'x'], 2, /^$/],
  ]
  for (const [args, code, shown] of cases) {
    const result = await cli(['authz', 'explain', ...args], dir)
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stdout}${result.stderr}`)
    assert.match(result.stdout, shown, args.join(' '))
  }
  const json = await cli(
    ['authz', 'explain', 'GET', '/v1/orders/4', '--key', 'k', '--scope', 'role:admin', '--json'],
    dir,
  )
  const report = JSON.parse(json.stdout)
  assert.deepEqual(
    [report.decision, report.principal, report.operation],
    ['deny', { type: 'ApiKey', id: 'k' }, 'showOrder'],
  )
})

test('diff: who gains, who loses, who neither', async () => {
  const dir = folder()
  writeFileSync(
    join(dir, 'new/p.cedar'),
    policies
      .replace('principal in Role::"admin", action', 'principal in Role::"admin", action in Action::"read"')
      .replace('amount < 10', 'amount < 20')
      .replace('principal is User', 'principal'),
  )
  const changed = await cli(['authz', 'diff', 'old', 'new', '--json'], dir)
  assert.equal(changed.code, 1, changed.stderr)
  const { changes } = JSON.parse(changed.stdout) as { changes: Record<string, unknown>[] }
  const find = (change: string, type: string, operation: string, role?: string) =>
    changes.some(({ change: c, operation: o, principal }) => {
      const { uid, roles } = principal as { uid: { type: string }; roles: string[] }
      return c === change && uid.type === type && o === operation && roles[0] === role
    })
  assert.ok(find('loses', 'User', 'cancelOrder', 'admin'), 'an admin can’t cancel any more')
  assert.ok(find('loses', 'Client', 'placeOrder', 'admin'))
  assert.ok(find('gains', 'Client', 'showOrderOfUser'), 'clients have what users had')
  assert.ok(find('changes', 'Anonymous', 'placeOrder'), 'under another condition')
  assert.ok(!changes.some(({ operation }) => operation === 'listOrders'))
  const text = await cli(['authz', 'diff', 'old', 'new'], dir)
  assert.match(text.stdout, /User with role admin +loses +cancelOrder +shop +sometimes +never/)
  const same = await cli(['authz', 'diff', 'old', 'old/p.cedar'], dir)
  assert.deepEqual([same.code, same.stdout.trim()], [0, '0 changes among 7 principals and 6 operations'])
  writeFileSync(join(dir, 'new/p.cedar'), 'permit(principal, action == Action::"x", resource);')
  const bad = await cli(['authz', 'diff', 'old', 'new'], dir)
  assert.equal(bad.code, 1)
  assert.match(bad.stderr, /new\/p\.cedar:1:\d+: .*unrecognized action/)
})

test('the printed schema is one', async () => {
  const { stdout, code } = await cli(['authz', 'schema'], folder())
  assert.equal(code, 0)
  assert.deepEqual(cedar().checkParseSchema(stdout), { type: 'success' })
})
