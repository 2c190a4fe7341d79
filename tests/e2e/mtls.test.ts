// Certificates of clients, and of servers behind us: who is let in, who is known, and whom we believe.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { startTestGateway } from './gateway-harness.ts'
import { get, noOpenssl, openAuthority, type Pair } from './tls-harness.ts'

const attack = '/?q=%27%20OR%201=1--'

function shown({ cert, key }: Pair) {
  return { cert: readFileSync(cert), key: readFileSync(key), rejectUnauthorized: false }
}

test('client certificates: required, asked for, taken back', { skip: noOpenssl }, async t => {
  const authority = openAuthority()
  const stranger = openAuthority().issue('billing', 'DNS:billing')
  const good = authority.issue('billing', 'DNS:billing.example,URI:spiffe://example.org/billing')
  const taken = authority.issue('taken', 'DNS:taken.example')
  const crl = authority.revoke(taken)
  const listen = [
    { https: '127.0.0.1:0', clientCa: authority.ca, clientCrl: crl },
    { https: '127.0.0.2:0', clientCa: authority.ca, clientCert: 'request' },
  ]
  const { gateway, events } = await startTestGateway(t, { listen })
  const [required = 0, asked = 0] = gateway.listening.map(({ port }) => port)
  const statusOf = (port: number, host: string, pair?: Pair, more: object = {}) =>
    get(port, '/', { ...(pair ? shown(pair) : { rejectUnauthorized: false }), host, ...more }).then(
      ({ status }) => status,
      () => 'refused',
    )
  for (const [name, pair, wantRequired, wantAsked] of [
    ['a good one', good, 200, 200],
    ['none', undefined, 'refused', 200],
    ["a stranger's", stranger, 'refused', 200],
    ['one that was taken back', taken, 'refused', 200],
  ] as const) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      assert.equal(await statusOf(required, '127.0.0.1', pair, { maxVersion }), wantRequired, `${name}, ${maxVersion}`)
      assert.equal(await statusOf(asked, '127.0.0.2', pair, { maxVersion }), wantAsked, `${name}, asked, ${maxVersion}`)
    }
  }
  await get(required, attack, shown(good))
  await get(asked, attack, { ...shown(stranger), host: '127.0.0.2' })
  const [known, unknown] = (await events(2)).map(({ json }) => JSON.parse(json).tls.client)
  assert.deepEqual(
    [known.subject, known.spiffe_id, unknown.subject],
    ['O=Example, CN=billing', 'spiffe://example.org/billing', undefined],
  )
})

test('client certificates: a route demands one of its own authorities', { skip: noOpenssl }, async t => {
  const staff = openAuthority()
  const machines = openAuthority()
  const admin = staff.issue('admin', 'DNS:admin.example')
  const fired = staff.issue('fired', 'DNS:fired.example')
  const billing = machines.issue('billing', 'URI:spiffe://example.org/ns/billing')
  const other = machines.issue('other', 'URI:spiffe://example.org.evil/ns/billing')
  const stranger = openAuthority().issue('billing', 'URI:spiffe://example.org/ns/billing')
  const site = staff.issue('site', 'DNS:localhost,DNS:b.test')
  const routes = [
    { name: 'open', to: 'app' },
    { name: 'staff', match: { path: '/staff' }, to: 'app', clientCert: { ca: staff.ca, crl: staff.revoke(fired) } },
    {
      name: 'machines',
      match: { path: '/machines' },
      to: 'app',
      clientCert: { ca: machines.ca, names: ['spiffe://example.org/*'] },
    },
  ]
  const pair = { cert: site.cert, key: site.key }
  const listen = [
    { https: '127.0.0.1:0', ...pair },
    { https: '127.0.0.2:0', ...pair, clientCa: machines.ca },
    { http: '127.0.0.1:0' },
  ]
  const { gateway, events } = await startTestGateway(t, { listen, routes })
  const [asked = 0, required = 0, plain = 0] = gateway.listening.map(({ port }) => port)
  const statusOf = (path: string, given?: Pair, more: object = {}, port = asked) =>
    get(port, path, { ...(given ? shown(given) : { rejectUnauthorized: false }), ...more }).then(
      ({ status }) => status,
      () => 'refused',
    )
  for (const [name, given, wantOpen, wantStaff, wantMachines] of [
    ['none', undefined, 200, 403, 403],
    ['of the staff', admin, 200, 200, 403],
    ['taken back', fired, 200, 403, 403],
    ['of a machine', billing, 200, 403, 200],
    ['of another trust domain', other, 200, 403, 403],
    ["a stranger's", stranger, 200, 403, 403],
  ] as const) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const statuses = [
        await statusOf('/', given, { maxVersion }),
        await statusOf('/staff', given, { maxVersion }),
        await statusOf('/machines', given, { maxVersion }),
      ]
      assert.deepEqual(statuses, [wantOpen, wantStaff, wantMachines], `${name}, ${maxVersion}`)
    }
  }
  // The listener that demands one of the machines takes no other, though routes believe in others.
  const at = { host: '127.0.0.2' }
  assert.equal(await statusOf('/', billing, at, required), 200)
  assert.equal(await statusOf('/machines', billing, at, required), 200)
  assert.equal(await statusOf('/', admin, at, required), 'refused')
  assert.equal(await statusOf('/', undefined, at, required), 'refused')
  // For another host than the connection is for: open a new one.
  assert.equal(await statusOf('/staff', undefined, { headers: { host: 'b.test' } }), 421)
  assert.equal((await fetch(`http://127.0.0.1:${plain}/staff`)).status, 403)
  const details = (await events(2, { action: 'deny' })).map(({ json }) => JSON.parse(json).merlon)
  assert.equal(details[0].code, 'http.client-certificate')
  // Only a certificate that is good for the route is told of.
  await get(asked, `/machines${attack.slice(1)}`, shown(billing))
  await get(asked, attack, shown(billing))
  const known = (await events(2, { guard: 'waf' })).map(({ json }) => JSON.parse(json).tls.client)
  assert.deepEqual([known[0].spiffe_id, known[1].subject], ['spiffe://example.org/ns/billing', undefined])
})

test('what an operator got wrong is told with its place', { skip: noOpenssl }, async t => {
  const authority = openAuthority()
  const { gateway, config } = await startTestGateway(t)
  const secure = { https: '127.0.0.1:0' }
  const app = { servers: ['https://127.0.0.1:1'] }
  for (const [change, path, message] of [
    [{ listen: [{ ...secure, clientCa: '/none.pem' }] }, 'listen.0.clientCa', /does not exist/],
    [{ listen: [{ ...secure, clientCa: import.meta.filename }] }, 'listen.0.clientCa', /./],
    [{ listen: [{ ...secure, clientCa: authority.ca, clientCrl: authority.ca }] }, 'listen.0.clientCrl', /./],
    [{ listen: [{ ...secure, cert: authority.ca, key: authority.ca }] }, 'listen.0.cert', /no PEM key/],
    [
      { routes: [{ name: 'app', to: 'app', clientCert: { ca: '/none.pem' } }] },
      'routes.app.clientCert.ca',
      /does not exist/,
    ],
    [
      { routes: [{ name: 'app', to: 'app', clientCert: { ca: authority.ca, crl: openAuthority().revoke() } }] },
      'routes.app.clientCert.crl',
      /has signed it/,
    ],
    [{ upstreams: { app: { ...app, ca: '/none.pem' } } }, 'upstreams.app.ca', /does not exist/],
    [{ upstreams: { app: { ...app, cert: authority.ca, key: authority.ca } } }, 'upstreams.app.cert', /no PEM key/],
  ] as const) {
    const reloaded = await gateway.reload(config(change))
    assert.ok(!reloaded.ok, path)
    assert.equal(reloaded.problems[0]?.path, path)
    assert.match(reloaded.problems[0]?.message ?? '', message)
  }
})

test('upstreams: only the pinned authority is believed, and our certificate is shown', { skip: noOpenssl }, async t => {
  const authority = openAuthority()
  const pair = authority.issue('server', 'IP:127.0.0.1')
  const ours = authority.issue('gateway', 'DNS:gateway.example')
  const options = { ...shown(pair), ca: authority.pem, requestCert: true }
  const server = createServer(options, (req, res) => {
    res.end(String((req.socket as TLSSocket).getPeerCertificate().subject?.CN))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const servers = [`https://127.0.0.1:${(server.address() as AddressInfo).port}`]
  const health = { path: '/', interval: '100ms', unhealthyAfter: 1 }
  const pinned = { servers, ca: authority.ca, cert: ours.cert, key: ours.key, health }
  const { gateway, url, config } = await startTestGateway(t, { upstreams: { app: pinned } })
  await new Promise(resolve => setTimeout(resolve, 1300))
  assert.equal(await (await fetch(url)).text(), 'gateway')
  assert.ok((await gateway.status()).upstreams.every(({ healthy }) => healthy))
  for (const [change, status] of [
    [{ servers, ca: openAuthority().ca }, 502],
    [{ servers }, 502],
    [{ servers, ca: authority.ca }, 200],
  ] as const) {
    assert.deepEqual(await gateway.reload(config({ upstreams: { app: change } })), { ok: true })
    assert.equal((await fetch(url)).status, status)
  }
})
