// Measures detection on labelled requests (NDJSON, gzip or plain): the share of attacks that are blocked and of benign
// requests that are let pass, by category and by source, and which rules are behind the wrong ones.
//
//     npm run eval -- [--rules builtin]… [--compare crs]… [--swap-headers] [--paranoia N] [--threshold N] [--preset strict|balanced|lenient]
//                     [--fp] [--fn] [--only CATEGORY] PATH…
//
// --fp and --fn list the wrong rows with what matched. --compare runs a further rule set (each by itself) and ends with a
// table of all. --swap-headers gives each attack the constant headers of a benign row and the other way round: what a
// request is must not depend on who sends it. Exit 0 always: judging the numbers is the reader's.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { createInspector, type Inspector, type InspectResult } from '../src/inspect/inspector.ts'
import { parseRow, type Row } from '../src/inspect/row.ts'
import { formatProblem } from '../src/lib/problem.ts'
import { presetNames } from '../src/rulesets/setup-values.ts'

const { values: options, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    rules: { type: 'string', multiple: true, default: ['builtin'] },
    paranoia: { type: 'string' },
    threshold: { type: 'string' },
    preset: { type: 'string' },
    compare: { type: 'string', multiple: true, default: [] },
    'swap-headers': { type: 'boolean', default: false },
    only: { type: 'string' },
    full: { type: 'boolean', default: false },
    fp: { type: 'boolean', default: false },
    fn: { type: 'boolean', default: false },
    limit: { type: 'string', default: '200' },
  },
})
if (paths.length === 0) {
  console.error(
    'usage: npm run eval -- [--rules builtin]… [--compare crs]… [--swap-headers] [--fp] [--fn] [--only CATEGORY] PATH…',
  )
  process.exit(2)
}

const preset = presetNames.find(name => name === options.preset)
const inspector = inspectorOf(options.rules)

function inspectorOf(rules: string[]): Inspector {
  const created = createInspector({
    rules,
    full: options.full,
    ...(options.paranoia !== undefined && { paranoia: Number(options.paranoia) }),
    ...(options.threshold !== undefined && { threshold: Number(options.threshold) }),
    ...(preset !== undefined && { preset }),
  })
  if (created.ok) return created.inspector
  for (const problem of created.problems) console.error(formatProblem(problem))
  process.exit(1)
}

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

/** Headers that say who sends and not what: those an attack stands in stay, because they differ from row to row. */
const constant = new Set('host user-agent accept accept-language accept-encoding connection origin'.split(' '))
/** An attack in one of these is told by what no browser or program has in them. */
const harmless = /^[\w ./;:,()+*=?"-]*$/

/** Headers of the other label, taken from the rows before in turn. */
const donors: Record<string, string[][]> = { attack: [], benign: [] }
if (options['swap-headers']) for (const path of paths) collectDonors(readRows(path))

function collectDonors(found: Row[]): void {
  for (const row of found) {
    if (isAbout(row)) continue
    const pool = donors[row.label === 'attack' ? 'attack' : 'benign'] ?? []
    if (pool.length < 500) pool.push(ownOf(row).flat())
  }
}

/** Rows whose headers are what makes them an attack. */
function isAbout({ category }: Row): boolean {
  return category === 'scanner' || category === 'protocol'
}

function ownOf(row: Row): [string, string][] {
  return pairs(row).filter(([name, value]) => constant.has(name.toLowerCase()) && harmless.test(value))
}

function swapped(found: Row[]): Row[] {
  if (!options['swap-headers']) return found
  return found.map((row, i) => {
    if (isAbout(row)) return row
    const own = ownOf(row)
    const others = donors[row.label === 'attack' ? 'benign' : 'attack'] ?? []
    const donor = others[i % Math.max(1, others.length)] ?? [
      'Host',
      'www.example.com',
      'User-Agent',
      'curl/8.5.0',
      'Accept',
      '*/*',
    ]
    const kept = pairs(row).filter(pair => !own.some(([name]) => name === pair[0]))
    const host = donor.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'host')
      ? []
      : ['Host', 'www.example.com']
    return { ...row, headers: [...host, ...donor, ...kept.flat()] }
  })
}

function pairs({ headers }: Row): [string, string][] {
  const found: [string, string][] = []
  for (let i = 0; i < headers.length; i += 2) found.push([headers[i] ?? '', headers[i + 1] ?? ''])
  return found
}

const startMs = performance.now()
const data = paths.map(path => ({ path, rows: swapped(readRows(path)) }))
for (const { path, rows: found } of data) for (const row of found) count(row, inspector.inspect(row), path)
const seconds = (performance.now() - startMs) / 1000

function readRows(path: string): Row[] {
  const raw = readFileSync(path)
  const text = (raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString('utf8')
  const found: Row[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const row = parseRow(line)
    if ('error' in row) console.error(`${path}: ${row.id ?? '?'}: ${row.error}`)
    else if (options.only === undefined || row.category === options.only) found.push(row)
  }
  return found
}

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
confusion()
table('right, by category', categories)
table('right, worst sources', sources, 12)
table('right, by file', files)
table('right, by label (attack: TPR, benign: TNR)', labels)
const compared = [lineOf(options.rules.join('+'), files, totalUs / Math.max(1, rows))]
if (blame.size > 0) {
  console.log('\nrules behind benign blocks: blocks, of these alone')
  for (const [rule, { blocks, alone, message }] of [...blame]
    .sort(([, a], [, b]) => b.blocks - a.blocks)
    .slice(0, 25)) {
    console.log(`${String(blocks).padStart(6)} ${String(alone).padStart(6)}  ${rule} ${message}`)
  }
}
for (const rules of options.compare) compared.push(comparison(rules))
if (compared.length > 1) {
  console.log('\nrule sets: attacks blocked (TPR), benign passed (TNR) by file, µs a row')
  for (const line of compared) console.log(`  ${line}`)
}
keepSlowest()
const slow = slowest.map(({ id, us }) => `${id} ${us} µs`).join(', ')
console.log(
  `\n${rows} rows, ${(rows / seconds).toFixed(0)} rows/s, ${(totalUs / rows).toFixed(0)} µs a row; slowest ${slow}`,
)

/** One line for a rule set that is run by itself over the same rows. */
function comparison(rules: string): string {
  const other = inspectorOf([rules])
  const byFile = new Counts()
  let us = 0
  let count = 0
  for (const { path, rows: found } of data) {
    for (const row of found) {
      const result = other.inspect(row)
      us += result.us
      count++
      byFile.add(path.split('/').at(-1) ?? path, (result.action === 'block') === (row.label === 'attack'))
    }
  }
  return lineOf(rules, byFile, us / Math.max(1, count))
}

function lineOf(rules: string, byFile: Counts, us: number): string {
  const shares = [...byFile.byKey].map(([file, value]) => `${file} ${percent(value).trim()}`)
  return `${rules.padEnd(10)} ${shares.join(', ')}, ${us.toFixed(0)} µs`
}

/** What was said of each label: blocked and let pass. */
function confusion(): void {
  const { right: caught, total: attacks } = labels.byKey.get('attack') ?? { right: 0, total: 0 }
  const { right: passed, total: honest } = labels.byKey.get('benign') ?? { right: 0, total: 0 }
  const line = (label: string, blocked: number, passing: number) =>
    console.log(`${label.padEnd(8)} ${String(blocked).padStart(8)} ${String(passing).padStart(8)}`)
  console.log('\nconfusion  blocked   passed')
  line('attack', caught, attacks - caught)
  line('benign', honest - passed, passed)
}

function print(title: string, lines: readonly string[]): void {
  console.log(`\n${title}: ${lines.length}`)
  for (const line of lines.slice(0, Number(options.limit))) console.log(`  ${line}`)
}
