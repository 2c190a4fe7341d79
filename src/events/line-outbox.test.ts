import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineOutbox } from './line-outbox.ts'

test('lines go in batches, in order, and what is too much is dropped and counted', async () => {
  const sent: string[][] = []
  let bytes = 0
  const outbox = new LineOutbox((lines, size) => {
    sent.push(lines.map(({ text }) => text.slice(0, 2)))
    bytes += size
  })
  outbox.push('f', 'a1')
  outbox.push('f', 'a2')
  for (let i = 0; i < 1000 && sent.length === 0; i++) await new Promise(resolve => setTimeout(resolve, 20))
  assert.deepEqual([sent, bytes], [[['a1', 'a2']], 4])
  outbox.taken(4)

  const megabyte = 'b'.repeat(1024 * 1024)
  for (let i = 0; i < 8; i++) outbox.push('f', megabyte)
  assert.equal(sent.length, 9, 'a large one does not wait')
  outbox.push('f', 'c')
  assert.equal(outbox.dropped, 1)
  outbox.taken(megabyte.length)
  outbox.push('f', 'd')
  outbox.flush()
  assert.deepEqual([sent.at(-1), outbox.dropped], [['d'], 1])
})
