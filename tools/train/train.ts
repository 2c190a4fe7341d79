// Trains the classifier of the builtin rules and writes its model and its card. Deterministic: the same corpora give the
// same files. What the numbers mean on sources that it has not seen is told by loso.ts.
//
//     node tools/train/train.ts PATH… (default: ../shared/corpora/*.ndjson.gz)

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatModel, logOdds, type Model } from '../../src/waf/classifier/model.ts'
import { fit } from './fit.ts'
import { isLicensed, unlicensed } from './sources.ts'
import { readSamples, type Sample } from './values.ts'

const folder = join(import.meta.dirname, '../../rules/builtin')
const corpora = join(import.meta.dirname, '../../../shared/corpora')
const given = process.argv.slice(2)
const paths =
  given.length > 0
    ? given
    : readdirSync(corpora)
        .filter(name => name.endsWith('.ndjson.gz'))
        .map(name => join(corpora, name))
const bounds = [0.9, 0.97]
const samples = readSamples(paths)
const used = samples.filter(isLicensed)
const model = fit(used)
writeFileSync(join(folder, 'classifier.model'), formatModel(model))
writeFileSync(join(folder, 'classifier.card.md'), card(model))
console.log(`${used.length} of ${samples.length} rows used; model and card are in rules/builtin/`)

function card(trained: Model): string {
  const lines = [
    '# Card of the classifier',
    '',
    'Made by `node tools/train/train.ts`; do not edit. Used by `rules/builtin/90-classifier.conf` through `@classify`.',
    '',
    '- **What it is**: logistic regression over 65,536 hashed features of one value (n-grams of bytes, tokens with their',
    '  neighbours, shapes of punctuation), weights of one byte. It reads at most 400 bytes of a value and never sees `Host`,',
    '  `User-Agent` or any other header.',
    '- **Data**: labelled requests of many sources, kept outside this repository; no row of them is in it.',
    `- **Not trained on** (licence copyleft, restrictive or not stated; used for measuring only): ${unlicensed.join(', ')}.`,
    '- **How**: AdaGrad, three rounds of multiple-instance learning, fixed seed; probability by Platt scaling on the training',
    '  values. Rates on the sources that it was trained on flatter it; `docs/detection.md` has those on sources left out.',
    '',
    '## Rows with a value at or above a probability, by class',
    '',
    `| class | rows | trained on | ${bounds.map(bound => `≥ ${bound}`).join(' | ')} |`,
    `| --- | ---: | --- | ${bounds.map(() => '---:').join(' | ')} |`,
  ]
  for (const trainedOn of [true, false]) {
    const part = samples.filter(sample => isLicensed(sample) === trainedOn)
    for (const [name, rows] of byClass(part)) {
      lines.push(`| ${name} | ${rows.length} | ${trainedOn ? 'yes' : 'no'} | ${rates(trained, rows).join(' | ')} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

function byClass(part: readonly Sample[]): (readonly [string, readonly Sample[]])[] {
  const classes = new Map<string, Sample[]>()
  for (const sample of part) {
    const name = sample.isAttack ? `attack ${sample.category}` : sample.category
    classes.set(name, [...(classes.get(name) ?? []), sample])
  }
  return [...classes].sort(([a], [b]) => (a < b ? -1 : 1))
}

function rates(trained: Model, rows: readonly Sample[]): string[] {
  const odds = rows.map(({ values }) => Math.max(-99, ...values.map(value => logOdds(trained, value))))
  return bounds.map(bound => {
    const found = odds.filter(odd => odd >= Math.log(bound / (1 - bound))).length
    return `${((found / rows.length) * 100).toFixed(1)} %`
  })
}
