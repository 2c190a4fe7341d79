// merlon rules list --cost: what each rule costs on sample requests, the dearest first.

import { createReadStream } from 'node:fs'
import { parseRow, type Row } from '../inspect/row.ts'
import { type CostReport, measureRuleCost, type RuleCost, sampleRows } from '../inspect/rule-cost.ts'
import { readLines } from './lines.ts'
import { loadRules } from './load-rules.ts'
import { CommandFailure, print, printJson, say, sayProblems } from './output.ts'
import type { RulesOptions } from './rules.ts'

export interface CostOptions extends RulesOptions {
  readonly requests?: string
  readonly top: number
  readonly json?: true
}

/** Times are kept by rule and request. */
const rowsMax = 10_000
const lineBytesMax = 16 * 1024 * 1024
/** Enough for times that hold still. */
const runsWanted = 4000
const roundsMin = 3

export async function printRuleCost(options: CostOptions): Promise<number> {
  const { waf, problems } = loadRules(options.rules, options.paranoia ?? 1)
  if (!waf) {
    sayProblems(problems)
    return 1
  }
  const rows = options.requests === undefined ? sampleRows : await readRows(options.requests)
  const rounds = Math.max(roundsMin, Math.ceil(runsWanted / rows.length))
  const report = measureRuleCost(waf, rows, rounds)
  if (options.json) for (const cost of report.rules) printJson(fields(cost))
  else printTable(report, options.top)
  return 0
}

async function readRows(file: string): Promise<readonly Row[]> {
  const rows: Row[] = []
  try {
    for await (const lines of readLines(createReadStream(file), lineBytesMax)) {
      for (const { number, bytes } of lines) {
        if (bytes?.length === 0) continue
        const row = bytes ? parseRow(Buffer.from(bytes).toString('utf8')) : { error: 'the line is too long' }
        if ('error' in row) throw new CommandFailure(`${file}:${number}: ${row.error}`)
        if (rows.length === rowsMax) throw new CommandFailure(`${file}: more than ${rowsMax} requests`)
        rows.push(row)
      }
    }
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (rows.length === 0) throw new CommandFailure(`${file} has no request`)
  return rows
}

function fields({ rule, us, evaluations, matches, longest }: RuleCost): object {
  const { id, phase, paranoia, message, file, line } = rule
  return { id, phase, paranoia, message, file, line, us, evaluations, matches, longest }
}

function printTable({ requests, rules, us, sharedUs }: CostReport, top: number): void {
  print('us/request  longest  evaluated  matched  rule')
  for (const cost of rules.slice(0, top)) {
    const columns = [
      cost.us.toFixed(2).padStart(10),
      cost.longest.us.toFixed(1).padStart(7),
      String(cost.evaluations).padStart(9),
      String(cost.matches).padStart(7),
      `${cost.rule.id} ${cost.rule.message === '' ? `${cost.rule.file}:${cost.rule.line}` : cost.rule.message}`,
    ]
    print(columns.join('  '))
  }
  const inRules = rules.reduce((sum, cost) => sum + cost.us, 0)
  const rest = rules.length > top ? ` (${rules.length - top} of them not shown)` : ''
  say(`${requests} requests, ${us.toFixed(0)} us each on the average, of which ${inRules.toFixed(0)} us are`)
  say(
    `${rules.length} rules'${rest} and ${sharedUs.toFixed(0)} us the search that they share; rules not named cost nothing`,
  )
}
