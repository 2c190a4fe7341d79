// What every driver of Journal must do. A driver's test is five lines: make one, hand it over.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventFilter, Journal, StoredEvent } from '../store.ts'

const startMs = 1_800_000_000_000

function event(i: number, change: Partial<StoredEvent> = {}): StoredEvent {
  return {
    reference: `ref-${i}`,
    timeMs: startMs + i * 1000,
    action: i % 2 === 0 ? 'deny' : 'would-deny',
    guard: i % 3 === 0 ? 'waf' : 'rate',
    clientIp: `192.0.2.${i % 4}`,
    path: `/p${i}`,
    json: JSON.stringify({ i }),
    ...change,
  }
}

/** @param open Gives a fresh driver, with nothing in it. */
export function testJournal(driver: string, open: () => Journal): void {
  const withEvents = (count: number, check: (journal: Journal) => void) => {
    const journal = open()
    journal.append(Array.from({ length: count }, (_, i) => event(i)))
    check(journal)
    journal.close()
  }

  test(`${driver}: gives back what was appended, whole`, () => {
    withEvents(1, journal => {
      const [stored] = journal.query({ order: 'oldest-first', limit: 10 })
      const { position, ...rest } = { ...stored }
      assert.deepEqual(rest, event(0))
      assert.ok((position ?? 0) > 0)
    })
  })

  const filters: [string, Omit<EventFilter, 'order' | 'limit'>, number[]][] = [
    ['nothing', {}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['reference', { reference: 'ref-7' }, [7]],
    ['time', { sinceMs: startMs + 3000, untilMs: startMs + 5000 }, [3, 4, 5]],
    ['action', { action: 'would-deny' }, [1, 3, 5, 7, 9, 11]],
    ['guard', { guard: 'waf' }, [0, 3, 6, 9]],
    ['client', { clientIp: '192.0.2.1' }, [1, 5, 9]],
    ['several at once', { guard: 'waf', action: 'deny', sinceMs: startMs + 1 }, [6]],
    ['text that is SQL', { reference: "' or 1=1 --" }, []],
  ]
  for (const [name, filter, want] of filters) {
    test(`${driver}: filters by ${name}`, () => {
      withEvents(12, journal => {
        const numbers = (order: EventFilter['order']) =>
          journal.query({ ...filter, order, limit: 100 }).map(stored => JSON.parse(stored.json).i)
        assert.deepEqual(numbers('oldest-first'), want)
        assert.deepEqual(numbers('newest-first'), want.toReversed())
      })
    })
  }

  test(`${driver}: limits`, () => {
    withEvents(12, journal => {
      assert.equal(journal.query({ order: 'newest-first', limit: 5 }).length, 5)
      assert.equal(journal.query({ order: 'newest-first', limit: 1 })[0]?.reference, 'ref-11')
    })
  })

  test(`${driver}: is tailed by position without a gap or a repeat, also when clocks go back`, () => {
    const journal = open()
    journal.append([event(5), event(6)])
    const first = journal.query({ after: 0, order: 'oldest-first', limit: 100 })
    journal.append([event(1), event(2)])
    const second = journal.query({ after: first.at(-1)?.position ?? 0, order: 'oldest-first', limit: 100 })
    assert.deepEqual(
      [...first, ...second].map(stored => stored.reference),
      ['ref-5', 'ref-6', 'ref-1', 'ref-2'],
    )
    journal.close()
  })

  test(`${driver}: prunes what is older, and positions still grow`, () => {
    withEvents(12, journal => {
      assert.equal(journal.prune(startMs + 100_000), 12)
      assert.deepEqual(journal.query({ order: 'oldest-first', limit: 10 }), [])
      journal.append([event(20)])
      assert.ok((journal.query({ order: 'oldest-first', limit: 10 })[0]?.position ?? 0) > 12)
      assert.equal(journal.prune(startMs + 20_000), 0)
    })
  })

  test(`${driver}: a batch is stored whole or not at all`, () => {
    withEvents(2, journal => {
      assert.throws(() => journal.append([event(3), event(4, { guard: null as unknown as string })]))
      assert.equal(journal.query({ order: 'oldest-first', limit: 10 }).length, 2)
      journal.append([event(5)])
      assert.equal(journal.query({ order: 'oldest-first', limit: 10 }).length, 3)
    })
  })
}
