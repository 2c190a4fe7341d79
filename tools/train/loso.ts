// Leave one source out: for each source of the corpora, the classifier is trained on the others and the builtin rules are
// run with it over the one left out. Rules cannot be unlearned, so their part is what they are; what this shows is how the
// whole does on a source that the model has never seen, with and without the model.
//
//     node tools/train/loso.ts PATH…

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createInspector } from '../../src/inspect/inspector.ts'
import { parseRow } from '../../src/inspect/row.ts'
import { logOdds, type Model } from '../../src/waf/classifier/model.ts'
import { isProse } from '../../src/waf/classifier/prose.ts'
import { fit } from './fit.ts'
import { isLicensed } from './sources.ts'
import { readSamples, type Sample } from './values.ts'

const paths = process.argv.slice(2)
const samples = readSamples(paths)
const withoutModel = judgeByRules(paths)
/** As in rules/builtin/90-classifier.conf. Its marker rules, which ask for less, are left out here. */
const alone = logit(0.97)

interface Judgement {
  /** Blocked by something other than the classifier. */
  readonly isBlocked: boolean
  readonly isRich: boolean
}

function judgeByRules(files: readonly string[]): Map<string, Judgement> {
  const created = createInspector({ rules: ['builtin'], full: true })
  if (!created.ok) throw new Error(created.problems.map(problem => problem.message).join('; '))
  const judged = new Map<string, Judgement>()
  for (const path of files) {
    const raw = readFileSync(path)
    const text = (raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString('utf8')
    for (const line of text.split('\n')) {
      const row = line === '' ? undefined : parseRow(line)
      if (!row || 'error' in row) continue
      const { action, findings } = created.inspector.inspect(row)
      const others = findings.filter(({ rule }) => !rule.startsWith('509'))
      const score = others.reduce((sum, { points }) => sum + points, 0)
      const byClassifier = findings.filter(({ rule }) => rule.startsWith('5090'))
      const isRefused = action === 'block' && byClassifier.length === 0
      judged.set(row.id, { isBlocked: score >= 5 || isRefused, isRich: path.includes('richtext') })
    }
  }
  return judged
}

function logit(probability: number): number {
  return Math.log(probability / (1 - probability))
}

interface Result {
  rows: number
  rules: number
  model: number
  both: number
}

const kinds = ['attack', 'benign', 'rich text'] as const
/** Rows that no rule blocks and the model would, by bound. */
const sweep = new Map(
  [0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995].map(bound => [bound, [0, 0, 0] as [number, number, number]]),
)
const totals = new Map<string, Result>(kinds.map(kind => [kind, empty()]))
const bySource = new Map<string, Result>()
const byCategory = new Map<string, Result>()

for (const source of [...new Set(samples.map(sample => sample.source))].sort()) {
  const model = fit(samples.filter(sample => sample.source !== source && isLicensed(sample)))
  for (const sample of samples) if (sample.source === source) count(sample, model)
}

function count(sample: Sample, model: Model): void {
  const judged = withoutModel.get(sample.id)
  if (!judged) return
  const read = sample.values.filter(value => !isProse(value))
  const odds = read.reduce((most, value) => Math.max(most, logOdds(model, value)), Number.NEGATIVE_INFINITY)
  const byModel = odds >= alone
  const kind = sample.isAttack ? 'attack' : judged.isRich ? 'rich text' : 'benign'
  for (const [bound, found] of sweep)
    if (!judged.isBlocked && odds >= logit(bound)) found[kinds.indexOf(kind)] = (found[kinds.indexOf(kind)] ?? 0) + 1
  const results = [
    totals.get(kind),
    placeOf(bySource, `${kind} ${sample.source}`),
    placeOf(byCategory, `${kind} ${sample.category}`),
  ]
  for (const result of results) {
    if (!result) continue
    result.rows++
    if (judged.isBlocked) result.rules++
    if (byModel) result.model++
    if (judged.isBlocked || byModel) result.both++
  }
}

function empty(): Result {
  return { rows: 0, rules: 0, model: 0, both: 0 }
}

function placeOf(map: Map<string, Result>, key: string): Result {
  const known = map.get(key) ?? empty()
  map.set(key, known)
  return known
}

function print(title: string, map: ReadonlyMap<string, Result>): void {
  console.log(
    `\n| ${title} | rows | blocked by rules | by the model alone | by both |\n| --- | ---: | ---: | ---: | ---: |`,
  )
  for (const [key, { rows, rules, model, both }] of [...map].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`| ${key} | ${rows} | ${share(rules, rows)} | ${share(model, rows)} | ${share(both, rows)} |`)
  }
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((part / whole) * 100).toFixed(2)} %`
}

function mean(prefix: string): string {
  const rates = [...bySource].filter(([key]) => key.startsWith(prefix)).map(([, { both, rows }]) => both / rows)
  return `${((rates.reduce((sum, rate) => sum + rate, 0) / rates.length) * 100).toFixed(2)} %`
}

print('kind', totals)
console.log(
  `\nMean over sources: attacks blocked ${mean('attack')}, benign blocked ${mean('benign')}, rich text blocked ${mean('rich')}`,
)
console.log('\nWhat the model adds to the rules, by bound: attacks, benign, rich text')
for (const [bound, found] of sweep) {
  console.log(`- ${bound}: ${kinds.map((kind, i) => share(found[i] ?? 0, totals.get(kind)?.rows ?? 0)).join(', ')}`)
}
print('source left out', bySource)
print('category', byCategory)
