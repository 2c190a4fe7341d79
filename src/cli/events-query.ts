// merlon events query: searches the journal in the state folder, beside a running gateway or without one.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ExclusionOptions } from '../guards/waf/options.ts'
import { exclusionYaml } from '../guards/waf/propose.ts'
import { eventFilter, exclusionsOf, type FilterOptions, formatEvent, openJournal, parseCount } from './events-filter.ts'
import { print, say } from './output.ts'

interface QueryOptions extends FilterOptions {
  readonly limit: string
  readonly exclusions?: true
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
    if (options.exclusions) printExclusions(events.flatMap(exclusionsOf))
    else for (const event of events) print(options.json ? event.json : formatEvent(event))
    if (events.length === 0 && !options.json) say('no event fits')
    // Who asks for one request wants to know whether it is there.
    return events.length === 0 && options.reference !== undefined ? 1 : 0
  } finally {
    journal.close()
  }
}

/** Each once, however often it was needed. */
function printExclusions(found: readonly ExclusionOptions[]): void {
  const distinct = [...new Map(found.map(exclusion => [JSON.stringify(exclusion), exclusion])).values()]
  if (distinct.length > 0) print(exclusionYaml(distinct))
  else say('no rule of guards.waf refused these requests')
}
