import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesMax, Follower } from './follower.ts'

function follow(staleAfterMs: number, take: (kind: string, id: string) => Promise<void> = async () => {}) {
  const seen: string[] = []
  const follower = new Follower({
    staleAfterMs,
    take: async (kind, id) => {
      await take(kind, id)
      seen.push(`${kind} ${id}`)
    },
    takeAll: async () => void seen.push('all'),
    onStale: stale => seen.push(stale ? 'stale' : 'current'),
    log: () => {},
  })
  return { follower, seen }
}

const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

test('changes are taken one after another; as many as may wait, and one more reads all', async () => {
  const { follower, seen } = follow(10_000)
  follower.changed('a', '1')
  for (let i = 1; i <= changesMax; i++) follower.changed('a', `x${i}`)
  await wait(20)
  assert.equal(seen.length, changesMax + 1)
  assert.ok(!seen.includes('all'))
  seen.length = 0
  follower.changed('a', '1')
  for (let i = 0; i <= changesMax; i++) follower.changed('a', `x${i}`)
  await wait(20)
  assert.deepEqual(seen, ['a 1', 'all'])
  follower.close()
})

test('back in time nobody notices; too late and nobody is let in until all is read', async () => {
  const { follower, seen } = follow(50)
  follower.lost()
  await wait(10)
  follower.back()
  await wait(80)
  assert.deepEqual(seen.splice(0), ['all'])
  follower.lost()
  await wait(80)
  assert.deepEqual(seen, ['stale'])
  follower.back()
  await wait(10)
  assert.deepEqual(seen, ['stale', 'all', 'current'])
  follower.close()
})

test('a change that can’t be read is not forgotten', async () => {
  let failures = 1
  const { follower, seen } = follow(100, async () => {
    if (failures-- > 0) throw new Error('no connection')
  })
  follower.changed('denied', 'x')
  await wait(700)
  assert.deepEqual(seen, ['stale', 'all', 'current'])
  follower.close()
})
