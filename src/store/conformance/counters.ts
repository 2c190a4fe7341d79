// What every driver of Counters must do. A driver's test is five lines: make one, hand it over.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Counters } from '../store.ts'

/** @param open Gives a fresh driver, with nothing counted. */
export function testCounters(driver: string, open: () => Counters): void {
  const startMs = 1_800_000_000_000
  const minute = 60_000

  test(`${driver}: allows exactly the limit at once`, () => {
    const counters = open()
    const results = Array.from({ length: 15 }, () => counters.take('a', 1, 10, minute, startMs))
    assert.equal(results.filter(result => result.allowed).length, 10)
    assert.deepEqual(
      results.slice(0, 10).map(result => result.remaining),
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    )
  })

  test(`${driver}: says when the next unit is to be had, and keeps its word`, () => {
    const counters = open()
    for (let i = 0; i < 10; i++) counters.take('a', 1, 10, minute, startMs)
    const refused = counters.take('a', 1, 10, minute, startMs)
    assert.equal(refused.allowed, false)
    assert.ok(Math.abs(refused.retryAfterMs - 6000) < 1, `${refused.retryAfterMs}`)
    assert.equal(counters.take('a', 1, 10, minute, startMs + 5990).allowed, false)
    assert.equal(counters.take('a', 1, 10, minute, startMs + 6001).allowed, true)
    assert.equal(counters.take('a', 1, 10, minute, startMs + 6002).allowed, false)
  })

  test(`${driver}: a refused take costs nothing`, () => {
    const counters = open()
    for (let i = 0; i < 10; i++) counters.take('a', 1, 10, minute, startMs)
    for (let i = 0; i < 100; i++) counters.take('a', 1, 10, minute, startMs + i)
    assert.equal(counters.take('a', 1, 10, minute, startMs + 6001).allowed, true)
  })

  test(`${driver}: is full again after a window`, () => {
    const counters = open()
    const first = counters.take('a', 10, 10, minute, startMs)
    assert.ok(Math.abs(first.resetMs - minute) < 1)
    assert.equal(counters.take('a', 10, 10, minute, startMs + minute + 1).allowed, true)
  })

  test(`${driver}: keys don't share`, () => {
    const counters = open()
    counters.take('a', 10, 10, minute, startMs)
    assert.equal(counters.take('a', 1, 10, minute, startMs).allowed, false)
    assert.equal(counters.take('b', 1, 10, minute, startMs).remaining, 9)
  })

  test(`${driver}: a cost above the limit is refused, always`, () => {
    const counters = open()
    assert.equal(counters.take('a', 11, 10, minute, startMs).allowed, false)
    assert.equal(counters.take('a', 1, 10, minute, startMs).remaining, 9)
  })

  test(`${driver}: any string is a key`, () => {
    const counters = open()
    for (const key of ['', 'ä', '\0', 'x'.repeat(10_000), '::/64', '\ud800']) {
      assert.equal(counters.take(key, 1, 2, minute, startMs).remaining, 1, JSON.stringify(key.slice(0, 20)))
    }
  })

  test(`${driver}: over an hour a busy client gets the limit and the refill, no more`, () => {
    const counters = open()
    let taken = 0
    for (let ms = 0; ms < 60 * minute; ms += 500) if (counters.take('a', 1, 60, minute, startMs + ms).allowed) taken++
    assert.ok(taken <= 60 + 3600 && taken >= 3600, `${taken}`)
  })
}
