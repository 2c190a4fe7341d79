// merlon protect UPSTREAM: a gateway without a config file, every guard on with its defaults.

import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Address } from '../config/config.ts'
import { formatAddress, originProblem, parseAddress } from '../config/fields.ts'
import { zeroConfig } from '../config/zero.ts'
import type { Mode } from '../pipeline/verdict.ts'
import { action } from './action.ts'
import { examples, printJson, say, sayProblems } from './output.ts'

interface ProtectOptions {
  readonly listen: Address
  readonly admin?: Address
  readonly mode: Mode
  readonly state: string
  readonly openapi?: string
  readonly json?: true
}

export function define(command: Command): void {
  command
    .argument('<upstream>', 'the application: http://127.0.0.1:3000', parseUpstream)
    .addOption(
      new Option('-l, --listen <address>', 'where clients connect')
        .argParser(parseListen)
        .default(parseListen('127.0.0.1:8080'), '127.0.0.1:8080'),
    )
    .addOption(
      new Option('-m, --mode <mode>', 'protect refuses attacks, monitor only records them')
        .choices(['protect', 'monitor', 'off'])
        .default('protect'),
    )
    .option(
      '--admin <address>',
      'health and metrics over HTTP (default: on the socket in the state folder only)',
      parseListen,
    )
    .option('--openapi <file>', 'OpenAPI document (3.0 or 3.1) of the application: the rules go by it')
    .option('--state <dir>', 'folder for events and the admin socket', '.merlon')
    .option('--json', 'print {"ready","listening","admin","state"} as one line of JSON when it serves')
    .action(action(protect))
  examples(command, [
    ['merlon protect http://127.0.0.1:3000', 'serve it on 127.0.0.1:8080'],
    ['merlon protect http://10.0.0.5:80 -l :80', 'on every address of this machine'],
    ['merlon protect http://127.0.0.1:3000 --openapi openapi.yaml', 'and go by its contract'],
    ['merlon protect http://127.0.0.1:3000 -m monitor', 'look before you refuse anything'],
    ['merlon events tail', 'see what it refuses'],
  ])
}

function parseUpstream(text: string): string {
  const problem = originProblem(text)
  if (problem) throw new InvalidArgumentError(`It ${problem}.`)
  return text
}

function parseListen(text: string): Address {
  const address = parseAddress(text)
  if (address) return address
  throw new InvalidArgumentError('Write 127.0.0.1:8080, or :8080 for every address of the machine.')
}

async function protect(upstream: string, options: ProtectOptions): Promise<number> {
  const { listen, admin, mode, state, openapi } = options
  const made = zeroConfig({
    name: '(protect)',
    dir: process.cwd(),
    upstream,
    listen,
    admin,
    mode,
    stateDir: state,
    openapi,
  })
  if (!made.ok) {
    sayProblems(made.problems)
    return 1
  }
  const { serve } = await import('./serve.ts')
  return serve({
    config: made.config,
    onReady: gateway => {
      const listening = gateway.listening.map(address => `http://${formatAddress(address)}`)
      const adminUrl = gateway.admin && `http://${formatAddress(gateway.admin)}`
      if (options.json) printJson({ ready: true, listening, admin: adminUrl, state: made.config.store.state })
      say(`${listening.join(', ')} → ${upstream} in mode ${mode}`)
      say(`what it refuses: merlon events tail --state ${state}`)
    },
  })
}
