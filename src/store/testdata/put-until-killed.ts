// Puts records for ever, and says on stdout after each how many are acknowledged in all.

import { writeSync } from 'node:fs'
import { openSqliteRecords } from '../records-sqlite.ts'

const records = openSqliteRecords(process.argv[2] as string)
for (let i = 0; ; i++) {
  const id = String(i).padStart(8, '0')
  await records.put({ kind: 'thing', id, json: 'x'.repeat(300), indexes: { owner: 'o' } }, 0)
  writeSync(1, `${i + 1}\n`)
}
