import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AcceptQueue } from './accept-queue.ts'

const stat = (count: number | string) =>
  `TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 7 ${count} 9\nIpExt: InNoRoutes\nIpExt: 3\n`

test('counts from its start on, and tells what has come since the last look', () => {
  let text = stat(100)
  const queue = new AcceptQueue(() => text)
  assert.deepEqual([queue.look(), queue.overflows], [0, 0])
  text = stat(103)
  assert.deepEqual([queue.look(), queue.overflows], [3, 3])
  assert.deepEqual([queue.look(), queue.overflows], [0, 3])
  text = stat(104)
  assert.deepEqual([queue.look(), queue.overflows], [1, 4])
})

for (const [name, read] of [
  ['no such file', () => assert.fail()],
  ['no such counter', () => 'TcpExt: A B\nTcpExt: 1 2\n'],
  ['no values', () => 'TcpExt: ListenOverflows\n'],
  ['no number', () => stat('many')],
  ['nothing', () => ''],
] as const) {
  test(`${name}: nobody counts`, () => {
    const queue = new AcceptQueue(read)
    assert.deepEqual([queue.look(), queue.overflows], [0, undefined])
  })
}
