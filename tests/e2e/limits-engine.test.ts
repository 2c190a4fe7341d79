// The bounds that the rule engine keeps, set in the config and met over sockets: at the limit a request passes, one past
// it is refused, and the event says which bound it was.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type RunningGateway, startTestGateway } from './gateway-harness.ts'

const limits = { arguments: 20, jsonDepth: 5, jsonKeys: 50, xmlDepth: 4, xmlNodes: 10, multipartParts: 3 }

type Init = readonly [type: string, body: string]

const json = (value: unknown): Init => ['application/json', JSON.stringify(value)]
const xml = (body: string): Init => ['application/xml', body]
const items = (count: number) => Array.from({ length: count }, (_, i) => i)
const pairs = (count: number) => items(count).map(i => `n${i}=${i}`)
const keys = (count: number) => Object.fromEntries(items(count).map(i => [`k${i}`, i]))
const form = (count: number): Init => ['application/x-www-form-urlencoded', pairs(count).join('&')]
const nested = (depth: number) => json(JSON.parse('['.repeat(depth) + ']'.repeat(depth)))
const elements = (depth: number) => xml('<a>'.repeat(depth) + '</a>'.repeat(depth))

function parts(count: number): Init {
  const all = items(count).map(i => `--b\r\nContent-Disposition: form-data; name="n${i}"\r\n\r\n${i}\r\n`)
  return ['multipart/form-data; boundary=b', `${all.join('')}--b--\r\n`]
}

interface Case {
  readonly name: string
  /** Path and query, Cookie header, body of a request that is at the limit, and of one past it. */
  readonly at: { path?: string; cookie?: string; body?: Init }
  readonly past: { path?: string; cookie?: string; body?: Init }
  /** What the event says about the one past it. */
  readonly says: RegExp
}

const cases: readonly Case[] = [
  {
    name: 'arguments of a query',
    at: { path: `/?${pairs(20).join('&')}` },
    past: { path: `/?${pairs(21).join('&')}` },
    says: /more than 20 arguments/,
  },
  {
    name: 'arguments of a form',
    at: { body: form(20) },
    past: { body: form(21) },
    says: /more than 20 arguments/,
  },
  {
    name: 'arguments of query and form',
    at: { path: `/?${pairs(8).join('&')}`, body: form(12) },
    past: { path: `/?${pairs(9).join('&')}`, body: form(12) },
    says: /more than 20 arguments/,
  },
  {
    name: 'arguments: cookies',
    at: { cookie: pairs(20).join('; ') },
    past: { cookie: pairs(21).join('; ') },
    says: /more than 20 cookies/,
  },
  { name: 'jsonDepth', at: { body: nested(5) }, past: { body: nested(6) }, says: /nested deeper than 5/ },
  {
    name: 'jsonKeys: items',
    at: { body: json(items(50)) },
    past: { body: json(items(51)) },
    says: /more than 50 keys and items/,
  },
  {
    name: 'jsonKeys: keys',
    at: { body: json(keys(50)) },
    past: { body: json(keys(51)) },
    says: /more than 50 keys and items/,
  },
  {
    name: 'jsonKeys: both together',
    at: { body: json({ a: items(24), b: items(24) }) },
    past: { body: json({ a: items(24), b: items(25) }) },
    says: /more than 50 keys and items/,
  },
  { name: 'xmlDepth', at: { body: elements(4) }, past: { body: elements(5) }, says: /nested deeper than 4/ },
  {
    name: 'xmlNodes',
    at: { body: xml(`<a>${'<b/>'.repeat(9)}</a>`) },
    past: { body: xml(`<a>${'<b/>'.repeat(10)}</a>`) },
    says: /more than 10 nodes/,
  },
  { name: 'multipartParts', at: { body: parts(3) }, past: { body: parts(4) }, says: /more than 3 parts/ },
]

async function send(url: string, { path = '/', cookie, body }: Case['at']): Promise<[status: number, id: string]> {
  const headers = { ...(cookie !== undefined && { cookie }), ...(body && { 'content-type': body[0] }) }
  const response = await fetch(`${url}${path}`, body ? { method: 'POST', headers, body: body[1] } : { headers })
  await response.arrayBuffer()
  return [response.status, response.headers.get('x-request-id') ?? '']
}

const off = { workers: 1, guards: { rate: { mode: 'off' } } }

test('bounds of the engine', async t => {
  let running: RunningGateway
  before(async () => {
    running = await startTestGateway(t, { ...off, limits })
  })
  for (const { name, at, past, says } of cases) {
    await t.test(name, async () => {
      assert.equal((await send(running.url, at))[0], 200)
      const [status, reference] = await send(running.url, past)
      assert.equal(status, 400)
      const [event] = await running.events(1, { reference })
      assert.match(event?.json ?? '', says)
    })
  }
})

test('bounds of the engine, as they are and on a route of their own', async t => {
  const routes = [
    { name: 'app', to: 'app' },
    { name: 'lists', match: { path: '/lists' }, to: 'app', limits: { jsonKeys: 2, arguments: 3 } },
  ]
  const { url } = await startTestGateway(t, { ...off, routes })
  const statusOf = async (request: Case['at']) => (await send(url, request))[0]
  assert.equal(await statusOf({ body: json(items(10_000)) }), 200)
  assert.equal(await statusOf({ body: json(items(10_001)) }), 400)
  assert.equal(await statusOf({ body: form(1000) }), 200)
  assert.equal(await statusOf({ body: form(1001) }), 400)
  assert.equal(await statusOf({ path: '/lists', body: json(items(2)) }), 200)
  assert.equal(await statusOf({ path: '/lists', body: json(items(3)) }), 400)
  assert.equal(await statusOf({ path: '/lists', body: form(4) }), 400)
  // An attack in the last item that is read.
  assert.equal(await statusOf({ body: json([...items(9999), "' OR 1=1--"]) }), 403)
})
