// merlon clients create | list | show | rotate | revoke

import type { Command } from 'commander'
import type { Client, CreatedClient } from '../accounts/clients.ts'
import { type AccountOptions, accountOptions, collect, columns, runAccounts, when } from './account-run.ts'
import { action } from './action.ts'
import { examples, print, printJson } from './output.ts'

interface CreateOptions extends AccountOptions {
  readonly name: string
  readonly grant: readonly string[]
  readonly scope?: readonly string[]
  readonly introspect?: true
  readonly redirectUri?: readonly string[]
  readonly public?: true
  readonly trusted?: true
}

export function define(command: Command): void {
  const create = accountOptions(command.command('create').description('make a client; its secret is shown once'))
  create
    .requiredOption('--name <name>', 'who it is, for people')
    .requiredOption(
      '--grant <grant>',
      'client_credentials, authorization_code, refresh_token or device_code; again for more',
      collect,
    )
    .option('--redirect-uri <url>', 'where users are sent back to, letter by letter; again for more', collect)
    .option('--public', 'it can keep no secret: it runs in a browser or on a device of its user')
    .option('--trusted', 'it is your own: users are not asked whether they allow it')
    .option('--scope <scope>', 'a scope it may have; again for more', collect)
    .option('--introspect', 'it may ask about tokens of other clients (for resource servers)')
    .action(action(createClient))
  examples(create, [
    [
      'merlon clients create --name billing --grant client_credentials --scope invoices:read',
      'print its id and secret',
    ],
    ['merlon clients create --name ci --grant client_credentials --json', 'as {"clientId","clientSecret"}'],
    [
      'merlon clients create --name shop --public --grant authorization_code --grant refresh_token --redirect-uri https://shop.example.com/cb --scope orders',
      'an app in the browser that users sign in to',
    ],
  ])

  accountOptions(command.command('list').description('print all clients')).action(action(listClients))

  accountOptions(command.command('show').description('print one client'))
    .argument('<clientId>')
    .action(action(showClient))

  const rotate = accountOptions(command.command('rotate').description('give a client a new secret'))
  rotate
    .argument('<clientId>')
    .option('--overlap <duration>', 'how long the old secret still works (at most 30d)', '0s')
    .action(action(rotateClient))
  examples(rotate, [['merlon clients rotate mc_… --overlap 1d', 'a day to change it everywhere']])

  accountOptions(command.command('revoke').description('refuse a client and all its tokens, from now on and for good'))
    .argument('<clientId>')
    .action(action(revokeClient))
}

async function createClient(given: CreateOptions): Promise<number> {
  const { name, grant, scope = [], introspect, redirectUri = [], public: isPublic, trusted, ...options } = given
  const input = {
    name,
    grants: grant,
    scopes: scope,
    canIntrospect: introspect === true,
    redirectUris: redirectUri,
    isPublic: isPublic === true,
    trusted: trusted === true,
  }
  return printSecret(await runAccounts(options, 'clients/create', input), options)
}

async function rotateClient(clientId: string, options: AccountOptions & { overlap: string }): Promise<number> {
  return printSecret(await runAccounts(options, 'clients/rotate', { clientId, overlap: options.overlap }), options)
}

async function listClients(options: AccountOptions): Promise<number> {
  const { clients } = await runAccounts<{ clients: readonly Client[] }>(options, 'clients/list', {})
  if (options.json) printJson(clients)
  else print(columns([['client', 'name', 'scopes', 'made', 'revoked'], ...clients.map(rowOf)]))
  return 0
}

async function showClient(clientId: string, options: AccountOptions): Promise<number> {
  return printClient(await runAccounts(options, 'clients/show', { clientId }), options)
}

async function revokeClient(clientId: string, options: AccountOptions): Promise<number> {
  return printClient(await runAccounts(options, 'clients/revoke', { clientId }), options)
}

function printSecret({ clientId, clientSecret }: CreatedClient, { json }: AccountOptions): number {
  if (json) printJson({ clientId, clientSecret })
  else if (clientSecret === undefined) print(`client  ${clientId}`)
  else print(`client  ${clientId}\nsecret  ${clientSecret}\nThe secret is not shown again.`)
  return 0
}

function printClient(client: Client, { json }: AccountOptions): number {
  if (json) printJson(client)
  else {
    const { clientId, name, grants, scopes, canIntrospect, createdAtMs, rotatedAtMs, revokedAtMs } = client
    const { redirectUris, isPublic, trusted } = client
    print(
      columns([
        ['client', clientId],
        ['name', name],
        ['grants', grants.join(' ')],
        ['scopes', scopes.join(' ')],
        ...(redirectUris.length > 0 ? [['redirects to', redirectUris.join(' ')]] : []),
        ['secret', isPublic ? 'none' : 'yes'],
        ['users are asked', trusted ? 'no' : 'yes'],
        ['introspects', canIntrospect ? 'tokens of every client' : 'its own tokens'],
        ['made', when(createdAtMs)],
        ['rotated', when(rotatedAtMs)],
        ['revoked', when(revokedAtMs)],
      ]),
    )
  }
  return 0
}

function rowOf({ clientId, name, scopes, createdAtMs, revokedAtMs }: Client): string[] {
  return [clientId, name, scopes.join(' '), when(createdAtMs), when(revokedAtMs)]
}
