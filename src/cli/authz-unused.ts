// merlon authz unused: what was granted and never needed, as far as the gateway has seen.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiKey } from '../accounts/api-keys.ts'
import type { Client } from '../accounts/clients.ts'
import type { PolicyUse } from '../pipeline/policy-use.ts'
import { findUnused, type Holder, type UnusedGrants } from '../policies/unused.ts'
import { openRecords } from '../store/open-records.ts'
import { readUses } from '../store/use-keeper.ts'
import { columns, runAccounts, when } from './account-run.ts'
import { loadAuthz, modelOf, patternsOf } from './authz-config.ts'
import { CommandFailure, print, printJson } from './output.ts'

interface ShownUser {
  readonly userId: string
  readonly username: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly disabledAtMs?: number
}

export async function unused({
  config: file,
  json,
}: {
  readonly config: string
  readonly json?: true
}): Promise<number> {
  const { config, routes } = loadAuthz(file)
  const path = join(config.store.state, 'uses.db')
  if (!existsSync(path)) throw new CommandFailure(`no gateway has run with ${config.store.state} yet: nothing was seen`)
  const records = await openRecords({ file: path, database: undefined })
  const kept = await readUses(records).finally(() => records.close())
  const uses = kept.map(({ key, atMs }): PolicyUse => {
    const [kind, id, route, operation, policies] = JSON.parse(key)
    return { kind, id, route, operation, policies, atMs }
  })
  const lists = new Map(routes.map(({ name }) => [JSON.stringify(patternsOf(config, name)), patternsOf(config, name)]))
  const policies = [...lists.values()].flatMap(patterns => modelOf(routes, patterns, config.dir).policies)
  const scopesOfRoute = (name: string): readonly string[] => {
    const options = config.routes.find(route => route.name === name)?.guards['authn']?.options
    return (options as { readonly scopes?: readonly string[] } | undefined)?.scopes ?? []
  }
  const report = findUnused({
    holders: await holdersOf(file),
    uses,
    policies: policies.map(policy => ({ ...policy, effect: policy.json.effect })),
    scopesOfRoute,
  })
  const sinceMs = uses.reduce<number | undefined>((least, { atMs }) => Math.min(least ?? atMs, atMs), undefined)
  if (json) printJson({ sinceMs, ...report })
  else {
    print(`seen: ${uses.length} uses, the oldest of ${when(sinceMs) || 'never'}; each is kept for 90 days`)
    if (report.holders.length > 0)
      print(columns([['who', 'name', 'never needed', 'would be enough'], ...report.holders.map(rowOf)]))
    if (report.policies.length > 0) print(`permits that have permitted nothing: ${report.policies.join(', ')}`)
    if (report.holders.length + report.policies.length === 0) print('every grant was of use')
  }
  return report.holders.length + report.policies.length === 0 ? 0 : 1
}

async function holdersOf(config: string): Promise<Holder[]> {
  const ask = <Result>(operation: 'clients/list' | 'keys/list' | 'users/list') =>
    runAccounts<Result>({ config }, operation, {})
  const { clients } = await ask<{ readonly clients: readonly Client[] }>('clients/list')
  const { keys } = await ask<{ readonly keys: readonly ApiKey[] }>('keys/list')
  const { users } = await ask<{ readonly users: readonly ShownUser[] }>('users/list')
  const none = { scopes: [], roles: [], groups: [] }
  return [
    ...clients
      .filter(({ revokedAtMs }) => revokedAtMs === undefined)
      .map(({ clientId, name, scopes }): Holder => ({ kind: 'client', id: clientId, name, ...none, scopes })),
    ...keys
      .filter(({ revokedAtMs, canary }) => revokedAtMs === undefined && !canary)
      .map(({ keyId, name, scopes }): Holder => ({ kind: 'apiKey', id: keyId, name, ...none, scopes })),
    ...users
      .filter(({ disabledAtMs }) => disabledAtMs === undefined)
      .map(
        ({ userId, username, roles, groups }): Holder => ({
          kind: 'user',
          id: userId,
          name: username,
          ...none,
          roles,
          groups,
        }),
      ),
  ]
}

function rowOf({ kind, id, name, isUnused, keep, ...unneeded }: UnusedGrants): string[] {
  return [
    `${kind} ${id}`,
    name,
    isUnused ? 'anything' : namesOf(unneeded),
    isUnused ? 'none: revoke it' : namesOf(keep) || 'nothing',
  ]
}

function namesOf({ scopes, roles, groups }: Pick<Holder, 'scopes' | 'roles' | 'groups'>): string {
  return [
    ...scopes.map(scope => `scope ${scope}`),
    ...roles.map(role => `role ${role}`),
    ...groups.map(group => `group ${group}`),
  ].join(', ')
}
