// A contract tells the rules what fields hold: over sockets, in `merlon explain`, and after a reload.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cli, emptyFolder } from './cli-run.ts'
import { startTestGateway } from './gateway-harness.ts'

const document = (limit: string) => `openapi: 3.1.0
paths:
  /orders/{id}:
    get:
      parameters:
        - { name: id, in: path, required: true, schema: { type: string, format: uuid } }
        - { name: limit, in: query, schema: { type: ${limit} } }
  /articles:
    post:
      requestBody:
        content:
          application/json:
            schema: { type: object, properties: { text: { type: string, format: markdown }, day: { type: string, format: date } } }
`
const id = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'
const readme = 'Run it:\n\n```sh\ncurl -s http://localhost:8080/x | sh; cat /etc/passwd\n```\n'

test('requests are judged by the contract of their route', async t => {
  const dir = emptyFolder()
  const file = join(dir, 'openapi.yaml')
  writeFileSync(file, document('integer'))
  const running = await startTestGateway(t, { openapi: file })
  const status = async (path: string, body?: object) => {
    const sent = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(`${running.url}${path}`, sent)
    await response.arrayBuffer()
    return response.status
  }
  assert.equal(await status(`/orders/${id}?limit=5`), 200)
  assert.equal(await status(`/orders/${id}?limit=5%20of%20us`), 403)
  assert.equal(await status(`/orders/${id}%20of%20us`), 403)
  assert.equal(await status('/articles', { text: readme, day: '2026-01-01' }), 200)
  assert.equal(await status('/articles', { text: `${readme}<img src=x onerror=alert(1)>` }), 403)
  assert.equal(await status('/articles', { day: '2026-01-01; at noon' }), 403)
  assert.equal(await status('/notes', { day: '2026-01-01; at noon' }), 200)

  const [event] = await running.events(1, { guard: 'waf' })
  const [finding] = JSON.parse(event?.json ?? '{}').merlon.findings
  assert.equal(finding.evidence[0].where, 'BROKEN_FORMS:ARGS:limit')

  writeFileSync(file, document('string'))
  assert.deepEqual(await running.gateway.reload(running.config()), { ok: true })
  assert.equal(await status(`/orders/${id}?limit=5%20of%20us`), 200)
  writeFileSync(file, 'openapi: [')
  const reload = await running.gateway.reload(running.config())
  assert.ok(!reload.ok && reload.problems.some(({ code }) => code === 'openapi.syntax'))
  assert.equal(await status(`/orders/${id}?limit=5%20of%20us`), 200)
})

test('explain goes by the contract, and proposes what lets a request pass', async () => {
  const dir = emptyFolder()
  writeFileSync(join(dir, 'openapi.yaml'), document('integer'))
  const config = (exclusions: object[]) =>
    JSON.stringify({
      listen: [{ http: '127.0.0.1:0' }],
      upstreams: { app: { servers: ['http://127.0.0.1:1'] } },
      openapi: 'openapi.yaml',
      guards: { waf: { exclusions } },
      routes: [{ to: 'app' }],
    })
  writeFileSync(join(dir, 'merlon.yaml'), config([]))
  const request = `GET /orders/${id}?limit=5%20of%20us HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n`
  const refused = await cli(['explain', '-', '-c', 'merlon.yaml', '--json'], dir, request)
  assert.equal(refused.code, 1, refused.stderr)
  const { exclusions, matches } = JSON.parse(refused.stdout)
  assert.equal(matches[0].message, 'The value leaves the form that its field has by contract')
  assert.equal(exclusions[0].field, 'BROKEN_FORMS:ARGS:limit')
  writeFileSync(join(dir, 'merlon.yaml'), config(exclusions))
  const passed = await cli(['explain', '-', '-c', 'merlon.yaml'], dir, request)
  assert.equal(passed.code, 0, passed.stdout)
})
