import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { protobufTexts } from './protobuf-texts.ts'

const texts = (...bytes: number[]) =>
  protobufTexts(Buffer.from(bytes)).map(text => Buffer.from(text).toString('latin1'))

const rows: readonly (readonly [string, number[], string[]])[] = [
  ['nothing', [], []],
  ['a string', [0x0a, 2, 0x68, 0x69], ['hi']],
  ['a number beside it', [0x08, 0x96, 1, 0x12, 1, 0x61], ['a']],
  ['fixed fields', [0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x1a, 1, 0x62], ['b']],
  ['a message within', [0x0a, 3, 0x12, 1, 0x61], ['a', '\x12\x01a']],
  ['bytes', [0x0a, 2, 0xff, 0xfe], ['\xff\xfe']],
  ['a text with a control byte', [0x0a, 3, 0x61, 1, 0x62], ['a\x01b']],
  ['no protobuf', [0x7b, 0x22, 0x61, 0x22, 0x7d], ['{"a"}']],
  ['cut off', [0x0a, 5, 0x61], ['\n\x05a']],
]

for (const [name, bytes, want] of rows) test(name, () => assert.deepEqual(texts(...bytes), want))

test('any bytes are read without a throw, in bounded time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      const found = protobufTexts(bytes)
      assert.ok(found.reduce((sum, text) => sum + text.length, 0) <= 40 * (bytes.length + 1))
    }),
    { seed: 6, numRuns: 2000 },
  )
  const deep = Array.from({ length: 100 }).reduce<Buffer>(
    inner => Buffer.concat([Buffer.from([0x0a, Math.min(127, inner.length)]), inner]),
    Buffer.from([0xff]),
  )
  assert.ok(protobufTexts(deep).length < 200)
})
