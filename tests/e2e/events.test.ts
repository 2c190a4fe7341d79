import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { delay, startTestGateway } from './gateway-harness.ts'

interface AdminBody {
  readonly state?: string
  readonly ok?: boolean
  readonly events?: { event: { merlon: { code: string } } }[]
}

const attack = '/search?q=%3Cscript%3Ealert(1)%3C/script%3E'

test('a blocked request is an event with its evidence, in the journal and as a line', async t => {
  const { url, events, dir } = await startTestGateway(t, { events: { file: './events.ndjson' } })
  assert.equal((await fetch(`${url}/search?q=shoes`)).status, 200)
  const answer = await fetch(`${url}${attack}`, { headers: { 'user-agent': 'test/1' } })
  assert.equal(answer.status, 403)
  const { reference } = (await answer.json()) as { reference: string }
  assert.equal(answer.headers.get('x-request-id'), reference)

  const stored = await events(1)
  assert.equal(stored.length, 1, 'clean requests have no event')
  const [found] = stored
  assert.deepEqual([found?.reference, found?.action, found?.guard], [reference, 'deny', 'waf'])
  const event = JSON.parse(found?.json ?? '')
  assert.deepEqual(event.event.action, 'deny')
  assert.deepEqual(event.http.response.status_code, 403)
  assert.deepEqual([event.url.path, event.url.domain, event.client.ip], ['/search', '127.0.0.1', '127.0.0.1'])
  assert.equal(event.user_agent.original, 'test/1')
  const { merlon } = event
  assert.deepEqual([merlon.reference, merlon.route, merlon.guard, merlon.code], [reference, 'app', 'waf', 'waf.rule'])
  assert.ok(merlon.score >= 5 && merlon.us > 0)
  const [evidence] = merlon.findings[0].evidence
  assert.equal(evidence.where, 'ARGS:q')
  assert.match(evidence.match.slice(...evidence.span), /script/i)

  const file = join(dir, 'events.ndjson')
  for (let waitedMs = 0; statSync(file).size === 0 && waitedMs < 30_000; waitedMs += 20) await delay(20)
  assert.equal(readFileSync(file, 'utf8').trimEnd(), found?.json)
  assert.equal(statSync(file).mode & 0o077, 0, 'nobody else may read it')
})

test('secrets don’t get into events', async t => {
  const { url, events } = await startTestGateway(t)
  const body = new URLSearchParams({
    password: 'hunter2-password',
    comment: '<script>alert(1)</script> token=hunter2-token',
  })
  const answer = await fetch(`${url}/login?api_key=hunter2-key&next=/`, {
    method: 'POST',
    body,
    headers: {
      authorization: 'Bearer hunter2-bearer',
      cookie: 'session=hunter2-cookie',
      'user-agent': 'x eyJhbGciOi.hunter2.jwt',
    },
  })
  assert.equal(answer.status, 403)
  const [found] = await events(1)
  assert.ok(found)
  assert.doesNotMatch(found.json, /hunter2/)
  assert.match(found.json, /script/)
  assert.match(found.json, /api_key=\[masked\]&next=/)
})

test('protect refuses, monitor lets pass and records, off does neither', async t => {
  const routes = ['protect', 'monitor', 'off'].map(mode => ({
    name: mode,
    match: { path: `/${mode}/*` },
    to: 'app',
    mode,
  }))
  const { url, events, gateway } = await startTestGateway(t, { routes })
  const statuses = []
  for (const { name } of routes) statuses.push((await fetch(`${url}/${name}${attack}`)).status)
  assert.deepEqual(statuses, [403, 200, 200])
  const stored = await events(2)
  assert.deepEqual(
    stored.map(({ action, path, json }) => [action, path.split('/')[1], JSON.parse(json).merlon.mode]),
    [
      ['deny', 'protect', 'protect'],
      ['would-deny', 'monitor', 'monitor'],
    ],
  )
  const metrics = await gateway.metrics()
  assert.match(metrics, /merlon_guard_denied_total\{route="protect",guard="waf"\} 1/)
  assert.match(metrics, /merlon_guard_would_deny_total\{route="monitor",guard="waf"\} 1/)
  assert.match(metrics, /merlon_requests_total\{route="off",status="2xx",action="allow"\} 1/)
  assert.match(metrics, /merlon_events_total 2/)
})

test('one guard in monitor mode does not weaken the others', async t => {
  const { url } = await startTestGateway(t, { guards: { waf: { mode: 'monitor' }, rate: { limit: 1, window: '1h' } } })
  assert.deepEqual([(await fetch(`${url}${attack}`)).status, (await fetch(url)).status], [200, 429])
})

test('an upstream that fails is an event; a path without a route is not', async t => {
  const routes = [{ name: 'app', match: { path: '/app/*' }, to: 'app' }]
  const { url, events } = await startTestGateway(t, { routes, upstreams: { app: { servers: ['http://127.0.0.1:9'] } } })
  assert.deepEqual([(await fetch(`${url}/none`)).status, (await fetch(`${url}/app/x`)).status], [404, 502])
  const [found, ...more] = await events(1)
  assert.deepEqual([found?.action, found?.guard, found?.path, more.length], ['fail', 'gateway', '/app/x', 0])
  assert.match(found?.json ?? '', /UPSTREAM_REFUSED/)
})

test('a malformed request is an event too', async t => {
  const { url, events } = await startTestGateway(t)
  const status = await new Promise(resolve => {
    httpRequest(`${url}/`, { headers: { host: 'a b' } }, res => resolve(res.statusCode)).end()
  })
  assert.equal(status, 400)
  const [found] = await events(1)
  assert.deepEqual([found?.action, found?.guard], ['deny', 'http'])
})

test('the admin socket answers status and events to its owner alone; the address answers neither', async t => {
  const { url, events, gateway, dir } = await startTestGateway(t)
  await fetch(`${url}${attack}`)
  await events(1)
  const socketPath = join(dir, 'state', 'admin.sock')
  assert.equal(statSync(socketPath).mode & 0o777, 0o600)
  const ask = (path: string, method = 'GET') =>
    new Promise<{ status: number; body: AdminBody }>((resolve, reject) => {
      const req = httpRequest({ socketPath, path, method }, res => {
        let text = ''
        res.on('data', chunk => {
          text += chunk
        })
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) }))
      })
      req.once('error', reject).end()
    })
  assert.equal((await ask('/api/v1/status')).body.state, 'serving')
  const found = await ask('/api/v1/events?guard=waf&limit=5')
  assert.equal(found.body.events?.[0]?.event.merlon.code, 'waf.rule')
  assert.equal((await ask('/api/v1/events?limit=0')).status, 400)
  assert.equal((await ask('/api/v1/events?x=1')).status, 400)
  assert.equal((await ask('/api/v1/status', 'POST')).status, 405)
  assert.equal((await ask('/nowhere')).status, 404)
  const reload = await ask('/api/v1/reload', 'POST')
  assert.deepEqual([reload.status, reload.body.ok], [422, false])

  const admin = `http://127.0.0.1:${gateway.admin?.port}`
  assert.equal((await fetch(`${admin}/api/v1/status`)).status, 404)
  assert.equal((await fetch(`${admin}/metrics`)).status, 200)
})

test('every metric is described, and counts are those of the traffic', async t => {
  const { url, gateway } = await startTestGateway(t)
  for (let i = 0; i < 5; i++) await fetch(url, { headers: { connection: 'close' } })
  // A request is counted when it is over, a moment after its answer.
  const isCounted = (text: string) => /merlon_request_duration_seconds_count\{route="app"\} 5\n/.test(text)
  let text = await gateway.metrics()
  for (let i = 0; i < 200 && !isCounted(text); i++) {
    await delay(50)
    text = await gateway.metrics()
  }
  for (const line of text.trimEnd().split('\n')) {
    assert.match(line, /^(?:# (?:HELP|TYPE) merlon_\w+ .+|merlon_\w+(?:\{(?:\w+="[^"]*",?)+\})? [\d.e+-]+)$/, line)
  }
  assert.match(text, /merlon_request_duration_seconds_count\{route="app"\} 5\n/)
  assert.match(text, /merlon_guard_calls_total\{route="app",guard="waf"\} 10\n/)
  assert.match(text, /merlon_workers 2\n/)
})
