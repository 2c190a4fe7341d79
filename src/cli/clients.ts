// merlon clients create | list | show | rotate | revoke

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Client, CreatedClient } from '../accounts/clients.ts'
import { type AccountOptions, accountOptions, collect, columns, runAccounts, when } from './account-run.ts'
import { action } from './action.ts'
import { CommandFailure, examples, print, printJson } from './output.ts'

interface CreateOptions extends AccountOptions {
  readonly name: string
  readonly grant: readonly string[]
  readonly scope?: readonly string[]
  readonly introspect?: true
  readonly redirectUri?: readonly string[]
  readonly logoutUri?: readonly string[]
  readonly trusted?: true
  readonly auth: string
  readonly jwks?: string
  readonly certName?: string
  readonly tokens: string
  readonly bound: string
  readonly pushed?: true
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
    .option('--logout-uri <url>', 'where users are sent back to when they signed out; again for more', collect)
    .option('--trusted', 'it is your own: users are not asked whether they allow it')
    .option('--scope <scope>', 'a scope it may have; again for more', collect)
    .option('--introspect', 'it may ask about tokens of other clients (for resource servers)')
    .option(
      '--auth <method>',
      'client_secret, private_key_jwt, tls_client_auth, or none for apps that keep no secret',
      'client_secret',
    )
    .option('--jwks <file-or-url>', 'its public keys, or where it publishes them (private_key_jwt)')
    .option('--cert-name <kind=value>', 'a name of its certificate: dn=, dns=, uri=, ip= or email= (tls_client_auth)')
    .option('--tokens <format>', 'jwt, or opaque: a name that only this gateway knows', 'jwt')
    .option('--pushed', 'what it asks users for must be pushed (RFC 9126), not written into a link')
    .option('--bound <to>', 'what its tokens are always bound to: dpop, mtls or none', 'none')
    .action(action(createClient))
  examples(create, [
    [
      'merlon clients create --name billing --grant client_credentials --scope invoices:read',
      'print its id and secret',
    ],
    ['merlon clients create --name ci --grant client_credentials --json', 'as {"clientId","clientSecret"}'],
    [
      'merlon clients create --name robot --grant client_credentials --auth private_key_jwt --jwks robot.jwks.json --bound dpop',
      'no secret at all: it signs, and its tokens are of no use to others',
    ],
    [
      'merlon clients create --name shop --auth none --grant authorization_code --grant refresh_token --redirect-uri https://shop.example.com/cb --scope orders',
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

async function createClient(options: CreateOptions): Promise<number> {
  const {
    name,
    grant,
    scope = [],
    introspect,
    redirectUri = [],
    logoutUri = [],
    trusted,
    tokens,
    bound,
    pushed,
  } = options
  const auth = authOf(options)
  const forUsers = { redirectUris: redirectUri, logoutUris: logoutUri, trusted: trusted === true }
  const input = {
    name,
    grants: grant,
    scopes: scope,
    canIntrospect: introspect === true,
    auth,
    tokens,
    bound,
    pushed: pushed === true,
    ...forUsers,
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

/** @throws CommandFailure when a file can't be read or a name is none; the rest is checked where it is done */
function authOf({ auth, jwks, certName }: CreateOptions): object {
  const keys = jwks === undefined ? {} : /^https?:/.test(jwks) ? { jwksUri: jwks } : { jwks: readJwks(jwks) }
  if (certName === undefined) return { method: auth, ...keys }
  const equals = certName.indexOf('=')
  const name = { kind: certName.slice(0, Math.max(0, equals)), value: certName.slice(equals + 1) }
  return { method: auth, ...keys, name }
}

function readJwks(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new CommandFailure(`${file}: ${error instanceof Error ? error.message : String(error)}`, 2)
  }
}

function printSecret({ clientId, clientSecret }: CreatedClient, { json }: AccountOptions): number {
  if (json) printJson({ clientId, clientSecret })
  else if (clientSecret === undefined) print(`client  ${clientId}\nIt has no secret.`)
  else print(`client  ${clientId}\nsecret  ${clientSecret}\nThe secret is not shown again.`)
  return 0
}

function printClient(client: Client, { json }: AccountOptions): number {
  if (json) printJson(client)
  else {
    const { clientId, name, grants, scopes, canIntrospect, redirectUris, trusted, auth, tokens, bound } = client
    const { createdAtMs, rotatedAtMs, revokedAtMs } = client
    print(
      columns([
        ['client', clientId],
        ['name', name],
        ['grants', grants.join(' ')],
        ['scopes', scopes.join(' ')],
        ...(redirectUris.length > 0 ? [['redirects to', redirectUris.join(' ')]] : []),
        ...(client.logoutUris.length > 0 ? [['after signing out', client.logoutUris.join(' ')]] : []),
        ['users are asked', trusted ? 'no' : 'yes'],
        ['proves itself by', auth.method],
        ['tokens', bound === 'none' ? tokens : `${tokens}, bound to ${bound === 'dpop' ? 'a key' : 'its certificate'}`],
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
