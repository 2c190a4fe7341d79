// Appends batches of events for ever, and says on stdout after each how many are acknowledged in all.

import { writeSync } from 'node:fs'
import { openSqliteJournal } from '../journal-sqlite.ts'

const journal = openSqliteJournal(process.argv[2] as string)
for (let i = 0; ; ) {
  const batch = Array.from({ length: 1 + (i % 37) }, () => {
    const reference = String(i++)
    return { reference, timeMs: 1, action: 'deny', guard: 'waf', clientIp: '::1', path: '/', json: 'x'.repeat(500) }
  })
  journal.append(batch)
  writeSync(1, `${i}\n`)
}
