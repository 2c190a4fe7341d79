// merlon events query | tail

import { type Command, Option } from 'commander'
import { action } from './action.ts'
import { examples } from './output.ts'
import { stateOptions } from './state.ts'

export function define(command: Command): void {
  const query = filterOptions(stateOptions(command.command('query').description('find events, the newest first')))
  query
    .option('--limit <n>', 'events at the most', '50')
    .option('--json', 'print each event as a line of JSON (ECS fields)')
    .option('--exclusions', 'print exclusions for guards.waf that would have let these requests pass, untried')
    .action(action(async options => (await import('./events-query.ts')).query(options)))
  examples(query, [
    ['merlon events query --reference 01J…', 'why the request with this reference was refused'],
    ['merlon events query --reference 01J… --exclusions', 'what to put into the config if it was a false positive'],
    ['merlon events query --since 1h --action deny', 'what was refused in the last hour'],
    ['merlon events query --client 192.0.2.7 --json', 'all about one address, for a program'],
  ])

  const tail = filterOptions(
    stateOptions(command.command('tail').description('print events as they come, until Ctrl-C')),
  )
  tail
    .option('--last <n>', 'start with the last events that are there', '10')
    .option('--json', 'print each event as a line of JSON (ECS fields)')
    .action(action(async options => (await import('./events-tail.ts')).tail(options)))
  examples(tail, [
    ['merlon events tail', 'watch what is refused'],
    ['merlon events tail --json | jq .merlon.findings', 'with the findings'],
  ])
}

function filterOptions(command: Command): Command {
  return command
    .option('--reference <r>', 'the request with this reference (x-request-id)')
    .option('--since <time>', 'not older than a duration (1h, 2d) or a date')
    .option('--client <ip>', 'of this client address')
    .option('--guard <name>', 'of this guard')
    .addOption(
      new Option('--action <action>', 'with this action').choices(['deny', 'would-deny', 'answer', 'fail', 'allow']),
    )
}
