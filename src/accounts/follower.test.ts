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

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !holds(); i++) await wait(10)
}

test('changes are taken one after another; as many as may wait, and one more reads all', async () => {
  const { follower, seen } = follow(10_000)
  follower.changed('a', '1')
  for (let i = 1; i <= changesMax; i++) follower.changed('a', `x${i}`)
  await until(() => seen.length > changesMax)
  assert.equal(seen.length, changesMax + 1)
  assert.ok(!seen.includes('all'))
  seen.length = 0
  follower.changed('a', '1')
  for (let i = 0; i <= changesMax; i++) follower.changed('a', `x${i}`)
  await until(() => seen.includes('all'))
  assert.deepEqual(seen, ['a 1', 'all'])
  follower.close()
})

test('back in time nobody notices; too late and nobody is let in until all is read', async () => {
  const { follower, seen } = follow(300)
  follower.lost()
  follower.back()
  await wait(600)
  assert.deepEqual(seen.splice(0), ['all'])
  follower.lost()
  await until(() => seen.length > 0)
  assert.deepEqual(seen, ['stale'])
  follower.back()
  await until(() => seen.includes('current'))
  assert.deepEqual(seen, ['stale', 'all', 'current'])
  follower.close()
})

test('a change that can’t be read is not forgotten', async () => {
  let failures = 1
  const { follower, seen } = follow(100, async () => {
    if (failures-- > 0) throw new Error('no connection')
  })
  follower.changed('denied', 'x')
  await until(() => seen.includes('current'))
  assert.deepEqual(seen, ['stale', 'all', 'current'])
  follower.close()
})
