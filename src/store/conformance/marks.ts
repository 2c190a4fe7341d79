// What every driver of Marks must do. A driver's test is five lines: make one, hand it over.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Marks } from '../store.ts'

/** @param open Gives a fresh driver, with nothing marked. */
export function testMarks(driver: string, open: () => Marks, startMs: number): void {
  test(`${driver}: the first is first, all others come again until the time is over`, () => {
    const marks = open()
    assert.equal(marks.mark('a', 60_000, startMs), 'first')
    for (const ms of [0, 1, 30_000, 60_000]) assert.equal(marks.mark('a', 60_000, startMs + ms), 'again', `${ms}`)
    assert.equal(marks.mark('a', 60_000, startMs + 63_000), 'first')
  })

  test(`${driver}: keys don’t share, and any string is one`, () => {
    const marks = open()
    for (const key of ['', 'ä', '\0', 'x'.repeat(10_000), '\ud800', 'a', 'b']) {
      assert.equal(marks.mark(key, 1000, startMs), 'first', JSON.stringify(key.slice(0, 20)))
      assert.equal(marks.mark(key, 1000, startMs), 'again')
    }
  })

  test(`${driver}: knows since when it remembers`, () => {
    assert.ok(Math.abs(open().sinceMs - startMs) < 1000)
  })
}
