import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inNetwork, parseIp, parseNetwork } from '../../lib/ip.ts'
import { defaultLimits } from '../../pipeline/limits.ts'
import { testExchange } from '../../pipeline/testing.ts'
import { createSharedCounters, SharedCounters } from '../../store/counters-shared.ts'
import { lists } from './index.ts'
import { IpSet } from './ip-set.ts'
import { listsOptions } from './options.ts'

const tools = {
  now: Date.now,
  counters: new SharedCounters(createSharedCounters(64)),
  limits: defaultLimits,
  configDir: '/',
  stateDir: '/',
}

function judge(options: { allow?: string[]; deny?: string[] }, ip: string) {
  const made = lists.create(listsOptions.parse(options), tools)
  assert.ok(made.ok)
  const ex = testExchange({ ip })
  const verdict = made.guard.onHeaders?.(ex)
  assert.ok(!(verdict instanceof Promise))
  return verdict?.kind === 'deny' ? verdict.status : ex.isWelcome ? 'welcome' : 'passed'
}

const cases: [options: { allow?: string[]; deny?: string[] }, ip: string, want: number | string][] = [
  [{}, '192.0.2.1', 'passed'],
  [{ deny: ['192.0.2.1'] }, '192.0.2.1', 403],
  [{ deny: ['192.0.2.1'] }, '192.0.2.2', 'passed'],
  [{ deny: ['192.0.2.0/24'] }, '192.0.2.255', 403],
  [{ deny: ['0.0.0.0/0'] }, '203.0.113.9', 403],
  [{ deny: ['0.0.0.0/0'] }, '2001:db8::1', 'passed'],
  [{ deny: ['::/0'] }, '2001:db8::1', 403],
  [{ deny: ['2001:db8::/32'] }, '2001:db9::1', 'passed'],
  [{ deny: ['::ffff:192.0.2.1'] }, '192.0.2.1', 403],
  [{ deny: ['192.0.2.0/24'], allow: ['192.0.2.7'] }, '192.0.2.7', 'welcome'],
  [{ deny: ['192.0.2.7'], allow: ['192.0.2.0/24'] }, '192.0.2.7', 'welcome'],
  [{ allow: ['10.0.0.0/8'] }, '192.0.2.7', 'passed'],
]
for (const [options, ip, want] of cases) {
  test(`${JSON.stringify(options)} ${ip} → ${want}`, () => assert.equal(judge(options, ip), want))
}

test('what is no network is told with its place', () => {
  const { error } = listsOptions.safeParse({ deny: ['10.0.0.1', '10.0.0.0/33'] })
  assert.deepEqual(error?.issues[0]?.path, ['deny', 1])
})

test('a set agrees with asking each network', () => {
  let seed = 7
  const next = (below: number) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >>> 8) % below
  }
  const entries = Array.from({ length: 2000 }, (_, i) =>
    i % 2 === 0
      ? `10.${next(8)}.${next(256)}.${next(256)}/${16 + next(17)}`
      : `2001:db8:${next(16)}::${next(999)}/${40 + next(89)}`,
  )
  const networks = entries.map(entry => parseNetwork(entry)!)
  const set = new IpSet(entries)
  for (let i = 0; i < 4000; i++) {
    const ip = parseIp(i % 2 === 0 ? `10.${next(8)}.${next(256)}.${next(256)}` : `2001:db8:${next(16)}::${next(999)}`)!
    assert.equal(
      set.has(ip),
      networks.some(network => inNetwork(ip, network)),
    )
  }
})
