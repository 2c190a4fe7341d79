// What every driver of Records must do. A driver's test is five lines: make one, hand it over.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewRecord, Records } from '../store.ts'

function record(id: string, change: Partial<NewRecord> = {}): NewRecord {
  return { kind: 'thing', id, json: JSON.stringify({ id }), ...change }
}

/** @param open Gives a fresh driver, with nothing in it. */
export function testRecords(
  driver: string,
  open: () => Records | Promise<Records>,
  skip: string | false = false,
): void {
  const check = (name: string, work: (records: Records) => Promise<void>) => {
    test(`${driver}: ${name}`, { skip }, async () => {
      const records = await open()
      try {
        await work(records)
      } finally {
        await records.close()
      }
    })
  }
  const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id)

  check('gives back what was put, whole', async records => {
    assert.equal(await records.get('thing', 'a'), undefined)
    assert.equal(await records.put(record('a', { family: 'f', expiresAtMs: 5000 })), 1)
    assert.deepEqual(await records.get('thing', 'a'), {
      kind: 'thing',
      id: 'a',
      version: 1,
      json: '{"id":"a"}',
      family: 'f',
      expiresAtMs: 5000,
    })
    assert.equal(await records.get('other', 'a'), undefined)
  })

  check('a write with a version wins once', async records => {
    assert.equal(await records.put(record('a'), 0), 1)
    assert.equal(await records.put(record('a', { json: '"lost"' }), 0), undefined)
    assert.equal(await records.put(record('a', { json: '"second"' }), 1), 2)
    assert.equal(await records.put(record('a', { json: '"lost"' }), 1), undefined)
    assert.equal(await records.put(record('absent'), 1), undefined)
    assert.equal((await records.get('thing', 'a'))?.json, '"second"')
    assert.equal(await records.put(record('a', { json: '"any"' })), 3)
  })

  check('of many writers of one version one wins', async records => {
    await records.put(record('a'))
    const won = await Promise.all(
      Array.from({ length: 20 }, (_, i) => records.put(record('a', { json: String(i) }), 1)),
    )
    assert.equal(won.filter(version => version !== undefined).length, 1)
  })

  check('finds by index, and only under the values of the last write', async records => {
    await records.put(record('a', { indexes: { owner: 'x', name: 'one' } }))
    await records.put(record('b', { indexes: { owner: 'x' } }))
    await records.put(record('c', { kind: 'other', indexes: { owner: 'x' } }))
    assert.deepEqual(ids(await records.find('thing', 'owner', 'x', 10)), ['a', 'b'])
    assert.deepEqual(ids(await records.find('thing', 'owner', 'x', 1)), ['a'])
    assert.deepEqual(ids(await records.find('thing', 'name', 'one', 10)), ['a'])
    assert.deepEqual(await records.find('thing', 'name', "' or 1=1 --", 10), [])
    await records.put(record('a', { indexes: { owner: 'y' } }))
    assert.deepEqual(ids(await records.find('thing', 'owner', 'x', 10)), ['b'])
    assert.deepEqual(await records.find('thing', 'name', 'one', 10), [])
    await records.delete('thing', 'a')
    assert.deepEqual(await records.find('thing', 'owner', 'y', 10), [])
  })

  check('lists a kind in pages', async records => {
    for (const id of ['c', 'a', 'b', 'd']) await records.put(record(id))
    await records.put(record('a', { kind: 'other' }))
    assert.deepEqual(ids(await records.list('thing', { limit: 3 })), ['a', 'b', 'c'])
    assert.deepEqual(ids(await records.list('thing', { after: 'c', limit: 3 })), ['d'])
    assert.deepEqual(await records.list('absent', { limit: 3 }), [])
  })

  check('writes many at once, all or none', async records => {
    await records.put(record('a', { json: '"old"' }))
    await records.putAll([record('a', { expiresAtMs: 5000 }), record('b'), record('c', { kind: 'other' })])
    assert.deepEqual(await records.get('thing', 'a'), {
      kind: 'thing',
      id: 'a',
      version: 2,
      json: '{"id":"a"}',
      expiresAtMs: 5000,
    })
    assert.deepEqual(ids(await records.list('thing', { limit: 9 })), ['a', 'b'])
    await assert.rejects(records.putAll([record('d'), record('e', { json: null as unknown as string })]))
    assert.equal(await records.get('thing', 'd'), undefined)
    await records.putAll([])
  })

  check('creates many at once, or none when one is there', async records => {
    assert.equal(await records.createAll([record('a', { expiresAtMs: 5000 }), record('b')]), true)
    assert.deepEqual(
      [(await records.get('thing', 'a'))?.expiresAtMs, (await records.get('thing', 'b'))?.version],
      [5000, 1],
    )
    assert.equal(await records.createAll([record('c'), record('b', { json: '"lost"' })]), false)
    assert.equal(await records.createAll([record('d'), record('d')]), false)
    assert.deepEqual(ids(await records.list('thing', { limit: 9 })), ['a', 'b'])
    assert.equal((await records.get('thing', 'b'))?.json, '{"id":"b"}')
    assert.equal(await records.createAll([]), true)
  })

  check('deletes', async records => {
    await records.put(record('a'))
    assert.equal(await records.delete('thing', 'a'), true)
    assert.equal(await records.delete('thing', 'a'), false)
    assert.equal(await records.put(record('a'), 0), 1)
  })

  check('is consumed once, and stays so over a write', async records => {
    await records.put(record('a'))
    const first = await Promise.all(Array.from({ length: 10 }, () => records.consume('thing', 'a', 7000)))
    assert.equal(first.filter(Boolean).length, 1)
    await records.put(record('a', { json: '"again"' }))
    assert.equal(await records.consume('thing', 'a', 8000), false)
    assert.equal((await records.get('thing', 'a'))?.consumedAtMs, 7000)
    assert.equal(await records.consume('thing', 'absent', 1), false)
  })

  check('deletes a family of several kinds, and nothing else', async records => {
    await records.put(record('a', { family: 'f' }))
    await records.put(record('b', { kind: 'other', family: 'f', indexes: { owner: 'x' } }))
    await records.put(record('c', { family: 'g' }))
    await records.put(record('d'))
    assert.equal(await records.deleteFamily('f'), 2)
    assert.deepEqual(ids(await records.list('thing', { limit: 10 })), ['c', 'd'])
    assert.deepEqual(await records.find('other', 'owner', 'x', 10), [])
  })

  check('prunes what has expired', async records => {
    await records.put(record('past', { expiresAtMs: 1000 }))
    await records.put(record('future', { expiresAtMs: 3000 }))
    await records.put(record('never'))
    assert.equal((await records.get('thing', 'past'))?.expiresAtMs, 1000)
    assert.equal(await records.prune(2000), 1)
    assert.deepEqual(ids(await records.list('thing', { limit: 10 })), ['future', 'never'])
  })

  check('a write that fails changes nothing', async records => {
    await records.put(record('a', { indexes: { owner: 'x' } }))
    await assert.rejects(records.put(record('a', { json: '"bad"', indexes: { owner: null as unknown as string } })))
    assert.equal((await records.get('thing', 'a'))?.json, '{"id":"a"}')
    assert.deepEqual(ids(await records.find('thing', 'owner', 'x', 10)), ['a'])
  })
}
