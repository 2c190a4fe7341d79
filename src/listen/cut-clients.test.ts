import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CutClients } from './cut-clients.ts'

test('an address is out from its last cut of the limit on, for a minute', () => {
  let nowMs = 0
  const cut = new CutClients(() => nowMs)
  for (let i = 0; i < 3; i++) {
    assert.equal(cut.isOut('a', 3), false)
    cut.add('a')
    nowMs += 10_000
  }
  assert.equal(cut.isOut('a', 3), true)
  assert.equal(cut.isOut('b', 3), false)
  nowMs = 20_000 + 59_999
  assert.equal(cut.isOut('a', 3), true)
  nowMs++
  assert.equal(cut.isOut('a', 3), false)
  cut.add('a')
  assert.equal(cut.isOut('a', 3), false, 'counts anew')
})

test('ten thousand addresses are remembered, the latest', () => {
  const cut = new CutClients(() => 0)
  for (let i = 0; i <= 10_000; i++) cut.add(`a${i}`)
  assert.equal(cut.isOut('a0', 1), false)
  assert.equal(cut.isOut('a1', 1), true)
  cut.add('a1')
  cut.add('new')
  assert.equal(cut.isOut('a1', 1), true)
  assert.equal(cut.isOut('a2', 1), false)
})
