// What every driver of Quotas must do.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Quotas } from '../store.ts'

const hourMs = 3_600_000
const nowMs = 1_800_000_000_000

export function testQuotas(driver: string, open: () => Quotas): void {
  const check = (name: string, work: (quotas: Quotas) => void) => test(`${driver}: ${name}`, () => work(open()))
  const take = (quotas: Quotas, key: string, limit: number, period = 1, atMs = nowMs, cost = 1) =>
    quotas.take(key, period, cost, limit, atMs + hourMs, atMs)

  check('the limit is had, one more is not', quotas => {
    for (let i = 1; i <= 3; i++) assert.deepEqual(take(quotas, 'a', 3), { taken: true, count: i, isFull: false })
    assert.deepEqual(take(quotas, 'a', 3), { taken: false, count: 3, isFull: false })
    assert.equal(take(quotas, 'a', 4).taken, true)
    assert.equal(take(quotas, 'a', 5, 1, nowMs, 2).taken, false)
    assert.equal(quotas.read('a', 1, nowMs), 4)
  })

  check('keys and periods are counted apart', quotas => {
    take(quotas, 'a', 9)
    take(quotas, 'a', 9, 2)
    take(quotas, 'b', 9)
    assert.deepEqual([quotas.read('a', 1, nowMs), quotas.read('a', 2, nowMs), quotas.read('c', 1, nowMs)], [1, 1, 0])
  })

  check('a period that is over counts nothing', quotas => {
    take(quotas, 'a', 1)
    assert.equal(take(quotas, 'a', 1).taken, false)
    assert.equal(quotas.read('a', 1, nowMs + hourMs), 0)
    assert.deepEqual(take(quotas, 'a', 1, 1, nowMs + hourMs), { taken: true, count: 1, isFull: false })
  })

  check('what is given back can be had again', quotas => {
    take(quotas, 'a', 1)
    quotas.giveBack('a', 1, 1)
    assert.equal(take(quotas, 'a', 1).taken, true)
    quotas.giveBack('a', 1, 5)
    quotas.giveBack('never', 1, 1)
    assert.equal(quotas.read('a', 1, nowMs), 0)
  })
}
