// merlon authz explain | diff | unused | schema

import { type Command, InvalidArgumentError } from 'commander'
import { parseIp } from '../lib/ip.ts'
import { collect } from './account-run.ts'
import { action } from './action.ts'
import { examples } from './output.ts'

export function define(command: Command): void {
  const explain = command
    .command('explain')
    .description('say whether a principal may do something, and which policy decides')
  configOption(explain)
    .argument('<method>', 'GET, POST …')
    .argument('<path>', 'path with its query, as it stands in the request: /orders/4?full=1')
    .option('--user <id>', 'a user of the authorization server asks (nobody unless one of the three is given)')
    .option('--client <id>', 'an OAuth client asks, for itself')
    .option('--key <id>', 'an API key asks, by its id')
    .option('--role <role>', 'a role that it has; again for more', collect)
    .option('--group <group>', 'a group that it is in; again for more', collect)
    .option('--scope <scope>', 'a scope that it has; again for more', collect)
    .option('--issuer <issuer>', 'who vouches for it, when it is another issuer than the gateway itself')
    .option('--acr <acr>', 'how it was authenticated')
    .option('--ip <address>', 'address that the request comes from', parseAddress, '192.0.2.1')
    .option('--host <host>', 'host of the request, where routes differ by it', '')
    .option('--time <time>', 'when: 2026-01-31T09:00:00Z (now unless given)', parseTime)
    .option('--body <json>', 'JSON body of the request')
    .option('--mtls', 'with a good client certificate')
    .option('--score <points>', 'points that other guards gave', parsePoints, 0)
    .option('--json', 'print the decision as one line of JSON')
    .action(
      action(async (method, path, options) => (await import('./authz-explain.ts')).explain(method, path, options)),
    )
  explain.addHelpText('after', '\nExit codes: 0 it may, 1 it may not, 2 usage.')
  examples(explain, [
    ['merlon authz explain GET /orders/4 --user 2 --role buyer', 'which policy permits or forbids it'],
    [
      'merlon authz explain POST /orders --client shop --scope buy --body \'{"amount":5}\'',
      'policies that look at the body',
    ],
    ['merlon authz explain GET /admin/stats', 'what nobody in particular may do'],
  ])

  const diff = command.command('diff').description('say who gains and who loses what between two sets of policies')
  configOption(diff)
    .argument('<old>', 'policies as they are: a file, a folder, or a merlon.yaml with routes of its own')
    .argument('<new>', 'policies as they shall be')
    .option('--json', 'print {"changes","principals","operations"} as JSON')
    .action(action(async (before, after, options) => (await import('./authz-diff.ts')).diff(before, after, options)))
  diff.addHelpText(
    'after',
    `
Every role, group, scope and principal that either set names is put to every operation of the routes; what depends on
the request counts as "sometimes". So the list is complete for these, and knows nothing of what no policy names.

Exit codes: 0 nobody gains or loses anything, 1 somebody does, 2 usage.`,
  )
  examples(diff, [
    ['merlon authz diff policies/ new-policies/', 'before new policies go live'],
    ['merlon authz diff merlon.yaml new.yaml --json | jq .changes', 'two configs, for a pipeline'],
  ])

  const unused = command.command('unused').description('say which scopes, roles, keys and policies nobody has needed')
  configOption(unused)
    .option('--json', 'print {"sinceMs","holders","policies"} as JSON')
    .action(action(async options => (await import('./authz-unused.ts')).unused(options)))
  unused.addHelpText(
    'after',
    `
The gateway keeps what its policies have permitted to whom. A scope, role or group is of use when a policy that names it
has permitted something to whoever has it, or a route that asks for the scope was used. Look again after a month: what is
needed once a quarter is needed.

Exit codes: 0 everything was of use, 1 something was not, 2 usage.`,
  )
  examples(unused, [
    ['merlon authz unused', 'what each client, key and user could do without'],
    ['merlon authz unused --json | jq ".holders[] | select(.isUnused)"', 'what could be revoked'],
  ])

  const schema = command.command('schema').description('print the Cedar schema that policies are validated against')
  configOption(schema)
    .option('--json', 'print it in the JSON form of Cedar schemas')
    .action(action(async options => (await import('./authz-schema.ts')).printSchema(options)))
  examples(schema, [
    ['merlon authz schema > merlon.cedarschema', 'for an editor that knows Cedar'],
    ['merlon authz schema | less', 'what policies can ask of principal, resource and context'],
  ])
}

function configOption(command: Command): Command {
  return command.option('-c, --config <file>', 'config with the routes', 'merlon.yaml')
}

function parseAddress(text: string): string {
  if (parseIp(text) !== undefined) return text
  throw new InvalidArgumentError('Write an IP address.')
}

function parseTime(text: string): number {
  const ms = Date.parse(text)
  if (Number.isFinite(ms)) return ms
  throw new InvalidArgumentError('Write a time as 2026-01-31T09:00:00Z.')
}

function parsePoints(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Write a whole number.')
}
