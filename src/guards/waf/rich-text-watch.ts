// What of a route's requests shows that a field holds rich text, and what was learned of it. Only requests that were let
// pass without a point and answered without an error show anything: nothing is learned from what was refused.

import type { ByteString } from '../../lib/bytes.ts'
import type { Exchange } from '../../pipeline/exchange.ts'
import type { GuardTools } from '../../pipeline/guard.ts'
import { fieldName, type LearnedFields, pathTemplate, type RichTextReports } from '../../pipeline/learned.ts'
import type { Placements } from '../../pipeline/placements.ts'
import type { WafTransaction } from '../../waf/types.ts'
import type { LearnOptions } from './options.ts'

/** Shorter values are no articles. */
const textBytes = 120
const fieldsMax = 4
const argumentsMax = 200
/** Names that the config takes as a field. */
const plainName = /^[A-Za-z0-9_.[\]$/*@-]{1,200}$/

export class RichTextWatch {
  readonly #options: LearnOptions
  readonly #learned: LearnedFields | undefined
  readonly #reports: RichTextReports | undefined

  constructor(options: LearnOptions, { learned, richTextReports }: GuardTools) {
    this.#options = options
    this.#learned = options.mode === 'apply' ? learned : undefined
    this.#reports = options.mode === 'off' ? undefined : richTextReports
  }

  /** What is known of values: by contract first, else as learned. */
  placements(ex: Exchange, contract: Placements | undefined): Placements | undefined {
    const fields = this.#learned?.of(ex.route.name, ex.method, ex.path)
    return fields ? withLearned(fields, contract) : contract
  }

  done(ex: Exchange, transaction: WafTransaction): void {
    const reports = this.#reports
    if (!reports) return
    if (transaction.interruption) return reports.offended(clientOf(ex), ex.startedAtMs)
    if (ex.status < 200 || ex.status >= 400 || ex.verdict) return
    const { arguments: all } = transaction
    let found = 0
    for (let i = 0; i < all.length && i < argumentsMax && found < fieldsMax; i++) {
      const { key, value } = all[i] ?? {}
      if (key === undefined || value === undefined || value.length < textBytes || !isWritten(value)) continue
      if (!plainName.test(key) || transaction.matches.some(({ points }) => points > 0)) continue
      found++
      const { clients, days } = this.#options
      reports.seen({
        route: ex.route.name,
        method: ex.method,
        path: pathTemplate(ex.path),
        field: `ARGS:${fieldName(key)}`,
        client: clientOf(ex),
        atMs: ex.startedAtMs,
        clients,
        days,
      })
    }
  }
}

export function withLearned(fields: ReadonlySet<string>, contract: Placements | undefined): Placements {
  return {
    of(place, name, value) {
      const known = contract?.of(place, name, value)
      if (known !== undefined || (place !== 'query' && place !== 'body')) return known
      return fields.has(`ARGS:${fieldName(name)}`) ? 'richText' : undefined
    },
    brokenInPath: contract?.brokenInPath ?? [],
  }
}

/** Several lines with marks of Markdown, HTML or code. */
function isWritten(value: ByteString): boolean {
  const first = value.indexOf('\n')
  const second = first < 0 ? -1 : value.indexOf('\n', first + 1)
  return second >= 0 && marks.some(mark => value.includes(mark))
}

const marks = ['```', '\n# ', '\n## ', '\n- ', '\n* ', '](', '**', '</', '\n    ', '\n\t', '`', ') {', ');\n']

/** A principal, or the network that an address is in: who has one address often has its neighbours. */
function clientOf({ principal, client }: Exchange): string {
  if (principal) return `${principal.kind} ${principal.id}`
  const { ipBytes } = client
  return `network ${Buffer.from(ipBytes.subarray(0, ipBytes.length === 4 ? 3 : 6)).toString('hex')}`
}
