// merlon run: the gateway that a config file describes.

import type { Command } from 'commander'
import { formatAddress } from '../config/fields.ts'
import { loadConfig } from '../config/load.ts'
import { action } from './action.ts'
import { examples, printJson, say, sayProblems } from './output.ts'

interface RunOptions {
  readonly config: string
  readonly json?: true
}

export function define(command: Command): void {
  command
    .option('-c, --config <file>', 'config to run', 'merlon.yaml')
    .option('--json', 'print {"ready","listening","admin"} as one line of JSON when it serves')
    .action(action(run))
  command.addHelpText(
    'after',
    `
A change of the file and SIGHUP reload it; a bad file is reported and the config before it goes on.
SIGTERM and Ctrl-C let running requests end first.`,
  )
  examples(command, [
    ['merlon run', 'run ./merlon.yaml'],
    ['merlon run -c /etc/merlon/merlon.yaml', 'another file'],
  ])
}

async function run({ config: file, json }: RunOptions): Promise<number> {
  const loaded = loadConfig(file)
  sayProblems(loaded.ok ? loaded.warnings : loaded.problems)
  if (!loaded.ok) return 1
  const { serve } = await import('./serve.ts')
  return serve({
    config: loaded.config,
    file,
    onReady: ({ listening, admin }) => {
      const urls = listening.map(
        (address, i) => `${loaded.config.listen[i]?.protocol ?? 'http'}://${formatAddress(address)}`,
      )
      if (json) printJson({ ready: true, listening: urls, admin: admin && `http://${formatAddress(admin)}` })
      say(`serving ${file} in mode ${loaded.config.mode} on ${urls.join(', ')}`)
    },
  })
}
