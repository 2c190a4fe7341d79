import assert from 'node:assert/strict'
import { get, Agent as HttpAgent } from 'node:http'
import { test } from 'node:test'
import { Fleet } from '../../src/fleet.ts'
import { startGateway } from '../../src/gateway.ts'
import { plainSettings } from '../../src/listen/settings.ts'
import { createSharedCounters } from '../../src/store/counters-shared.ts'
import { createSharedMarks } from '../../src/store/marks-shared.ts'
import { createSharedQuotas } from '../../src/store/quotas-shared.ts'
import { delay, startTestGateway } from './gateway-harness.ts'

/** Sends one request on a connection of its own, or on the agent's. */
function send(url: string, agent: HttpAgent | false = false): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, res => {
      res.resume()
      res.once('end', () => resolve(res.statusCode ?? 0))
    }).once('error', reject)
  })
}

test('the rate limit is exact over all workers', async t => {
  const { url, gateway } = await startTestGateway(t, { guards: { rate: { limit: 50, window: '1h' } } })
  const statuses = await Promise.all(Array.from({ length: 200 }, () => send(url)))
  assert.equal(statuses.filter(status => status === 200).length, 50)
  assert.equal(statuses.filter(status => status === 429).length, 150)
  assert.match(await gateway.metrics(), /merlon_requests_total\{route="app",status="4xx",action="deny"\} 150/)
})

test('a worker that dies is replaced, and the others go on', async t => {
  const { config } = await startTestGateway(t)
  const logged: string[] = []
  const fleet = new Fleet({
    counters: createSharedCounters(),
    marks: createSharedMarks(64),
    quotas: () => createSharedQuotas(new Uint8Array(16), 64),
    onEvents: (worker, events) => worker.stored(events.length),
    log: (_level, message) => logged.push(message),
  })
  t.after(() => fleet.drain(100))
  assert.deepEqual(await fleet.apply(config(), [plainSettings]), [])
  const url = `http://127.0.0.1:${fleet.listening[0]?.address.port}`

  const agents = Array.from({ length: 16 }, () => new HttpAgent({ keepAlive: true, maxSockets: 1 }))
  t.after(() => {
    for (const agent of agents) agent.destroy()
  })
  for (const agent of agents) assert.equal(await send(url, agent), 200)
  const counts = async () =>
    (await fleet.measure()).snapshot.get('merlon_requests_total{route="app",status="2xx",action="allow"}') ?? 0
  for (let i = 0; i < 200 && (await counts()) < 16; i++) await delay(50)
  assert.equal(await counts(), 16)

  await fleet.workers[0]?.terminate()
  const after = await Promise.allSettled(agents.map(agent => send(url, agent)))
  const kept = after.filter(result => result.status === 'fulfilled')
  assert.ok(kept.length >= 1, 'connections of the other worker go on')
  assert.ok(kept.every(result => result.value === 200))

  for (let waitedMs = 0; fleet.workers.length < 2 && waitedMs < 30_000; waitedMs += 20) await delay(20)
  assert.deepEqual([fleet.workers.length, fleet.restarts], [2, 1])
  assert.match(logged.join('\n'), /worker 1 died and is replaced/)
  assert.deepEqual(
    await fleet.apply(config({ guards: { rate: { limit: 99 } } }), [plainSettings]),
    [],
    'the new worker takes reloads',
  )
  for (let i = 0; i < 20; i++) assert.equal(await send(url), 200)
  const want = 16 + kept.length + 20
  for (let i = 0; i < 200 && (await counts()) < want; i++) await delay(50)
  assert.equal(await counts(), want, 'what the dead worker counted is not lost')
})

test('stop lets running requests end and takes no new ones', async t => {
  let begin = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  const { gateway, url } = await startTestGateway(t, {}, async (req, res) => {
    if (req.url === '/slow') begin()
    if (req.url === '/slow') await held
    res.end('done')
  })
  const admin = `http://127.0.0.1:${gateway.admin?.port}`
  assert.deepEqual([(await fetch(`${admin}/healthz`)).status, (await fetch(`${admin}/readyz`)).status], [200, 200])
  const slow = fetch(`${url}/slow`)
  await begun
  const stopped = gateway.stop()
  for (let i = 0; i < 200 && (await fetch(`${admin}/readyz`)).status !== 503; i++) await delay(50)
  assert.equal((await fetch(`${admin}/readyz`)).status, 503)
  const isOpen = () =>
    send(url).then(
      () => true,
      () => false,
    )
  for (let i = 0; i < 200 && (await isOpen()); i++) await delay(50)
  await assert.rejects(send(url))
  release()
  assert.equal(await (await slow).text(), 'done')
  await stopped
  await assert.rejects(fetch(`${admin}/healthz`))
})

test('stop cuts what has not ended after the drain timeout', async t => {
  let begin = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  const { gateway, url } = await startTestGateway(t, { limits: { drainTimeout: '300ms' } }, () => begin())
  const hanging = fetch(url).then(
    () => 'answered',
    () => 'cut',
  )
  await begun
  const startMs = performance.now()
  await gateway.stop()
  assert.equal(await hanging, 'cut')
  assert.ok(performance.now() - startMs < 20_000)
})

test('a second gateway on the same port or state folder does not start', async t => {
  const { config, url } = await startTestGateway(t)
  const samePort = config({ listen: [{ http: url.slice(7) }], store: { state: './other' } })
  const byPort = await startGateway(samePort)
  assert.ok(!byPort.ok)
  assert.equal(byPort.problems[0]?.code, 'listen.failed')
  const byState = await startGateway(config())
  assert.ok(!byState.ok)
  assert.match(byState.problems[0]?.message ?? '', /another gateway is running/)
  assert.equal((await fetch(url)).status, 200)
})
