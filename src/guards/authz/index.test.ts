// Decisions through the guard, with the policies and the document of a small shop.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { Principal } from '../../pipeline/identity.ts'
import { defaultLimits } from '../../pipeline/limits.ts'
import { type TestRequest, testExchange } from '../../pipeline/testing.ts'
import { Authorizer, rememberedMax } from '../../policies/authorizer.ts'
import { createModel } from '../../policies/model.ts'
import { Slices } from '../../policies/slices.ts'
import { authz } from './index.ts'
import { authzOptions } from './options.ts'

const own = 'https://api.example.com'
const dir = mkdtempSync(join(tmpdir(), 'merlon-authz-'))
after(() => rmSync(dir, { recursive: true }))
const openapi = join(import.meta.dirname, '../../contract/testdata/shop.yaml')
const route = { name: 'shop', match: { host: undefined, path: undefined, methods: undefined }, openapi }
const routes = [route]

const person = (id: string, change: Partial<Principal> = {}): Principal => ({
  kind: 'user',
  id,
  scopes: [],
  roles: [],
  groups: [],
  clientId: 'web',
  acr: '',
  issuer: own,
  ...change,
})

let files = 0
function open(policies: string, clock = { nowMs: Date.parse('2026-01-05T09:30:00Z') }) {
  const file = `p${files++}.cedar`
  writeFileSync(join(dir, file), policies)
  const made = authz.create(authzOptions.parse({ policies: file }), {
    now: () => clock.nowMs,
    counters: { take: () => ({ allowed: true, remaining: 0, resetMs: 0, retryAfterMs: 0 }) },
    limits: defaultLimits,
    configDir: dir,
    stateDir: dir,
    route,
    routes: [...routes],
    ownIssuer: own,
  })
  assert.ok(made.ok, made.ok ? '' : JSON.stringify(made.problems))
  const { guard } = made
  const ask = (request: TestRequest, principal?: Principal, score = 0) => {
    const ex = testExchange(request)
    ex.principal = principal
    ex.score = score
    const early = guard.onHeaders?.(ex)
    const verdict = early ?? guard.onBody?.(ex)
    assert.ok(!(verdict instanceof Promise))
    if (verdict === undefined) return 'allowed'
    assert.ok(verdict.kind === 'deny' && verdict.status === 403)
    assert.equal(verdict.problemType, 'urn:merlon:problem:not-permitted')
    return [verdict.reason.code, ...(verdict.reason.evidence ?? []).map(({ rule }) => rule)].join(' ')
  }
  return { ask, guard, clock }
}

const json = (body: string, method = 'POST', target = '/v1/orders'): TestRequest => {
  return { method, target, body, headers: ['content-type', 'application/json'] }
}
const show = (id: string, headers: readonly string[] = []): TestRequest => ({ target: `/v1/orders/${id}`, headers })

describe('what is not permitted is denied', () => {
  const { ask } = open('@id("admins") permit(principal in Role::"admin", action, resource);')
  const admin = person('1', { roles: ['admin'] })
  const cases: readonly (readonly [string, TestRequest, Principal | undefined, string])[] = [
    ['a role', show('4'), admin, 'allowed'],
    ['no role', show('4'), person('2'), 'authz.denied default-deny'],
    ['nobody', show('4'), undefined, 'authz.denied default-deny'],
    ['an operation that is not known', { target: '/v1/nothing' }, admin, 'authz.unknown-operation'],
    ['a path of two meanings', show('4;x'), admin, 'authz.unknown-operation'],
  ]
  for (const [name, request, principal, wanted] of cases)
    test(name, () => assert.equal(ask(request, principal), wanted))
})

describe('attributes', () => {
  const { ask, clock } = open(`
    @id("own") permit(principal is User, action == Action::"showOrderOfUser", resource) when { resource.path.user == principal.id };
    @id("reader") permit(principal is Client, action in Action::"read", resource) when { principal.scopes.contains("orders:read") };
    @id("keys") permit(principal is ApiKey, action == Action::"listOrders", resource) when { resource.query has user && resource.query.user == "7" };
    @id("small") permit(principal is User, action == Action::"placeOrder", resource is Operation) when { resource.body has amount && resource.body.amount <= 10 };
    @id("not-abroad") forbid(principal, action == Action::"placeOrder", resource) when { resource.body has ship && resource.body.ship has country && resource.body.ship.country != "DE" };
    @id("alice") permit(principal == User::"alice", action == Action::"showMine", resource);
    @id("hours") permit(principal in Group::"staff", action == Action::"cancelOrder", resource) when { context.hour >= 9 && context.hour < 17 && context.weekday < 6 };
    @id("inside") permit(principal in Group::"ops", action == Action::"cancelOrder", resource) when { context.ip.isInRange(ip("10.0.0.0/8")) };
    @id("calm") forbid(principal, action == Action::"cancelOrder", resource) when { context.score > 4 };
    @id("tool") forbid(principal, action == Action::"cancelOrder", resource) when { context.ja4 like "t13d*_bad" || context.http == "h1_01_bad" };
    @id("one") permit(principal, action == Action::"showOrder", resource == Order::"4");
    @id("now") permit(principal in Role::"night", action == Action::"cancelOrder", resource) when { context.time < datetime("2026-01-05T10:00:00Z") };
  `)
  const client = (scopes: string[]) => person('c', { kind: 'client', scopes })
  const key = person('k', { kind: 'apiKey', issuer: '' })
  const staff = person('s', { groups: ['staff'] })
  const ops = person('o', { groups: ['ops'] })
  const cancel: TestRequest = { method: 'DELETE', target: '/v1/orders/1' }
  const cases: readonly (readonly [string, TestRequest, Principal | undefined, string, number?])[] = [
    ['one’s own', { target: '/v1/users/2/orders/4' }, person('2'), 'allowed'],
    ['another one’s', { target: '/v1/users/3/orders/4' }, person('2'), 'authz.denied default-deny'],
    ['one’s own, encoded', { target: '/v1/users/%32/orders/4' }, person('2'), 'allowed'],
    ['nearly one’s own', { target: '/v1/users/02/orders/4' }, person('2'), 'authz.denied default-deny'],
    ['a scope', show('9'), client(['orders:read']), 'allowed'],
    ['another scope', show('9'), client(['orders']), 'authz.denied default-deny'],
    ['that one order', show('4'), undefined, 'allowed'],
    ['not another', show('5'), undefined, 'authz.denied default-deny'],
    ['a query', { target: '/v1/orders?user=7' }, key, 'allowed'],
    ['a query, encoded', { target: '/v1/orders?%75ser=%37' }, key, 'allowed'],
    ['another query', { target: '/v1/orders?user=8' }, key, 'authz.denied default-deny'],
    ['a query twice', { target: '/v1/orders?user=7&user=8' }, key, 'authz.unreadable'],
    ['a body', json('{"amount":10}'), person('2'), 'allowed'],
    ['too much', json('{"amount":11}'), person('2'), 'authz.denied default-deny'],
    ['forbidden', json('{"amount":1,"ship":{"country":"FR"}}'), person('2'), 'authz.forbidden not-abroad'],
    ['at home', json('{"amount":1,"ship":{"country":"DE"}}'), person('2'), 'allowed'],
    ['a text for a number', json('{"amount":"1"}'), person('2'), 'authz.unreadable'],
    ['a number that is none', json('{"amount":1e99}'), person('2'), 'authz.unreadable'],
    ['a key twice', json('{"amount":1,"amount":99}'), person('2'), 'authz.unreadable'],
    ['no JSON', json('amount=1'), person('2'), 'authz.unreadable'],
    ['another type', { method: 'POST', target: '/v1/orders', body: '{"amount":1}' }, person('2'), 'authz.unreadable'],
    ['no body', { method: 'POST', target: '/v1/orders' }, person('2'), 'authz.denied default-deny'],
    ['ours', { target: '/v1/orders/mine' }, person('alice'), 'allowed'],
    [
      'of another issuer',
      { target: '/v1/orders/mine' },
      person('alice', { issuer: 'https://x' }),
      'authz.denied default-deny',
    ],
    ['in time', cancel, staff, 'allowed'],
    ['from inside', { ...cancel, ip: '10.1.2.3' }, ops, 'allowed'],
    ['from outside', { ...cancel, ip: '192.0.2.1' }, ops, 'authz.denied default-deny'],
    ['suspicious', cancel, staff, 'authz.forbidden calm', 5],
    ['a TLS fingerprint', { ...cancel, ja4: 't13d1516h2_bad' }, staff, 'authz.forbidden tool'],
    ['another one', { ...cancel, ja4: 't13d1516h2_good' }, staff, 'allowed'],
    ['an HTTP fingerprint', { ...cancel, http: 'h1_01_bad' }, staff, 'authz.forbidden tool'],
    ['another way of speaking', { ...cancel, http: 'h1_01_good' }, staff, 'allowed'],
    ['before ten', cancel, person('n', { roles: ['night'] }), 'allowed'],
  ]
  for (const [name, request, principal, wanted, score] of cases) {
    test(name, () => {
      assert.equal(ask(request, principal, score), wanted)
      assert.equal(ask(request, principal, score), wanted, 'and once more, from memory')
    })
  }
  test('time passes', () => {
    clock.nowMs = Date.parse('2026-01-05T17:00:00Z')
    assert.equal(ask(cancel, staff), 'authz.denied default-deny')
    assert.equal(ask(cancel, person('n', { roles: ['night'] })), 'authz.denied default-deny')
  })
})

test('a policy that fails denies, also where another permits', () => {
  const { ask } = open(`
    permit(principal, action, resource);
    @id("sum") forbid(principal, action == Action::"placeOrder", resource) when { resource.body has amount && resource.body.amount * 9007199254740991 > 3 };
  `)
  assert.equal(ask(json('{"amount":1}')), 'authz.forbidden sum')
  assert.equal(ask(json('{"amount":-9007199254740991}')), 'authz.policy-error sum')
})

test('the memory is bounded, holds for what policies look at, and nothing else', () => {
  writeFileSync(join(dir, 'm.cedar'), 'permit(principal in Role::"a", action == Action::"showOrder", resource);')
  const made = createModel(routes, ['m.cedar'], dir)
  assert.ok(made.ok)
  const authorizer = new Authorizer(made.model, 'shop', own)
  const decide = (id: string, order: string) => {
    const ex = testExchange(show(order))
    ex.principal = person(id, { roles: ['a'] })
    const found = authorizer.find(ex)
    assert.ok(found)
    authorizer.decide(ex, found, 0)
  }
  for (let i = 0; i < 20; i++) decide('1', String(i))
  assert.deepEqual(authorizer.counts, { remembered: 19, asked: 1 }, 'no policy looks at the order')
  for (let i = 0; i < rememberedMax; i++) decide(`p${i}`, '1')
  decide(`p${rememberedMax - 1}`, '1')
  decide('1', '1')
  assert.deepEqual(authorizer.counts, { remembered: 20, asked: rememberedMax + 2 }, 'the oldest is forgotten')
  authorizer.close()
})

test('slices leave out only what can never apply; past the bound all share one', () => {
  const text = `
    @id("all") permit(principal, action, resource);
    @id("read") permit(principal, action in [Action::"read"], resource);
    @id("show") permit(principal, action == Action::"showOrder", resource);
    @id("order") permit(principal, action, resource is Order);
    @id("elsewhere") permit(principal, action, resource in Api::"other");
    @id("here") permit(principal, action, resource in Api::"shop");
    @id("op") permit(principal, action, resource in Operation::"cancelOrder");`
  writeFileSync(join(dir, 's.cedar'), text)
  const made = createModel(routes, ['s.cedar'], dir)
  assert.ok(made.ok)
  const { policies, apis } = made.model
  const operations = apis[0]?.operations ?? []
  const of = (max?: number) => {
    const { list, close } = Slices.of(policies, operations, 'shop', max)
    const named = new Map(
      operations.map((operation, i) => [operation.id, [...(list[i]?.policies.keys() ?? [])].join(' ')]),
    )
    close()
    return named
  }
  const sliced = of()
  assert.equal(sliced.get('showOrder'), 'all read show order here')
  assert.equal(sliced.get('cancelOrder'), 'all order here op')
  assert.equal(sliced.get('placeOrder'), 'all here')
  const total = [...new Set(sliced.values())].reduce((sum, ids) => sum + ids.split(' ').length, 0)
  assert.deepEqual(of(total), sliced)
  assert.equal(new Set(of(total - 1).values()).size, 1)
})

test('new policies make it stale', async () => {
  const { guard } = open('permit(principal, action, resource);')
  assert.equal(guard.isStale?.(), false)
  writeFileSync(join(dir, `p${files - 1}.cedar`), 'forbid(principal, action, resource);')
  await new Promise(resolve => setTimeout(resolve, 1100))
  assert.equal(guard.isStale?.(), true)
})

for (const options of [{}, { policies: [] }, { policies: '' }, { policies: 'a', x: 1 }]) {
  test(`refused: ${JSON.stringify(options)}`, () => assert.equal(authzOptions.safeParse(options).success, false))
}
