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
