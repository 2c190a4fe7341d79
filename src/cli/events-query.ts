// merlon events query: searches the journal in the state folder, beside a running gateway or without one.

import { setTimeout as sleep } from 'node:timers/promises'
import { eventFilter, type FilterOptions, formatEvent, openJournal, parseCount } from './events-filter.ts'
import { print, say } from './output.ts'

interface QueryOptions extends FilterOptions {
  readonly limit: string
}

const limitMax = 100_000
const tries = 10
const waitMs = 100

export async function query(options: QueryOptions): Promise<number> {
  const filter = eventFilter(options, Date.now())
  const limit = parseCount('--limit', options.limit, limitMax)
  const journal = await openJournal(options)
  try {
    let events = journal.query({ ...filter, order: 'newest-first', limit })
    // Who asks for one request has just seen it refused: its event may be on the way.
    for (let i = 0; i < tries && events.length === 0 && options.reference !== undefined; i++) {
      await sleep(waitMs)
      events = journal.query({ ...filter, order: 'newest-first', limit })
    }
    for (const event of events) print(options.json ? event.json : formatEvent(event))
    if (events.length === 0 && !options.json) say('no event fits')
    // Who asks for one request wants to know whether it is there.
    return events.length === 0 && options.reference !== undefined ? 1 : 0
  } finally {
    journal.close()
  }
}
