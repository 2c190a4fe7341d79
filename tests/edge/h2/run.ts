// Attacks over HTTP/2 against the gateway, with its default settings but for timeouts that are shortened so that the run
// ends today. Attackers and good clients are processes of their own. Quiet and attacked stretches follow each other in
// turns, so that what else the machine does weighs on both: p99 of the good clients stays below twice the quiet one (in
// the median of all pairs of stretches, or 10 ms more where that is less than the clock of a busy machine can tell), none of their requests fails, memory stays bounded, and attackers are cut by the limit that is meant for them.

import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { type Product, startProduct } from '../product.ts'
import type { AttackReport } from './attacker.ts'
import { type Attack, attacks } from './attacks.ts'
import type { Measured, MeasureOrder } from './good-clients.ts'

const rounds = 7
const quietSeconds = 2
const attackSeconds = 3
/** What each thread of the gateway may hold: the collector of a heap without a bound has no reason to work. */
const heapMiB = 128
const megabyte = 1024 * 1024
const growthMaxBytes = 150 * megabyte
/** What the clocks and the scheduler of a busy machine can't tell apart. */
const noiseMs = 10

/** What is wrong, one line each. @param only Names of attacks; all of them unless given. */
export async function attackHttp2(print: (line: string) => void, only: readonly string[] = []): Promise<string[]> {
  const product = await startProduct(
    ([port]) => [{ http: `127.0.0.1:${port}`, http2: true }],
    ([, port]) => ({
      limits: {
        headerTimeout: '2s',
        bodyRateGrace: '2s',
        responseIdleTimeout: '2s',
        responseRateGrace: '2s',
        keepAliveTimeout: '3s',
      },
      admin: { listen: `127.0.0.1:${port}` },
    }),
    heapMiB,
  )
  const [port = 0] = product.ports
  const good = fork(join(import.meta.dirname, 'good-clients.ts'), [String(port)])
  const bad: string[] = []
  print(
    `${'attack'.padEnd(20)} ${'limit'.padEnd(20)} p50 ms quiet→attacked  p99 ms quiet→attacked  failed  RSS MiB    CPU %    cut`,
  )
  try {
    await warmUp(port, good)
    for (const attack of attacks) {
      if (only.length > 0 && !only.includes(attack.name)) continue
      bad.push(...(await attackInTurns(attack, product, good, print)))
    }
  } finally {
    good.disconnect()
    await product.close()
  }
  return bad
}

/** Code is compiled and heaps have grown before anything is measured. */
async function warmUp(port: number, good: ChildProcess): Promise<void> {
  const attacker = fork(join(import.meta.dirname, 'attacker.ts'), ['rapid reset', String(port), '255'])
  await measure(good, 10)
  await stop(attacker)
}

async function attackInTurns(
  attack: Attack,
  product: Product,
  good: ChildProcess,
  print: (line: string) => void,
): Promise<string[]> {
  const [port = 0] = product.ports
  const quiet: Measured[] = []
  const attacked: Measured[] = []
  const reports: AttackReport[] = []
  const cpu = { quiet: 0, attacked: 0 }
  const rssBefore = product.rss()
  let rssMost = 0
  for (let round = 0; round < rounds; round++) {
    const startS = product.cpuSeconds()
    quiet.push(await measure(good, quietSeconds))
    cpu.quiet += product.cpuSeconds() - startS
    // Each round has attackers of other addresses: those of the one before are not let in any more.
    const network = 10 * attacks.indexOf(attack) + round
    const attacker = fork(join(import.meta.dirname, 'attacker.ts'), [attack.name, String(port), String(network)])
    await new Promise(resolve => setTimeout(resolve, 1000)) // it starts
    const attackedS = product.cpuSeconds()
    attacked.push(await measure(good, attackSeconds))
    cpu.attacked += product.cpuSeconds() - attackedS
    rssMost = Math.max(rssMost, product.rss())
    reports.push(await stop(attacker))
    await new Promise(resolve => setTimeout(resolve, 500)) // what it leaves is cleared
  }
  return judge(attack, { quiet, attacked, cpu, rssBefore, rssMost, reports, print })
}

interface Outcome {
  readonly quiet: readonly Measured[]
  readonly attacked: readonly Measured[]
  readonly cpu: { readonly quiet: number; readonly attacked: number }
  readonly rssBefore: number
  readonly rssMost: number
  readonly reports: readonly AttackReport[]
  readonly print: (line: string) => void
}

/** p99 of each attacked stretch by that of the quiet one before it; the median, for a neighbour's job may fall into one. */
function slowdown(quiet: readonly Measured[], attacked: readonly Measured[]): number {
  const ratios = attacked.map((during, i) => {
    const before = at(pool(quiet.slice(i, i + 1)), 0.99)
    const late = at(pool([during]), 0.99)
    return late - before < noiseMs ? Math.min(late / before, 1) : late / before
  })
  return ratios.toSorted((a, b) => a - b)[ratios.length >> 1] ?? Infinity
}

function judge(attack: Attack, outcome: Outcome): string[] {
  const { cpu, rssBefore, rssMost, reports, print } = outcome
  const bad: string[] = []
  const quiet = pool(outcome.quiet)
  const attacked = pool(outcome.attacked)
  const slower = slowdown(outcome.quiet, outcome.attacked)
  const total = (key: keyof AttackReport) => reports.reduce((sum, report) => sum + report[key], 0)
  const pair = (share: number) => `${at(quiet, share).toFixed(1)} → ${at(attacked, share).toFixed(1)}`
  const percent = (seconds: number, of: number) => Math.round((100 * seconds) / (rounds * of))
  print(
    [
      attack.name.padEnd(20),
      attack.limit.padEnd(20),
      pair(0.5).padStart(21),
      `${pair(0.99)} (×${slower.toFixed(2)})`.padStart(22),
      `${attacked.failed}/${attacked.times.length + attacked.failed}`.padStart(7),
      `${mib(rssBefore)} → ${mib(rssMost)}`.padStart(10),
      `${percent(cpu.quiet, quietSeconds)} → ${percent(cpu.attacked, attackSeconds)}`.padStart(8),
      `${total('closed')} of ${total('opened')} closed, ${total('goaways')} GOAWAY, ${total('resets')} resets, ` +
        `${total('answers')} answers, ${(total('sentBytes') / megabyte).toFixed(1)} MiB sent`,
    ].join('  '),
  )
  const { name } = attack
  if (quiet.failed + attacked.failed > 0) bad.push(`${name}: ${quiet.failed + attacked.failed} good requests failed`)
  if (slower >= 2) bad.push(`${name}: p99 ${pair(0.99)} ms, ×${slower.toFixed(2)} in the median of ${rounds} rounds`)
  if (rssMost - rssBefore > growthMaxBytes) bad.push(`${name}: memory ${mib(rssBefore)} → ${mib(rssMost)} MiB`)
  if (attack.cut === 'connection' ? total('closed') === 0 : total('resets') + total('closed') === 0)
    bad.push(`${name}: nobody was cut`)
  return bad
}

function measure(good: ChildProcess, seconds: number): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the good clients ended'))
    good.once('exit', ended)
    good.once('message', message => {
      good.off('exit', ended)
      resolve(message as Measured)
    })
    good.send({ seconds } satisfies MeasureOrder)
  })
}

function stop(attacker: ChildProcess): Promise<AttackReport> {
  return new Promise((resolve, reject) => {
    attacker.once('message', message => resolve(message as AttackReport))
    attacker.once('exit', () => reject(new Error('the attacker ended early')))
    attacker.send('stop')
  })
}

function pool(parts: readonly Measured[]): Measured {
  const times = parts.flatMap(part => part.times).toSorted((a, b) => a - b)
  return { times, failed: parts.reduce((sum, part) => sum + part.failed, 0) }
}

function at({ times }: Measured, share: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Infinity
}

function mib(bytes: number): string {
  return String(Math.round(bytes / megabyte))
}
