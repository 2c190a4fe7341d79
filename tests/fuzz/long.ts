// Fuzzes for as long as one likes: sh tools/with-node.sh tests/fuzz/long.ts --minutes 10 [--target regex]
// The targets take turns. An input that fails is made small, kept under seeds/ and printed; the run goes on, and ends
// with 1. Memory is watched: what is in use after the garbage is collected must not go on growing.

import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { writeSeed } from './seeds.ts'
import { targets } from './targets.ts'

const turnMs = 10_000
const MiB = 1024 * 1024
/** Caches fill at first; more than this over the second half of a run is a leak. */
const maxGrowth = 32 * MiB

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, target: { type: 'string' } } })
const chosen = targets.filter(target => values.target === undefined || target.name === values.target)
if (chosen.length === 0) {
  console.error(`no target ${values.target}; there are: ${targets.map(target => target.name).join(', ')}`)
  process.exit(2)
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const beganAt = Date.now()
const totalMs = Number(values.minutes) * 60_000
const runs = new Map<string, number>()
let failures = 0
let halfway: number | undefined
for (let turn = 0; Date.now() - beganAt < totalMs; turn++) {
  const target = chosen[turn % chosen.length]
  if (target === undefined) break
  const seed = (beganAt + turn) | 0
  const result = target.explore({ runs: Number.MAX_SAFE_INTEGER, ms: Math.min(turnMs, totalMs), seed })
  runs.set(target.name, (runs.get(target.name) ?? 0) + result.runs)
  if (result.failure !== undefined) {
    failures++
    const file = writeSeed({ target: target.name, input: result.failure.input })
    console.log(`FAIL ${target.name} (seeds/${file}): ${result.failure.error.slice(0, 500)}`)
  }
  if (halfway === undefined && Date.now() - beganAt > totalMs / 2) halfway = usedBytes()
}

const grown = usedBytes() - (halfway ?? usedBytes())
for (const [name, count] of runs) console.log(`${name.padEnd(22)} ${count} inputs`)
console.log(`${failures} failed; memory in the second half: ${(grown / MiB).toFixed(1)} MiB more`)
process.exit(failures > 0 || grown > maxGrowth ? 1 : 0)

function usedBytes(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
