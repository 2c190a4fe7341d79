// When a field counts as rich text, who can't make it one, and what is kept.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LearnedField, RichTextSighting } from '../pipeline/learned.ts'
import { openRecords } from '../store/open-records.ts'
import type { Records } from '../store/store.ts'
import {
  candidatesMax,
  learnedMax,
  offendersMax,
  RichTextLearner,
  readLearned,
  richTextLearned,
} from './rich-text-learner.ts'
import { rememberedMax, SightingOutbox, type Sightings, waitingMax } from './sighting-outbox.ts'

const day = 86_400_000
const start = Date.parse('2026-11-01T12:00:00Z')

async function open(given?: Records) {
  const records = given ?? (await openRecords({ file: ':memory:', database: undefined }))
  const learned: LearnedField[] = []
  const learner = await RichTextLearner.open(
    records,
    fields => learned.push(...fields),
    error => assert.fail(String(error)),
  )
  return { records, learned, learner }
}

function sighting(client: number | string, dayOf: number, more: Partial<RichTextSighting> = {}): RichTextSighting {
  const at = { route: 'app', method: 'POST', path: '/notes/{}', field: 'ARGS:json.body' }
  return { ...at, client: `network ${client}`, atMs: start + dayOf * day, clients: 5, days: 7, ...more }
}

const seen = (...all: RichTextSighting[]): Sightings => ({ seen: all, offended: [] })
const clients = (count: number, dayOf: number) => Array.from({ length: count }, (_, i) => sighting(i, dayOf))

/** Waits for all that was taken. */
async function settle(learner: RichTextLearner): Promise<void> {
  learner.take({ seen: [], offended: [] })
  for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
}

const cases: [name: string, batches: Sightings[], isLearned: boolean][] = [
  ['many clients over days', [seen(...clients(3, 0)), seen(...clients(4, 3)), seen(...clients(5, 7))], true],
  ['one client too few', [seen(...clients(4, 0)), seen(...clients(4, 3)), seen(...clients(4, 9))], false],
  ['many clients in too short a time', [seen(...clients(9, 0)), seen(...clients(9, 3)), seen(...clients(9, 6))], false],
  ['a long time, but two days alone', [seen(...clients(9, 0)), seen(...clients(9, 8))], false],
  ['one client again and again', Array.from({ length: 20 }, (_, i) => seen(sighting('one', i))), false],
  [
    'a client that was refused does not count',
    [
      seen(...clients(5, 0)),
      { seen: [], offended: [['network 0', start + 8 * day]] },
      seen(...clients(5, 8), ...clients(5, 8.5)),
    ],
    false,
  ],
  [
    'a client that was refused counts a day later',
    [
      seen(...clients(5, 0)),
      { seen: [], offended: [['network 0', start]] },
      seen(...clients(5, 3)),
      seen(...clients(5, 8)),
    ],
    true,
  ],
]
for (const [name, batches, isLearned] of cases) {
  test(`${name} → ${isLearned ? 'learned' : 'not learned'}`, async () => {
    const { learner, learned } = await open()
    for (const batch of batches) learner.take(batch)
    await settle(learner)
    assert.equal(learned.length, isLearned ? 1 : 0)
    if (isLearned)
      assert.match(
        richTextLearned(learned[0] as LearnedField),
        /richText: \[\{ path: "\/notes\/\*", field: "ARGS:json\.body" \}\]$/,
      )
    await learner.close()
  })
}

test('what is known outlives a restart, and clients are kept as hashes', async () => {
  const { learner, records } = await open()
  learner.take(seen(...clients(5, 0), ...clients(5, 3)))
  await settle(learner)
  const [candidate] = await records.list('rich-text-candidate', { limit: 10 })
  assert.ok(candidate && !candidate.json.includes('network'))
  const again = await open(records)
  again.learner.take(seen(...clients(5, 7)))
  await settle(again.learner)
  assert.equal(again.learned.length, 1)
  assert.deepEqual(await readLearned(records), again.learned)
  assert.deepEqual(await records.list('rich-text-candidate', { limit: 10 }), [])
  // Learned once, told once.
  again.learner.take(seen(...clients(9, 20)))
  await settle(again.learner)
  assert.equal(again.learned.length, 1)
})

test('candidatesMax: made-up fields take the place of made-up fields', async () => {
  const { learner, records, learned } = await open()
  learner.take(seen(...clients(4, 0), ...clients(4, 3)))
  const made = (count: number) =>
    Array.from({ length: count }, (_, i) => sighting('attacker', 1, { field: `ARGS:f${i}` }))
  learner.take(seen(...made(candidatesMax - 1)))
  await settle(learner)
  const count = async () => {
    let all = 0
    for (let after = ''; ; ) {
      const page = await records.list('rich-text-candidate', { after, limit: 1000 })
      all += page.length
      if (page.length < 1000) return all
      after = page.at(-1)?.id ?? ''
    }
  }
  assert.equal(await count(), candidatesMax)
  learner.take(seen(sighting('attacker', 1, { field: 'ARGS:one-more' })))
  await settle(learner)
  assert.equal(await count(), candidatesMax)
  learner.take(seen(...clients(5, 8)))
  await settle(learner)
  assert.equal(learned.length, 1)
})

test('learnedMax: as many as may be, and not one more', async () => {
  const { learner } = await open()
  for (let i = 0; i <= learnedMax; i++) {
    const at = (dayOf: number) => clients(5, dayOf).map(one => ({ ...one, field: `ARGS:f${i}` }))
    learner.take(seen(...at(0), ...at(3), ...at(7)))
  }
  await settle(learner)
  while (learner.fields.length < learnedMax) await settle(learner)
  await settle(learner)
  assert.equal(learner.fields.length, learnedMax)
})

test('offendersMax: the oldest is forgotten first', async () => {
  const { learner, learned } = await open()
  const offended = (count: number) =>
    Array.from({ length: count }, (_, i): [string, number] => [`network x${i}`, start + 7 * day])
  learner.take(seen(...clients(4, 0), ...clients(4, 3)))
  learner.take({ seen: [], offended: [['network 4', start + 7 * day], ...offended(offendersMax - 1)] })
  learner.take(seen(...clients(5, 7)))
  await settle(learner)
  assert.equal(learned.length, 0)
  learner.take({ seen: [], offended: [['network y', start + 7 * day]] })
  learner.take(seen(...clients(5, 7)))
  await settle(learner)
  assert.equal(learned.length, 1)
})

test('the outbox tells each client and field once a day, and offenders once an hour', () => {
  const told: Sightings[] = []
  const outbox = new SightingOutbox(sightings => told.push(sightings))
  for (const dayOf of [0, 0, 0, 1]) outbox.seen(sighting(1, dayOf))
  for (const minute of [0, 10, 70]) outbox.offended('network 1', start + minute * 60_000)
  outbox.flush()
  outbox.flush()
  assert.deepEqual(
    told.map(({ seen, offended }) => [seen.length, offended.length]),
    [[2, 2]],
  )
})

test('waitingMax and rememberedMax: what is over is left out, or told again', () => {
  const told: Sightings[] = []
  const outbox = new SightingOutbox(sightings => told.push(sightings))
  for (let i = 0; i <= waitingMax; i++) outbox.seen(sighting(i, 0))
  for (let i = 0; i <= waitingMax; i++) outbox.offended(`network ${i}`, start)
  outbox.flush()
  assert.deepEqual(
    told.map(({ seen, offended }) => [seen.length, offended.length]),
    [[waitingMax, waitingMax]],
  )
  for (let i = 0; i < rememberedMax - 2 * waitingMax; i++) {
    outbox.seen(sighting(`more ${i}`, 0))
    if (i % waitingMax === waitingMax - 1) outbox.flush()
  }
  told.length = 0
  outbox.seen(sighting(0, 0))
  outbox.flush()
  assert.equal(told.length, 0, 'still remembered')
  outbox.seen(sighting('one too many', 0))
  outbox.seen(sighting(0, 0))
  outbox.flush()
  assert.equal(told[0]?.seen.length, 2)
})
