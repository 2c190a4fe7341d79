// What the classifier costs: µs a suspicious value, over the values of labelled requests (NDJSON, as `npm run eval` reads
// them) given by path, or else over the payloads and honest values of this project's own tests.
//
//     node bench/classifier.ts PATH…

import { readFileSync } from 'node:fs'
import { utf8ToBytes } from '../src/lib/bytes.ts'
import { isSuspicious } from '../src/waf/classifier/gate.ts'
import { logOdds, parseModel } from '../src/waf/classifier/model.ts'
import { isProse } from '../src/waf/classifier/prose.ts'
import { honest } from '../tests/detection/honest.ts'
import { mutators } from '../tests/detection/mutants.ts'
import { payloads } from '../tests/detection/payloads.ts'
import { readSamples } from '../tools/train/values.ts'

const rounds = 7

export function benchClassifier(paths: readonly string[] = []): void {
  const model = parseModel(readFileSync(new URL('../rules/builtin/classifier.model', import.meta.url), 'latin1'))
  if (!model) throw new Error('the model of the builtin rules does not read')
  const values = [...new Set(paths.length > 0 ? readSamples(paths).flatMap(sample => sample.values) : ownValues())]
  const suspicious = values.filter(isSuspicious)
  const times = suspicious.map(() => Number.POSITIVE_INFINITY)
  let prose = 0
  for (let round = 0; round < rounds; round++) {
    prose = 0
    for (const [i, value] of suspicious.entries()) {
      const start = process.hrtime.bigint()
      const isSpared = isProse(value)
      if (!isSpared) logOdds(model, value)
      times[i] = Math.min(times[i] ?? 0, Number(process.hrtime.bigint() - start) / 1000)
      if (isSpared) prose++
    }
  }
  const sorted = Float64Array.from(times).sort()
  const mean = sorted.reduce((sum, us) => sum + us, 0) / sorted.length
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0
  console.log('\nclassifier (µs a suspicious value, the best of seven rounds each)')
  console.log(
    `  ${sorted.length} values, ${prose} of them prose: mean ${mean.toFixed(1)}  p99 ${p99.toFixed(1)}  most ${(sorted.at(-1) ?? 0).toFixed(1)}`,
  )
}

function ownValues(): string[] {
  const attacks = Object.entries(payloads).flatMap(([name, list]) =>
    mutators
      .filter(({ classes }) => classes === 'all' || classes.includes(name))
      .flatMap(({ apply }) => list.map(apply))
      .filter(variant => variant !== undefined),
  )
  return [...attacks, ...honest.flatMap(({ values }) => values)].map(utf8ToBytes)
}

if (import.meta.main) benchClassifier(process.argv.slice(2))
