// Quotas, end to end: exact over several workers, kept over a restart, with the quota that an API key was made with.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { askGateway } from '../../src/admin/client.ts'
import { startGateway } from '../../src/gateway.ts'
import { startTestGateway } from './gateway-harness.ts'

test('exactly the limit, over two workers and a restart; a key’s own quota; headers', async t => {
  const running = await startTestGateway(t, {
    guards: {
      rate: { limit: 1_000_000 },
      waf: { mode: 'off' },
      authn: { require: ['apiKey'] },
      quota: { limits: [{ limit: 100, per: 'month', key: 'apiKey' }] },
    },
  })
  const create = async (quota?: string) => {
    const input = { name: 'k', ...(quota && { quota }) }
    const reply = await askGateway(join(running.dir, 'state'), 'POST', '/api/v1/keys/create', input)
    assert.ok(reply)
    return (reply.body as { key: string }).key
  }
  const send = async (key: string, url = running.url) => {
    // Each on a connection of its own, so that both workers get some.
    const response = await fetch(url, { headers: { 'x-api-key': key, connection: 'close' } })
    await response.text()
    return response
  }
  const key = await create()
  const count = async (requests: number, url?: string) => {
    const replies = await Promise.all(Array.from({ length: requests }, () => send(key, url)))
    return replies.filter(({ status }) => status === 200).length
  }
  assert.equal(await count(60), 60)

  await running.gateway.stop()
  const again = await startGateway(running.config())
  assert.ok(again.ok)
  const url = `http://127.0.0.1:${again.gateway.listening[0]?.port}`
  assert.equal(await count(80, url), 40, 'what was used before counts')
  const refused = await send(key, url)
  assert.equal(refused.status, 429)
  assert.match(refused.headers.get('ratelimit') ?? '', /"quota-month";r=0;t=\d+/)
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  await again.gateway.stop()

  const third = await startGateway(running.config())
  assert.ok(third.ok)
  t.after(() => third.gateway.stop())
  const own = await create('2/day')
  const thirdUrl = `http://127.0.0.1:${third.gateway.listening[0]?.port}`
  const statuses = [await send(own, thirdUrl), await send(own, thirdUrl), await send(own, thirdUrl)]
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [200, 200, 429],
  )
  const problem = await (await fetch(thirdUrl, { headers: { 'x-api-key': own } })).json()
  assert.equal((problem as { type: string }).type, 'urn:merlon:problem:quota-exceeded')
  const reply = await askGateway(join(running.dir, 'state'), 'POST', '/api/v1/keys/create', {
    name: 'k',
    quota: '2/week',
  })
  assert.equal(reply?.status, 400)
})
