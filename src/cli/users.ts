// merlon users add | list | show | change | link | set-password | disable | enable | delete | sign-out | unlock | mfa reset

import type { Command } from 'commander'
import type { User } from '../accounts/users/user.ts'
import { type AccountOptions, accountOptions, collect, columns, runAccounts, when } from './account-run.ts'
import { action } from './action.ts'
import { CommandFailure, examples, print, printJson } from './output.ts'
import { readSecret } from './secret.ts'

interface ProfileOptions extends AccountOptions {
  readonly email?: string
  readonly role?: readonly string[]
  readonly group?: readonly string[]
}

interface AddOptions extends ProfileOptions {
  readonly secretStdin?: true
  /** False with --no-password. */
  readonly password: boolean
}

export function define(command: Command): void {
  const add = accountOptions(command.command('add').alias('create').description('add a user'))
  add
    .argument('<username>', 'a name or an e-mail address, to sign in with')
    .option('--email <address>', 'they can sign in with it as well')
    .option('--role <role>', 'a role they have; again for more', collect)
    .option('--group <group>', 'a group they are in; again for more', collect)
    .option('--secret-stdin', 'read the password from stdin; without it one is made and shown once')
    .option('--no-password', 'they sign in with another identity provider alone (see link)')
    .action(action(addUser))
  examples(add, [
    ['merlon users add alice --email alice@example.com --role admin', 'print a password for the first time'],
    ['read -rs P; printf %s "$P" | merlon users add bob --secret-stdin', 'a password of your choice'],
    ['merlon users add carol --json', 'as {"user","password"}'],
  ])

  accountOptions(command.command('list').description('print all users')).action(action(listUsers))

  one(command, 'show', 'print what is known of a user', 'users/show')

  const change = accountOptions(command.command('change').description('change the e-mail address, roles or groups'))
  change
    .argument('<user>', 'name, e-mail address or id')
    .option('--email <address>', 'the new address; an empty one for none')
    .option('--role <role>', 'a role; all that are not given are taken away', collect)
    .option('--group <group>', 'a group; all that are not given are left', collect)
    .action(action(changeUser))
  examples(change, [['merlon users change alice --role editor --role auditor', 'they have these two roles, at once']])

  const link = accountOptions(command.command('link').description('let an account elsewhere sign in as a user'))
  link
    .argument('<user>', 'name, e-mail address or id')
    .requiredOption('--issuer <url>', 'the other identity provider, as in accounts.external')
    .requiredOption('--subject <sub>', 'who they are there (`sub`)')
    .action(action(linkUser))
  examples(link, [
    ['merlon users link alice --issuer https://id.example.com --subject 248289761001', 'by subject alone'],
  ])

  const set = accountOptions(command.command('set-password').description('give a user another password'))
  set
    .argument('<user>', 'name, e-mail address or id')
    .option('--secret-stdin', 'read the password from stdin (required)')
    .action(action(setPassword))
  examples(set, [
    ['read -rs P; printf %s "$P" | merlon users set-password alice --secret-stdin', 'and sign them out everywhere'],
  ])

  one(command, 'sign-out', 'end all sessions of a user, and the tokens that came of them', 'users/sign-out')
  one(command, 'disable', 'refuse a user: no sign-in, no session, no token, from now on', 'users/disable')
  one(command, 'enable', 'let a disabled user sign in again', 'users/enable')
  one(command, 'delete', 'remove a user, all sessions and tokens', 'users/delete')
  one(command, 'unlock', 'forget wrong passwords, so that nobody waits for them', 'users/unlock')

  const mfa = command.command('mfa').description('second factors')
  const reset = one(
    mfa,
    'reset',
    'remove the authenticator app, all passkeys and recovery codes of a user',
    'users/reset-mfa',
  )
  examples(reset, [['merlon users mfa reset alice', 'they lost their telephone: a password is enough again']])
}

type OneOperation =
  | 'users/show'
  | 'users/disable'
  | 'users/sign-out'
  | 'users/enable'
  | 'users/delete'
  | 'users/unlock'
  | 'users/reset-mfa'

/** A command that takes a user and shows what has become of them. */
function one(parent: Command, name: string, description: string, operation: OneOperation): Command {
  return accountOptions(parent.command(name).description(description))
    .argument('<user>', 'name, e-mail address or id')
    .action(
      action(async (user: string, options: AccountOptions) =>
        printUser(await runAccounts(options, operation, { user }), options),
      ),
    )
}

async function addUser(username: string, options: AddOptions): Promise<number> {
  const { email, role = [], group = [], secretStdin, password: wanted, ...rest } = options
  if (secretStdin && !wanted) throw new CommandFailure('--secret-stdin and --no-password contradict each other', 2)
  const password = secretStdin ? await readSecret() : { kind: wanted ? 'generate' : 'none' }
  const input = { username, ...(email !== undefined && { email }), roles: role, groups: group, password }
  const made = await runAccounts<{ user: User; password?: string }>(rest, 'users/create', input)
  if (options.json) printJson(made)
  else {
    print(`user      ${made.user.userId}\nname      ${made.user.username}`)
    if (made.password !== undefined) print(`password  ${made.password}\nThe password is not shown again.`)
  }
  return 0
}

async function listUsers(options: AccountOptions): Promise<number> {
  const { users } = await runAccounts<{ users: readonly User[] }>(options, 'users/list', {})
  if (options.json) printJson(users)
  else print(columns([['user', 'name', 'roles', 'second factor', 'last sign-in', 'disabled'], ...users.map(rowOf)]))
  return 0
}

async function changeUser(user: string, { email, role, group, ...options }: ProfileOptions): Promise<number> {
  if (email === undefined && !role && !group) throw new CommandFailure('nothing to change: see --help', 2)
  const input = {
    user,
    ...(email !== undefined && { email: email === '' ? null : email }),
    ...(role && { roles: role.filter(it => it !== '') }),
    ...(group && { groups: group.filter(it => it !== '') }),
  }
  return printUser(await runAccounts(options, 'users/change', input), options)
}

async function linkUser(
  user: string,
  { issuer, subject, ...options }: AccountOptions & { issuer: string; subject: string },
): Promise<number> {
  return printUser(await runAccounts(options, 'users/link', { user, link: { issuer, subject } }), options)
}

async function setPassword(user: string, options: AccountOptions & { secretStdin?: true }): Promise<number> {
  if (!options.secretStdin) {
    throw new CommandFailure('the password is read from stdin, never from the command line: add --secret-stdin', 2)
  }
  const password = await readSecret()
  return printUser(await runAccounts(options, 'users/set-password', { user, password }), options)
}

function printUser(user: User, { json }: AccountOptions): number {
  if (json) printJson(user)
  else {
    print(
      columns([
        ['user', user.userId],
        ['name', user.username],
        ['e-mail', user.email ?? ''],
        ['roles', user.roles.join(' ')],
        ['groups', user.groups.join(' ')],
        ['password', user.passwordSetAtMs === undefined ? 'none' : `set ${when(user.passwordSetAtMs)}`],
        ['second factor', factorsOf(user)],
        ['linked', user.links.map(({ issuer, subject }) => `${subject} at ${issuer}`).join(', ')],
        ['made', when(user.createdAtMs)],
        ['last sign-in', when(user.lastLoginAtMs)],
        ['disabled', when(user.disabledAtMs)],
      ]),
    )
  }
  return 0
}

function rowOf(user: User): string[] {
  const { userId, username, roles, lastLoginAtMs, disabledAtMs } = user
  return [userId, username, roles.join(' '), factorsOf(user), when(lastLoginAtMs), when(disabledAtMs)]
}

function factorsOf({ totp, passkeys, recoveryCodes }: User): string {
  const all = [
    ...(totp ? ['app'] : []),
    ...(passkeys > 0 ? [`${passkeys} ${passkeys === 1 ? 'passkey' : 'passkeys'}`] : []),
    ...(recoveryCodes > 0 ? [`${recoveryCodes} recovery codes`] : []),
  ]
  return all.join(', ')
}
