// merlon keys create | import | list | show | rotate | revoke | scan

import type { Command } from 'commander'
import type { ApiKey, IssuedKey } from '../accounts/api-keys.ts'
import { type AccountOptions, accountOptions, collect, columns, runAccounts, when } from './account-run.ts'
import { action } from './action.ts'
import { importKeys } from './keys-import.ts'
import { type ScanOptions, scanKeys } from './keys-scan.ts'
import { examples, print, printJson } from './output.ts'

interface CreateOptions extends AccountOptions {
  readonly name: string
  readonly env: string
  readonly owner?: string
  readonly scope?: readonly string[]
  readonly expires?: string
  readonly ip?: readonly string[]
  readonly quota?: string
  readonly canary?: true
}

export function define(command: Command): void {
  const create = accountOptions(command.command('create').description('make an API key; it is shown once'))
  create
    .requiredOption('--name <name>', 'what it is for, for people')
    .option('--owner <owner>', 'who answers for it')
    .option('--env <env>', 'stands in the key: mk_ENV_…', 'live')
    .option('--scope <scope>', 'a scope it has; again for more', collect)
    .option('--expires <duration>', 'how long it works: 90d (for ever unless given)')
    .option('--ip <network>', 'where it may be used from: 10.0.0.0/8; again for more', collect)
    .option('--quota <quota>', 'what it may use in a calendar period: 1000/hour, 1000/day, 1000/month')
    .option('--canary', 'a bait: it opens nothing, and whoever tries it raises an incident')
    .action(action(createKey))
  examples(create, [
    [
      'merlon keys create --name reports --owner data@example.com --scope read --expires 90d',
      'print the key and its id',
    ],
    ['merlon keys create --name cron --ip 10.0.0.0/8 --json', 'as {"keyId","key"}'],
    ['merlon keys create --name bait-in-the-wiki --canary', 'a key that tells when somebody steals it'],
  ])

  const take = accountOptions(
    command.command('import').description('take over keys that another system gave out, by their SHA-256'),
  )
  take
    .argument(
      '<file>',
      'a JSON object in each line, or CSV with a header: sha256, name, owner, scopes, expires, ranges, quota',
    )
    .option('--dry-run', 'check the file against what is known, and import nothing')
    .action(action(importKeys))
  examples(take, [['merlon keys import old-keys.ndjson', 'all of them, or none when a line is wrong']])

  accountOptions(command.command('list').description('print all keys, by their first letters')).action(action(listKeys))

  accountOptions(command.command('show').description('print what is known of a key'))
    .argument('<keyId>')
    .action(action(showKey))

  const rotate = accountOptions(command.command('rotate').description('replace the secret of a key'))
  rotate
    .argument('<keyId>')
    .option('--overlap <duration>', 'how long the old secret still works (at most 30d)', '0s')
    .action(action(rotateKey))
  examples(rotate, [['merlon keys rotate key_… --overlap 1d', 'a day to change it everywhere']])

  defineScan(command.command('scan'))

  accountOptions(command.command('revoke').description('refuse a key on every worker, from now on and for good'))
    .argument('<keyId>')
    .action(action(revokeKey))
}

/** Not of a gateway, but of files: no state folder is asked. */
function defineScan(command: Command): void {
  command
    .description('find keys of ours and common secrets in files')
    .argument('<path...>', 'files and folders')
    .option(
      '--exclude <name>',
      'a file or folder name to leave out; again for more (.git and node_modules always)',
      collect,
    )
    .option('--jwt', 'report JWTs too: most of them have expired')
    .option('--json', 'print the result as one line of JSON')
    .action(action(async (paths: readonly string[], options: ScanOptions) => scanKeys(paths, options)))
  command.addHelpText('after', '\nExit codes: 0 nothing found, 1 something found or not all looked at, 2 usage.')
  examples(command, [['merlon keys scan .', 'each as file:line:column, what it is, and its first letters']])
}

async function createKey(given: CreateOptions): Promise<number> {
  const { name, env, owner, scope, expires, ip, canary, quota, ...options } = given
  const input = { name, env, owner, scopes: scope, expiresIn: expires, networks: ip, canary, quota }
  return printSecret(await runAccounts(options, 'keys/create', input), options)
}

async function rotateKey(keyId: string, options: AccountOptions & { overlap: string }): Promise<number> {
  return printSecret(await runAccounts(options, 'keys/rotate', { keyId, overlap: options.overlap }), options)
}

async function listKeys(options: AccountOptions): Promise<number> {
  const { keys } = await runAccounts<{ keys: readonly ApiKey[] }>(options, 'keys/list', {})
  if (options.json) printJson(keys)
  else print(columns([['id', 'key', 'name', 'owner', 'scopes', 'expires', 'last used', 'revoked'], ...keys.map(rowOf)]))
  return 0
}

async function showKey(keyId: string, options: AccountOptions): Promise<number> {
  return printKey(await runAccounts(options, 'keys/show', { keyId }), options)
}

async function revokeKey(keyId: string, options: AccountOptions): Promise<number> {
  return printKey(await runAccounts(options, 'keys/revoke', { keyId }), options)
}

function printSecret({ keyId, key }: IssuedKey, { json }: AccountOptions): number {
  if (json) printJson({ keyId, key })
  else print(`id   ${keyId}\nkey  ${key}\nThe key is not shown again.`)
  return 0
}

function printKey(key: ApiKey, { json }: AccountOptions): number {
  if (json) printJson(key)
  else {
    print(
      columns([
        ['id', key.keyId],
        ['key', key.hint],
        ['name', key.name],
        ['owner', key.owner],
        ['canary', key.canary ? 'yes: it opens nothing, and its use is an incident' : 'no'],
        ['scopes', key.scopes.join(' ')],
        ['from', key.networks.join(' ') || 'everywhere'],
        ['quota', key.quota ? `${key.quota.limit}/${key.quota.per}` : 'none'],
        ['made', when(key.createdAtMs)],
        ['rotated', when(key.rotatedAtMs)],
        ['expires', when(key.expiresAtMs) || 'never'],
        ['last used', when(key.lastUsedAtMs) || 'never'],
        ['revoked', when(key.revokedAtMs)],
      ]),
    )
  }
  return 0
}

function rowOf({ keyId, hint, name, owner, scopes, canary, expiresAtMs, lastUsedAtMs, revokedAtMs }: ApiKey): string[] {
  return [
    keyId,
    hint,
    canary ? `${name} (canary)` : name,
    owner,
    scopes.join(' '),
    when(expiresAtMs) || 'never',
    when(lastUsedAtMs) || 'never',
    when(revokedAtMs),
  ]
}
