// Counts, and says how far it is, until it is killed.

import { QuotaKeeper } from '../quota-keeper.ts'
import { SharedQuotas } from '../quotas-shared.ts'
import { openSqliteRecords } from '../records-sqlite.ts'

const keeper = await QuotaKeeper.open(openSqliteRecords(String(process.argv[2])), error => console.error(error))
const quotas = new SharedQuotas(keeper.buffer)
setInterval(() => {
  const nowMs = Date.now()
  process.stdout.write(`${quotas.take('k', 1, 1, 1_000_000, nowMs + 600_000, nowMs).count}\n`)
}, 20)
