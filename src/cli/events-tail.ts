// merlon events tail: prints events as the gateway stores them. Reads the journal by position, so none is lost or seen
// twice, and a reader that is slow holds only itself up.

import { setTimeout as sleep } from 'node:timers/promises'
import { eventFilter, type FilterOptions, formatEvent, openJournal, parseCount } from './events-filter.ts'
import { flushed, print } from './output.ts'

interface TailOptions extends FilterOptions {
  readonly last: string
}

const pollMs = 250
const batch = 500

export async function tail(options: TailOptions): Promise<number> {
  const filter = eventFilter(options, Date.now())
  const last = parseCount('--last', options.last, 10_000)
  const journal = await openJournal(options)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  try {
    const newest = journal.query({ order: 'newest-first', limit: 1, after: 0 })[0]
    let position = newest?.position ?? 0
    const before = last === 0 ? [] : journal.query({ ...filter, order: 'newest-first', limit: last })
    for (const event of before.toReversed()) print(options.json ? event.json : formatEvent(event))
    while (!stop.signal.aborted) {
      const events = journal.query({ ...filter, after: position, order: 'oldest-first', limit: batch })
      for (const event of events) {
        position = event.position ?? position
        print(options.json ? event.json : formatEvent(event))
      }
      await flushed(process.stdout)
      if (events.length < batch) await sleep(pollMs, undefined, { signal: stop.signal }).catch(() => undefined)
    }
    return 0
  } finally {
    journal.close()
  }
}
