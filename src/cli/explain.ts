// merlon explain FILE|-: why one request is let pass or refused, by the defaults or by a config. Nothing is sent.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { zeroConfig } from '../config/zero.ts'
import { siteRules } from '../guards/waf/exclusions.ts'
import type { ExclusionOptions, WafOptions } from '../guards/waf/options.ts'
import { withLearned } from '../guards/waf/rich-text-watch.ts'
import { parseIp } from '../lib/ip.ts'
import { LearnedFields } from '../pipeline/learned.ts'
import type { Placements } from '../pipeline/placements.ts'
import { action } from './action.ts'
import { type ExclusionCost, exclusionCost } from './exclusion-cost.ts'
import { lookAtAccounts } from './explain-accounts.ts'
import { type GuardReport, runGuards } from './explain-guards.ts'
import { learnedOf, lookAtLearned } from './explain-learned.ts'
import { type ExplainReport, explainJson, explainText } from './explain-print.ts'
import { type ExplainedRequest, readExplained } from './explain-request.ts'
import { explainRules, type RulesReport } from './explain-rules.ts'
import { CommandFailure, examples, print, printJson, sayProblems } from './output.ts'
import { type RulesOptions, rulesOptions } from './rules.ts'

interface ExplainOptions extends Partial<RulesOptions> {
  readonly config?: string
  readonly client: string
  readonly cost?: readonly string[]
  readonly json?: true
}

export function define(command: Command): void {
  command.argument('<file>', 'raw HTTP request or one NDJSON row; - for stdin')
  command.option('-c, --config <file>', 'explain by the route of this config, in place of the defaults')
  rulesOptions(command)
    .option('--client <ip>', 'address that the request comes from', '192.0.2.2')
    .option('--cost <file...>', 'labelled requests (NDJSON): say which attacks the proposed exclusion would let in')
    .option('--json', 'print all of it as JSON')
    .action(action(explain))
  command.addHelpText('after', '\nExit codes: 0 it would be let pass, 1 it would be refused, 2 usage.')
  examples(command, [
    ['merlon explain request.txt', 'by the built-in rules'],
    ['merlon explain request.txt --rules crs --paranoia 2', 'by the Core Rule Set'],
    ['merlon explain request.txt -c merlon.yaml', 'by the route that would take it'],
    ['merlon explain request.txt --cost attacks.ndjson.gz', 'and what the exclusion that it proposes would let in'],
    ["printf 'GET /?q=%%3Cscript%%3E HTTP/1.1\\nHost: a\\n' | merlon explain -", 'from stdin'],
  ])
}

async function explain(file: string, options: ExplainOptions): Promise<number> {
  if (parseIp(options.client) === undefined) throw new CommandFailure(`--client ${options.client}: is no IP address`, 2)
  const given = readExplained(readInput(file))
  if (typeof given === 'string') throw new CommandFailure(`${file}: ${given}`)
  const config = chosenConfig(options)
  const known = await lookAtLearned(config)
  const learned = new LearnedFields()
  learned.use(known)
  const guards = await runGuards(config, given, options.client, await lookAtAccounts(config), learned)
  if (!guards.ok) {
    sayProblems(guards.problems)
    return 1
  }
  const request = guards.refused && !given.framing ? { ...given, framing: guards.refused } : given
  const rules = guards.guards.some(({ guard }) => guard === 'waf')
    ? rulesOf(config, guards.route, request, guards.inspectedBytes, guards.placements, learned)
    : undefined
  const cost =
    rules?.exclusions && options.cost ? costOf(config, guards.route, rules.exclusions, options.cost) : undefined
  const report: ExplainReport = {
    request,
    config: config.file,
    route: guards.route,
    guards: guards.guards,
    rules,
    learned: learnedOf(known, guards.route, given.method, given.target).map(field => ({
      ...field,
      isApplied: wafOptionsOf(config, guards.route)?.learnRichText.mode === 'apply',
    })),
    cost,
  }
  if (options.json) printJson(explainJson(report))
  else print(explainText(report))
  return request.framing || guards.guards.some(isRefused) ? 1 : 0
}

function isRefused({ verdict, mode }: GuardReport): boolean {
  return verdict !== undefined && verdict.kind !== 'flag' && mode === 'protect'
}

function readInput(file: string): Uint8Array {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    throw new CommandFailure(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function chosenConfig({ config, rules, paranoia }: ExplainOptions): Config {
  if (config !== undefined) {
    const loaded = loadConfig(config)
    if (loaded.ok) return loaded.config
    sayProblems(loaded.problems)
    throw new CommandFailure('the config is bad')
  }
  const made = zeroConfig({
    name: '(defaults)',
    dir: process.cwd(),
    upstream: 'http://127.0.0.1:1',
    listen: { host: '127.0.0.1', port: 0 },
    admin: undefined,
    mode: 'protect',
    stateDir: '.merlon',
    waf: { ...(rules && { rules }), ...(paranoia !== undefined && { paranoia }) },
  })
  if (made.ok) return made.config
  sayProblems(made.problems)
  throw new CommandFailure('the defaults can’t be used')
}

/** The engine's own words, by the options that the waf guard has on the route. */
function rulesOf(
  config: Config,
  routeName: string,
  request: ExplainedRequest,
  inspected: number,
  contract: Placements | undefined,
  learned: LearnedFields,
): RulesReport | undefined {
  const options = wafOptionsOf(config, routeName)
  if (!options) return undefined
  const { rules, paranoia, threshold, preset } = options
  const fields = learned.of(routeName, request.method, request.target.split('?', 1)[0] ?? '')
  const from = { stateDir: config.store.state, from: config.dir, settings: siteRules(options) }
  const result = explainRules(
    { rules, paranoia, threshold, preset, ...from },
    request,
    request.body.subarray(0, inspected),
    placementsBy(options, contract, fields),
  )
  if (result.ok) return result.report
  sayProblems(result.problems)
  throw new CommandFailure('the rules can’t be loaded')
}

/** As the guard does. */
function placementsBy(
  { contract, learnRichText }: WafOptions,
  byContract: Placements | undefined,
  learned: ReadonlySet<string> | undefined,
): Placements | undefined {
  const known = contract ? byContract : undefined
  return learned && learnRichText.mode === 'apply' ? withLearned(learned, known) : known
}

function wafOptionsOf(config: Config, routeName: string): WafOptions | undefined {
  return config.routes.find(route => route.name === routeName)?.guards['waf']?.options as WafOptions | undefined
}

function costOf(
  config: Config,
  routeName: string,
  proposed: readonly ExclusionOptions[],
  files: readonly string[],
): ExclusionCost | undefined {
  const options = wafOptionsOf(config, routeName)
  if (!options) return undefined
  const { rules, paranoia, threshold, preset } = options
  const words = rules.map(rule => (rule === 'builtin' || rule === 'crs' ? rule : resolve(config.dir, rule)))
  const excluded = [...new Set(proposed.map(({ rule }) => rule))]
  return exclusionCost({ rules: words, paranoia, threshold, preset, stateDir: config.store.state }, excluded, files)
}
