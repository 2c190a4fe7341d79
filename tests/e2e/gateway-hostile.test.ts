// Ways around a whole gateway: to the guards of another route, to what is for the operator alone, and past the record.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { test } from 'node:test'
import { delay, startTestGateway } from './gateway-harness.ts'

const attack = '?q=%3Cscript%3Ealert(1)%3C/script%3E'

/** Sends the target as it stands: fetch would resolve its dots. */
function statusOf(url: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const outgoing = request({ hostname, port, path, headers, agent: false }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    outgoing.on('error', reject).end()
  })
}

test('no spelling of a path or host takes a request to the guards of another route', async t => {
  const { url, events } = await startTestGateway(t, {
    routes: [
      { name: 'open', match: { path: '/open/*' }, to: 'app', guards: { waf: { mode: 'off' } } },
      { name: 'get', match: { path: '/get/*', methods: ['GET'] }, to: 'app' },
      { name: 'host', match: { host: 'api.example.com' }, to: 'app' },
      { name: 'app', to: 'app', guards: { waf: { mode: 'off' } } },
    ],
  })
  const api = { host: 'api.example.com' }
  const rows: [path: string, headers: Record<string, string>, want: number][] = [
    [`/open/x${attack}`, {}, 200],
    [`/get/x${attack}`, {}, 403],
    [`/get/..%2fopen/x${attack}`, {}, 400],
    [`/get/../open/x${attack}`, {}, 400],
    [`/get;x/y${attack}`, {}, 400],
    [`/${attack}`, api, 403],
    [`/${attack}`, { host: 'API.example.com.:80' }, 403],
  ]
  for (const [path, headers, want] of rows) assert.equal(await statusOf(url, path, headers), want, path)
  const stored = await events(6)
  const codes = stored.map(({ json }) => JSON.parse(json).merlon.code)
  assert.equal(codes.filter(code => code === 'http.ambiguous-path').length, 3)
})

test('a page that has its name lead to loopback does not read the metrics', async t => {
  const { gateway } = await startTestGateway(t)
  const admin = `http://127.0.0.1:${gateway.admin?.port}`
  const rows: [host: string, want: number][] = [
    ['127.0.0.1:9000', 200],
    ['[::1]', 200],
    ['LocalHost:9000', 200],
    ['evil.example:9000', 421],
    ['127.0.0.1.evil.example', 421],
  ]
  for (const [host, want] of rows) assert.equal(await statusOf(admin, '/metrics', { host }), want, host)
})

const refuseAll = { rate: { mode: 'off' }, lists: { deny: ['127.0.0.1'] }, waf: { mode: 'off' } }

test('a flood of refusals is told in the status and in the metrics alike', async t => {
  const { gateway, url } = await startTestGateway(t, { workers: 1, guards: refuseAll, limits: { eventQueue: 1 } })
  await Promise.all(Array.from({ length: 40 }, () => statusOf(url, '/')))
  const dropped = Number(/^merlon_events_dropped_total (\d+)$/m.exec(await gateway.metrics())?.[1])
  assert.ok(dropped > 0)
  assert.equal((await gateway.status()).events.dropped, dropped)
})

test('events that a full disk loses are counted', { skip: !existsSync('/dev/full') }, async t => {
  const { gateway, url, events } = await startTestGateway(t, { guards: refuseAll, events: { file: '/dev/full' } })
  assert.equal(await statusOf(url, '/'), 403)
  await events(1)
  const none = /^merlon_log_lines_dropped_total 0$/m
  for (let i = 0; i < 200 && none.test(await gateway.metrics()); i++) await delay(50)
  assert.doesNotMatch(await gateway.metrics(), none)
})
