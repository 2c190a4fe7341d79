// Decides which transactions go to the audit log, and hands their records over. The config decides where it says
// something; else rule files do (SecAuditEngine, SecAuditLogParts); rules may decide for their transaction (ctl).

import type { Exchange } from '../../pipeline/exchange.ts'
import type { AuditEngine, WafSettings, WafTransaction } from '../../waf/types.ts'
import { auditRecord } from './audit-record.ts'
import type { AuditOptions } from './options.ts'

const defaultParts = 'ABFHZ'

export class Audit {
  readonly #settings: WafSettings
  readonly #engine: AuditEngine
  readonly #parts: string
  readonly #mask: boolean
  readonly #write: (record: string) => void

  constructor(options: AuditOptions, settings: WafSettings, write: (record: string) => void) {
    this.#settings = settings
    this.#engine = engineOf(options) ?? settings.audit.engine ?? 'relevant-only'
    this.#parts = options.parts ?? settings.audit.parts ?? defaultParts
    this.#mask = options.mask
    this.#write = write
  }

  /** Called when all is over, logging rules included. */
  take(ex: Exchange, transaction: WafTransaction): void {
    const engine = transaction.auditEngine ?? this.#engine
    if (engine === 'off' || (engine === 'relevant-only' && !this.#isRelevant(ex, transaction))) return
    const options = { parts: transaction.auditParts(this.#parts), mask: this.#mask }
    this.#write(auditRecord(ex, transaction, this.#settings, options))
  }

  #isRelevant(ex: Exchange, transaction: WafTransaction): boolean {
    if (this.#settings.audit.relevantStatuses.has(ex.status)) return true
    return transaction.matches.some(match => match.audited)
  }
}

function engineOf({ transactions }: AuditOptions): AuditEngine | undefined {
  if (transactions === undefined) return undefined
  return transactions === 'all' ? 'on' : 'relevant-only'
}
