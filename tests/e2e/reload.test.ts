import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { Agent, request } from 'undici'
import { delay, sendUntil, startTestGateway } from './gateway-harness.ts'

test('reloads under load lose no request', async t => {
  const { gateway, url, config } = await startTestGateway(t, { guards: { rate: { limit: 1_000_000 } } })
  const agent = new Agent({ connections: 12, pipelining: 1 })
  t.after(() => agent.close())
  let reloads = 0
  const send = async () => {
    const method = Math.random() < 0.3 ? 'POST' : 'GET'
    const body = method === 'POST' ? `a=${'x'.repeat(2000)}` : null
    const { statusCode, body: answer } = await request(`${url}/p?q=1`, { method, body, dispatcher: agent })
    assert.equal(await answer.text(), 'ok')
    return statusCode
  }
  const load = sendUntil(() => reloads === 12, 12, send)
  for (; reloads < 12; reloads++) {
    const guards = { rate: { limit: 1_000_000 - reloads }, waf: { threshold: 5 + (reloads % 3) } }
    assert.deepEqual(await gateway.reload(config({ guards })), { ok: true })
    await delay(100)
  }
  const { statuses, errors } = await load
  assert.deepEqual(errors, [])
  assert.deepEqual([...statuses.keys()], [200])
  assert.ok((statuses.get(200) ?? 0) > 12, `${statuses.get(200)} requests`)
})

test('a reload takes effect for the next request, on every worker', async t => {
  const { gateway, url, config } = await startTestGateway(t)
  assert.equal((await fetch(url)).status, 200)
  const denyAll = config({ guards: { lists: { deny: ['127.0.0.0/8'] } } })
  assert.deepEqual(await gateway.reload(denyAll), { ok: true })
  for (let i = 0; i < 12; i++) assert.equal((await fetch(url, { headers: { connection: 'close' } })).status, 403)
  assert.deepEqual(await gateway.reload(config()), { ok: true })
  assert.equal((await fetch(url)).status, 200)
})

test('a request that is under way ends by the rules under which it began', async t => {
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  let begin = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  const { gateway, url, config } = await startTestGateway(t, {}, async (req, res) => {
    if (req.url === '/slow') begin()
    if (req.url === '/slow') await held
    res.end('ok')
  })
  const slow = fetch(`${url}/slow`)
  await begun
  const elsewhere = { upstreams: { app: { servers: ['http://127.0.0.1:9'] } } }
  assert.deepEqual(await gateway.reload(config(elsewhere)), { ok: true })
  assert.equal((await fetch(url)).status, 502)
  release()
  assert.equal(await (await slow).text(), 'ok')
})

test('a bad config leaves the old one serving, and says what is wrong', async t => {
  const { gateway, url, dir, config } = await startTestGateway(t)
  writeFileSync(join(dir, 'bad.conf'), 'SecRule ARGS "@rx (" "id:1,phase:1,deny"\n')
  const bad = await gateway.reload(config({ guards: { waf: { rules: ['./bad.conf'] } } }))
  assert.ok(!bad.ok)
  assert.deepEqual([bad.problems.length, bad.problems[0]?.line], [1, 1])
  assert.match(bad.problems[0]?.file ?? '', /bad\.conf$/)
  assert.equal((await fetch(url)).status, 200)
  const moved = await gateway.reload(config({ store: { state: './elsewhere' } }))
  assert.ok(!moved.ok && moved.problems[0]?.path === 'store.state')
  const status = await gateway.status()
  assert.deepEqual([status.state, status.config.reloads], ['serving', 0])
  assert.match(await gateway.metrics(), /merlon_config_reloads_total\{result="failed"\} 2/)
})

test('rules that changed on disk are read again; the same rules are not', async t => {
  const { gateway, url, dir, config } = await startTestGateway(t)
  const file = join(dir, 'own.conf')
  const withRules = config({ guards: { waf: { rules: ['./own.conf'] } } })
  writeFileSync(file, 'SecRule ARGS:a "@streq 1" "id:1,phase:1,deny,status:403"\n')
  assert.deepEqual(await gateway.reload(withRules), { ok: true })
  assert.equal((await fetch(`${url}/?a=1`)).status, 403)
  writeFileSync(file, 'SecRule ARGS:a "@streq 2" "id:1,phase:1,deny,status:403"\n')
  assert.deepEqual(await gateway.reload(withRules), { ok: true })
  assert.deepEqual([(await fetch(`${url}/?a=1`)).status, (await fetch(`${url}/?a=2`)).status], [200, 403])
})

test('listeners come and go with the config; a port that is taken is a problem and changes nothing', async t => {
  const { gateway, url, config } = await startTestGateway(t)
  const two = config({ listen: [{ http: '127.0.0.1:0' }, { http: '127.0.0.2:0' }] })
  assert.deepEqual(await gateway.reload(two), { ok: true })
  const [first, second] = gateway.listening
  assert.equal(`http://127.0.0.1:${first?.port}`, url)
  const secondUrl = `http://127.0.0.2:${second?.port}`
  assert.equal((await fetch(secondUrl)).status, 200)

  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  t.after(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const refused = await gateway.reload(config({ listen: [{ http: '127.0.0.1:0' }, { http: `127.0.0.1:${port}` }] }))
  assert.ok(!refused.ok)
  assert.deepEqual([refused.problems[0]?.code, refused.problems[0]?.path], ['listen.failed', 'listen.1'])
  assert.equal((await fetch(secondUrl)).status, 200)

  assert.deepEqual(await gateway.reload(config()), { ok: true })
  await assert.rejects(fetch(secondUrl, { headers: { connection: 'close' } }))
  assert.equal((await fetch(url)).status, 200)
})

test('reloads at once are taken one after another, the last one counts', async t => {
  const { gateway, url, config } = await startTestGateway(t)
  const results = await Promise.all([
    gateway.reload(config({ guards: { lists: { deny: ['127.0.0.1'] } } })),
    gateway.reload(config({ workers: 3 })),
    gateway.reload(config({ workers: 1, guards: { rate: { limit: 7 } } })),
  ])
  assert.deepEqual(results, [{ ok: true }, { ok: true }, { ok: true }])
  const answer = await fetch(url)
  assert.deepEqual([answer.status, answer.headers.get('ratelimit-policy')], [200, '"default";q=7;w=60'])
  assert.deepEqual((await gateway.status()).workers, { alive: 1, wanted: 1, restarts: 0 })
})
