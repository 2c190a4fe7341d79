// Every seeded hole of the demo shop is exploitable directly and stopped through the gateway, while honest use of the
// same place passes, and so does ordinary traffic.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type RunningShop, startShop } from '../../demo/shop.ts'
import { shopTraffic } from '../../demo/traffic.ts'
import { demoMissing, type RunningDemo, startDemo } from './harness.ts'
import { behave, exploit, logIn, perform } from './holes/exploit.ts'
import type { Hole } from './holes/hole.ts'
import { holes } from './holes/table.ts'

/** The guards that the demo has on. A hole that another guard stops is not claimed through the gateway. */
const active: ReadonlySet<Hole['stoppedBy']> = new Set(['waf', 'authz'] as const)
const trafficSeed = 20260801
const trafficRows = 400

test('the table names each hole once', () => {
  assert.equal(new Set(holes.map(hole => hole.name)).size, holes.length)
})

describe('directly', () => {
  let shop: RunningShop
  before(async () => {
    shop = await startShop({ port: 0 })
  })
  after(() => shop.close())

  for (const hole of holes) {
    test(`${hole.kind}: ${hole.name}`, async () => {
      const used = await behave(shop.url, hole)
      assert.ok(used.status < 400, `normal use answers ${used.status}: ${used.body}`)
      if (!hole.proof) assert.doesNotMatch(used.text, hole.proves, 'normal use looks like the attack')
      const { succeeded, attack } = await exploit(shop.url, hole)
      assert.ok(succeeded, `not exploitable: ${attack.text}`)
    })
  }

  test('ordinary traffic is answered', async () => {
    const cookie = await logIn(shop.url)
    for (const row of shopTraffic(trafficSeed, trafficRows)) {
      const { status, body } = await perform(shop.url, row, cookie)
      assert.ok(status < 500, `${row.method} ${row.path} answers ${status}: ${body}`)
    }
  })
})

describe('through the gateway', { skip: demoMissing() }, () => {
  let demo: RunningDemo
  before(async () => {
    demo = await startDemo()
  })
  after(() => demo?.close())

  for (const hole of holes) {
    const skip = hole.openInDemo ?? (active.has(hole.stoppedBy) ? false : `for the guard ${hole.stoppedBy}`)
    test(`${hole.kind}: ${hole.name}: stopped`, { skip }, async () => {
      const { succeeded, attack } = await exploit(demo.gatewayUrl, hole)
      assert.ok(!succeeded, `exploited through the gateway: ${attack.text}`)
      // 400 is for bodies that their own parser refuses, such as XML with entities that it does not resolve.
      assert.ok(attack.status === 403 || attack.status === 400, attack.text)
      assert.equal(attack.contentType, 'application/problem+json')
      const problem = JSON.parse(attack.body)
      assert.equal(problem.status, attack.status)
      assert.match(problem.reference, /^[0-9A-HJKMNP-TV-Z]{26}$/)
    })
    test(`${hole.kind}: ${hole.name}: normal use passes`, async () => {
      const { status, text } = await behave(demo.gatewayUrl, hole)
      assert.ok(status < 400, text)
    })
  }

  test('ordinary traffic passes as it does without the gateway', async () => {
    const direct = await logIn(demo.shopUrl)
    const guarded = await logIn(demo.gatewayUrl)
    const refused: string[] = []
    for (const row of shopTraffic(trafficSeed, trafficRows)) {
      const want = await perform(demo.shopUrl, row, direct)
      const got = await perform(demo.gatewayUrl, row, guarded)
      if (got.status !== want.status) refused.push(`${row.method} ${row.path} ${row.body ?? ''}: ${got.text}`)
    }
    assert.deepEqual(refused, [])
  })
})
