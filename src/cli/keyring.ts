// merlon keyring rotate

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type AccountOptions, accountOptions, runAccounts } from './account-run.ts'
import { action } from './action.ts'
import { examples, print, printJson } from './output.ts'

interface RotateOptions extends AccountOptions {
  readonly newKey?: string
}

export function define(command: Command): void {
  const rotate = accountOptions(command.command('rotate').description('put all that is secret under a new master key'))
  rotate
    .option(
      '--new-key <place>',
      'where the new key is, when the config says where the old one is: env:NAME or file:PATH',
    )
    .action(action(rotateKey))
  examples(rotate, [
    ['merlon keyring rotate', 'make a new master.key; the gateway may run meanwhile'],
    ['merlon keyring rotate --new-key file:/run/secrets/new', 'then change store.key before the next start'],
  ])
}

async function rotateKey({ newKey, ...options }: RotateOptions): Promise<number> {
  // The gateway that does it may run in another folder.
  const place = newKey?.startsWith('file:') ? `file:${resolve(newKey.slice(5))}` : newKey
  await runAccounts(options, 'keyring/rotate', { newKey: place })
  if (options.json) printJson({ rotated: true })
  else if (place === undefined)
    print('master.key is a new one. Keep a copy of it apart from backups of the state folder.')
  else print(`Everything is under the new key: write store.key: "${place}" before the next start.`)
  return 0
}
