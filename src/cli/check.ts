// merlon check: reads the config and builds the whole gateway from it, rules compiled, without listening. Prints all
// problems, one a line, as `file:line:col path: message`.

import type { Command } from 'commander'
import { buildGateway } from '../build.ts'
import { readCredentials } from '../certificates/keeper.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem, type Problem } from '../lib/problem.ts'
import { action } from './action.ts'
import { examples, print, printJson } from './output.ts'

interface CheckOptions {
  readonly config: string
  readonly json?: true
}

export function define(command: Command): void {
  command
    .option('-c, --config <file>', 'config to check', 'merlon.yaml')
    .option('--json', 'print {"ok","problems"} as JSON')
    .action(action(check))
  examples(command, [
    ['merlon check', 'check ./merlon.yaml; exit 1 when it is bad'],
    ['merlon check -c new.yaml && merlon reload', 'never reload what does not load'],
  ])
}

async function check({ config: file, json }: CheckOptions): Promise<number> {
  const loaded = loadConfig(file)
  const problems = loaded.ok ? [...loaded.warnings, ...(await buildProblems(loaded.config))] : loaded.problems
  const ok = problems.every(problem => problem.severity === 'warning')
  if (json) printJson({ ok, problems })
  else {
    for (const problem of problems) print(formatProblem(problem))
    if (ok && loaded.ok) print(summary(file, loaded.config))
  }
  return ok ? 0 : 1
}

async function buildProblems(config: Config): Promise<readonly Problem[]> {
  const allowed = { allowed: true, remaining: 1, resetMs: 0, retryAfterMs: 0 }
  const read = readCredentials(config, Date.now(), { writes: false })
  const bad = read.ok ? [] : read.problems
  const built = buildGateway(config, { counters: { take: () => allowed }, now: Date.now })
  if (!built.ok) return [...bad, ...built.problems]
  await built.gateway.close(0)
  return [...bad, ...built.gateway.warnings]
}

function summary(file: string, { routes, upstreams, listen }: Config): string {
  const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
  const upstreamCount = Object.keys(upstreams).length
  return `${file} is good: ${count(listen.length, 'listener')}, ${count(upstreamCount, 'upstream')}, ${count(routes.length, 'route')}`
}
