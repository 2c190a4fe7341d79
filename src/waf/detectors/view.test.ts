// The view holds a value of any length and any bytes, ends it with a 0, and gives room back after a huge one.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewOf } from './view.ts'

const everyByte = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))

test('holds the bytes of the value and a 0 behind them, whatever came before', () => {
  for (const value of [
    '',
    'a',
    everyByte,
    'x'.repeat(4095),
    'x'.repeat(4096),
    'y'.repeat(100_000),
    everyByte.repeat(20),
    'z',
  ]) {
    const bytes = viewOf(value)
    assert.equal(Buffer.from(bytes.subarray(0, value.length)).toString('latin1'), value)
    assert.equal(bytes[value.length], 0)
  }
})

test('gives room back', () => {
  assert.ok(viewOf('x'.repeat(1024 * 1024)).length > 1024 * 1024)
  assert.ok(viewOf('x').length <= 4096)
})
