import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../pipeline/exchange.ts'
import { defaultLimits } from '../pipeline/limits.ts'
import { Picker } from './picker.ts'
import { UpstreamServer } from './server.ts'

const limits = { ...defaultLimits, upstreamConnections: 2, upstreamConnectTimeout: 50 }
const ex = { cancel: undefined } as unknown as Exchange

function open(count: number) {
  const servers = Array.from({ length: count }, (_, i) => new UpstreamServer(`http://127.0.0.1:${i + 1}`, limits))
  return { servers, picker: new Picker(servers, limits) }
}

const urls = (servers: readonly (UpstreamServer | Promise<UpstreamServer>)[]) =>
  servers.map(server => (server instanceof UpstreamServer ? server.url.at(-1) : '?')).sort()

test('picker: in turn', () => {
  const { picker } = open(3)
  assert.deepEqual(urls([picker.take(ex, []), picker.take(ex, []), picker.take(ex, [])]), ['1', '2', '3'])
})

test('picker: the one with the least work', () => {
  const { picker, servers } = open(2)
  servers[0]?.take()
  assert.deepEqual(urls([picker.take(ex, [])]), ['2'])
})

test('picker: not the failed, unless there is no other', () => {
  const { picker, servers } = open(2)
  assert.deepEqual(urls([picker.take(ex, servers.slice(0, 1))]), ['2'])
  assert.deepEqual(urls([picker.take(ex, servers)]).length, 1)
})

test('picker: a paused server is the last resort', async () => {
  const { picker, servers } = open(2)
  servers[0]?.failed()
  assert.deepEqual(urls([picker.take(ex, []), picker.take(ex, []), picker.take(ex, [])]), ['1', '2', '2'])
  servers[0]?.succeeded()
  assert.equal(servers[0]?.pausedUntilMs(performance.now()), 0)
})

test('picker: pauses grow and are bounded', () => {
  const server = new UpstreamServer('http://127.0.0.1:1', limits)
  const pauses = Array.from({ length: 12 }, () => {
    server.failed()
    // Some of it may have gone by already.
    return Math.ceil((server.pausedUntilMs(performance.now()) - performance.now()) / 250 - 0.01)
  })
  assert.deepEqual(pauses.slice(0, 4), [1, 2, 4, 8])
  assert.equal(pauses.at(-1), 40)
})

test('picker: none healthy', () => {
  const { picker, servers } = open(1)
  for (const server of servers) server.healthy = false
  assert.throws(() => picker.take(ex, []), { code: 'UPSTREAM_UNAVAILABLE' })
})

test('picker: the line moves when a connection is given back, and does not wait for ever', async () => {
  const { picker, servers } = open(1)
  picker.take(ex, [])
  picker.take(ex, [])
  const third = picker.take(ex, [])
  const fourth = picker.take(ex, [])
  const server = servers[0]
  assert.ok(server)
  picker.release(server)
  assert.equal(await third, server)
  await assert.rejects(Promise.resolve(fourth), { code: 'UPSTREAM_UNAVAILABLE' })
  assert.equal(server.active, 2)
})

/** Holds connections of the one server whose clients take nothing. */
function stall(picker: Picker, server: UpstreamServer, clientKey: string, stalledSinceMs: number, cuts: string[]) {
  picker.take(ex, [])
  const held = {
    clientKey,
    stalledSinceMs,
    cut: (limit: string) => {
      cuts.push(`${clientKey} ${limit}`)
      server.held.delete(held)
      picker.release(server)
    },
  }
  server.held.add(held)
}

test('picker: a client that takes none of many responses gives way at once; who takes few has its time', async () => {
  const nowMs = performance.now()
  const responseStall = nowMs / 2 + 200
  const own = {
    ...defaultLimits,
    upstreamConnections: 5,
    upstreamConnectTimeout: 20_000,
    stalledPerIp: 3,
    responseStall,
  }
  const server = new UpstreamServer('http://127.0.0.1:1', own)
  const picker = new Picker([server], own)
  const cuts: string[] = []
  stall(picker, server, 'few', nowMs / 2, cuts)
  for (let i = 0; i < 4; i++) stall(picker, server, 'many', nowMs * 0.9, cuts)
  assert.equal(await picker.take(ex, []), server)
  assert.deepEqual(cuts, ['many stalledPerIp'], 'one past the limit')
  assert.equal(await picker.take(ex, []), server)
  assert.deepEqual(cuts, ['many stalledPerIp', 'few responseStall'], 'at the limit: the slowest, when its time is over')
})
