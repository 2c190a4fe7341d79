// Chains of values by pattern and unit: in order, beyond the first arrays, and empty after a phase.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Value } from '../../variables/value.ts'
import { Hits } from './hits.ts'

function chain(hits: Hits, pattern: number, unit: number): string[] {
  const found: string[] = []
  for (let hit = hits.firstOf(pattern, unit); hit !== 0; hit = hits.after(hit)) found.push(hits.valueAt(hit).value)
  return found
}

test('gives the values of a pattern and a unit in the order in which they came', () => {
  const hits = new Hits(8)
  const add = (pattern: number, unit: number, text: string) => hits.add(pattern, unit, new Value('ARGS', 'a', text))
  add(1, 0, 'a')
  add(2, 0, 'b')
  add(1, 3, 'c')
  add(1, 0, 'd')
  assert.deepEqual(chain(hits, 1, 0), ['a', 'd'])
  assert.deepEqual(chain(hits, 1, 3), ['c'])
  assert.deepEqual(chain(hits, 2, 0), ['b'])
  assert.deepEqual(chain(hits, 2, 3), [])
  assert.deepEqual(chain(hits, 7, 0), [])
  assert.equal(hits.isNone(1, 1 << 3), false)
  assert.equal(hits.isNone(1, 1 << 2), true)
  assert.equal(hits.isNone(3, -1), true)
})

test('tells units that share a bit apart', () => {
  const hits = new Hits(8)
  hits.add(1, 40, new Value('ARGS', 'a', 'x'))
  assert.equal(hits.isNone(1, 1 << 30), false)
  assert.deepEqual(chain(hits, 1, 35), [])
  assert.deepEqual(chain(hits, 1, 40), ['x'])
})

test('grows as it must, lets everything go, and starts anew', () => {
  const hits = new Hits(8)
  for (const count of [255, 256, 257, 20_000]) {
    for (let i = 0; i < count; i++) hits.add(i % 2, 0, new Value('ARGS', 'a', String(i)))
    assert.equal(chain(hits, 1, 0).length, count >> 1)
    assert.equal(chain(hits, 1, 0).at(-1), String(((count >> 1) << 1) - 1))
    hits.clear()
    assert.deepEqual(chain(hits, 1, 0), [])
    assert.equal(hits.isNone(1, -1), true)
  }
})
