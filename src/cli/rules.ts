// merlon rules list | lint | convert | test

import { type Command, InvalidArgumentError, Option } from 'commander'
import { action } from './action.ts'
import { examples } from './output.ts'

export function define(command: Command): void {
  const list = command.command('list').description('print the rules of a rule set, in the order in which they run')
  rulesOptions(list)
    .option('--json', 'print each rule as a line of JSON')
    .option('--cost', 'run requests and print what each rule costs, in microseconds, the dearest first')
    .option('--requests <file>', 'the requests for --cost, as lines of JSON like those of `merlon inspect`')
    .option('--top <n>', 'how many rules --cost prints', parseCount, 30)
    .action(
      action(async ({ cost, ...options }) =>
        cost
          ? (await import('./rules-cost.ts')).printRuleCost(options)
          : (await import('./rules-list.ts')).listRules(options),
      ),
    )
  examples(list, [
    ['merlon rules list', 'the built-in rules'],
    ['merlon rules list --rules crs --paranoia 2', 'the Core Rule Set up to paranoia level 2'],
    ['merlon rules list --cost --rules crs', 'its dearest rules, on sample requests'],
    ['merlon rules list --cost --requests mine.ndjson', 'the same on your own requests'],
  ])

  const lint = command.command('lint').description('load rules and print all that is wrong with them')
  lint
    .argument('<path...>', '.conf files, folders of .conf files, CRS folders, `builtin` or `crs`')
    .option('--json', 'print {"ok","problems"} as JSON')
    .action(action(async (paths, options) => (await import('./rules-lint.ts')).lintRules(paths, options)))
  examples(lint, [
    ['merlon rules lint my-rules.conf', 'exit 1 when it does not load'],
    ['merlon rules lint --json rules/ | jq .problems', 'for an editor'],
  ])

  const convert = command.command('convert').description('make merlon.yaml of a set-up of ModSecurity, nginx or Apache')
  convert
    .argument('<path>', 'modsecurity.conf, nginx.conf, an Apache configuration, or a folder that holds one')
    .option('-o, --out <dir>', 'folder to write merlon.yaml and rule files to', '.')
    .option('-u, --upstream <url>', 'the application, where the set-up does not name it', 'http://127.0.0.1:3000')
    .option('--json', 'print {"kind","files","notes","problems"} as JSON')
    .action(action(async (path, options) => (await import('./rules-convert.ts')).convertRules(path, options)))
  examples(convert, [
    ['merlon rules convert /etc/nginx/nginx.conf -o merlon', 'servers, upstreams, rules; prints what has no equal'],
    ['merlon rules convert /etc/modsecurity/modsecurity.conf', 'rules alone'],
  ])

  const test = command.command('test').description('run regression tests (go-ftw YAML) against a rule set')
  test
    .argument('<path...>', 'test files or folders of them')
    .requiredOption('--rules <set...>', '`builtin`, `crs`, a file or a folder')
    .option('--overrides <file>', 'platform overrides of go-ftw: tests to ignore, or that must pass or fail')
    .option(
      '--live [url]',
      'over sockets: to a gateway of our own, or to the one at this URL (same rules, detection only)',
    )
    .option('--audit-log <file>', 'audit log of the gateway at the URL: guards.waf.audit with transactions: all')
    .option('--only <regex>', 'only the tests whose id matches', parseRegex)
    .option('--verbose', 'also say why tests are skipped')
    .option('--json', 'print each result as a line of JSON')
    .action(action(async (paths, options) => (await import('./rules-test.ts')).testRules(paths, options)))
  examples(test, [
    ['merlon rules test tests/regression --rules crs', 'the tests of the Core Rule Set, in the engine'],
    ['merlon rules test tests/regression --rules crs --live', 'the same over sockets, through a whole gateway'],
    ['merlon rules test my-tests.yaml --rules my-rules.conf', 'tests of your own rules'],
  ])
}

export interface RulesOptions {
  readonly rules: readonly string[]
  readonly paranoia?: number
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write a number from 1 to 99999.')
}

function parseRegex(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch {
    throw new InvalidArgumentError('Write a regular expression.')
  }
}

/** `--rules` and `--paranoia`, as every command has them that loads rules. */
export function rulesOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--rules <set...>', '`builtin`, `crs` (the installed Core Rule Set), a file or a folder').default(
        ['builtin'],
        'builtin',
      ),
    )
    .option('--paranoia <n>', 'paranoia level, 1 to 4 (default: what the rules say, or 1)', parseParanoia)
}

function parseParanoia(text: string): number {
  if (/^[1-4]$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write a number from 1 to 4.')
}
