// Measures detection on labelled requests (NDJSON, gzip or plain): the share of attacks that are blocked and of benign
// requests that are let pass, by category and by source, and which rules are behind the wrong ones.
//
//     node tools/eval.ts [--rules builtin]… [--paranoia N] [--threshold N] [--fp] [--fn] [--only CATEGORY] PATH…
//
// --fp and --fn list the wrong rows with what matched; exit 0 always: judging the numbers is the reader's.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { createInspector, type InspectResult } from '../src/inspect/inspector.ts'
import { parseRow, type Row } from '../src/inspect/row.ts'
import { formatProblem } from '../src/lib/problem.ts'

const { values: options, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    rules: { type: 'string', multiple: true, default: ['builtin'] },
    paranoia: { type: 'string' },
    threshold: { type: 'string' },
    only: { type: 'string' },
    full: { type: 'boolean', default: false },
    fp: { type: 'boolean', default: false },
    fn: { type: 'boolean', default: false },
    limit: { type: 'string', default: '200' },
  },
})
if (paths.length === 0) {
  console.error('usage: node tools/eval.ts [--rules builtin]… [--paranoia N] [--fp] [--fn] [--only CATEGORY] PATH…')
  process.exit(2)
}

const created = createInspector({
  rules: options.rules,
  full: options.full,
  ...(options.paranoia !== undefined && { paranoia: Number(options.paranoia) }),
  ...(options.threshold !== undefined && { threshold: Number(options.threshold) }),
})
if (!created.ok) {
  for (const problem of created.problems) console.error(formatProblem(problem))
  process.exit(1)
}
const { inspector } = created

interface Count {
  right: number
  total: number
}

/** Insertion order is the order of the file; tables sort. */
class Counts {
  readonly byKey = new Map<string, Count>()

  add(key: string, isRight: boolean): void {
    const count = this.byKey.get(key) ?? { right: 0, total: 0 }
    count.total++
    if (isRight) count.right++
    this.byKey.set(key, count)
  }
}

const categories = new Counts()
const sources = new Counts()
const labels = new Counts()
const files = new Counts()
/** How often each rule was part of a benign block, and how often it alone was enough. */
const blame = new Map<string, { blocks: number; alone: number; message: string }>()
const alarms: string[] = []
const misses: string[] = []
const slowest: { us: number; id: string }[] = []
let rows = 0
let totalUs = 0

const startMs = performance.now()
for (const path of paths) {
  const raw = readFileSync(path)
  const text = (raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString('utf8')
  for (const line of text.split('\n')) {
    if (line === '') continue
    const row = parseRow(line)
    if ('error' in row) {
      console.error(`${path}: ${row.id ?? '?'}: ${row.error}`)
      continue
    }
    if (options.only === undefined || row.category === options.only) count(row, inspector.inspect(row), path)
  }
}
const seconds = (performance.now() - startMs) / 1000

function count(row: Row, result: InspectResult, path: string): void {
  const isAttack = row.label === 'attack'
  const isRight = (result.action === 'block') === isAttack
  rows++
  totalUs += result.us
  categories.add(`${row.label} ${row.category}`, isRight)
  sources.add(`${row.label} ${row.source}`, isRight)
  labels.add(row.label, isRight)
  files.add(path.split('/').at(-1) ?? path, isRight)
  slowest.push({ us: result.us, id: row.id })
  if (slowest.length > 1000) keepSlowest()
  if (isRight) return
  if (isAttack) misses.push(`${row.id} ${row.category} score ${result.score} ${found(result)}\n    ${show(row)}`)
  else {
    alarms.push(`${row.id} ${row.category} score ${result.score} ${found(result)}\n    ${show(row)}`)
    noteBlame(result)
  }
}

function noteBlame(result: InspectResult): void {
  const rules = new Set(result.findings.map(finding => finding.rule))
  for (const { rule, message } of result.findings) {
    const entry = blame.get(rule) ?? { blocks: 0, alone: 0, message }
    if (rules.delete(rule)) {
      entry.blocks++
      if (new Set(result.findings.map(finding => finding.rule)).size === 1) entry.alone++
    }
    blame.set(rule, entry)
  }
}

function found(result: InspectResult): string {
  return result.findings
    .map(({ rule, where, match }) => `[${rule} ${where} ${JSON.stringify(match.slice(0, 80))}]`)
    .join(' ')
}

function show(row: Row): string {
  const body = Buffer.from(row.body).toString('utf8')
  return `${row.method} ${row.target} ${body}`.replace(/\s+/g, ' ').slice(0, 300)
}

function keepSlowest(): void {
  slowest.sort((a, b) => b.us - a.us)
  slowest.length = Math.min(slowest.length, 5)
}

function percent({ right, total }: Count): string {
  return `${((right / total) * 100).toFixed(2)} %`.padStart(9)
}

function table(title: string, counts: Counts, shown = Number.POSITIVE_INFINITY): void {
  console.log(`\n${title}`)
  const entries = [...counts.byKey].sort(([, a], [, b]) => a.right / a.total - b.right / b.total)
  for (const [key, value] of entries.slice(0, shown)) {
    console.log(
      `${percent(value)}  ${String(value.total - value.right).padStart(5)} wrong of ${String(value.total).padStart(5)}  ${key}`,
    )
  }
}

if (options.fp) print('benign, but blocked', alarms)
if (options.fn) print('attacks that passed', misses)
table('right, by category', categories)
table('right, worst sources', sources, 12)
table('right, by file', files)
table('right, by label (attack: TPR, benign: TNR)', labels)
if (blame.size > 0) {
  console.log('\nrules behind benign blocks: blocks, of these alone')
  for (const [rule, { blocks, alone, message }] of [...blame]
    .sort(([, a], [, b]) => b.blocks - a.blocks)
    .slice(0, 25)) {
    console.log(`${String(blocks).padStart(6)} ${String(alone).padStart(6)}  ${rule} ${message}`)
  }
}
keepSlowest()
const slow = slowest.map(({ id, us }) => `${id} ${us} µs`).join(', ')
console.log(
  `\n${rows} rows, ${(rows / seconds).toFixed(0)} rows/s, ${(totalUs / rows).toFixed(0)} µs a row; slowest ${slow}`,
)

function print(title: string, lines: readonly string[]): void {
  console.log(`\n${title}: ${lines.length}`)
  for (const line of lines.slice(0, Number(options.limit))) console.log(`  ${line}`)
}
