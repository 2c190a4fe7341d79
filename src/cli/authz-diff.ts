// merlon authz diff OLD NEW

import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { RouteInfo } from '../pipeline/guard.ts'
import type { Archetype } from '../policies/access.ts'
import { type AccessChange, diffAccess } from '../policies/access-diff.ts'
import type { PolicyModel } from '../policies/model.ts'
import { columns } from './account-run.ts'
import { loadAuthz, modelOf, patternsOf } from './authz-config.ts'
import { CommandFailure, print, printJson } from './output.ts'

interface DiffOptions {
  readonly config: string
  readonly json?: true
}

const words = { gains: 'gains', loses: 'loses', changes: 'under other conditions' } as const

export function diff(before: string, after: string, options: DiffOptions): number {
  const result = diffAccess(load(before, options), load(after, options))
  if (typeof result === 'string') throw new CommandFailure(result)
  const { changes, principals, operations } = result
  if (options.json) printJson(result)
  else {
    if (changes.length > 0)
      print(columns([['who', '', 'operation', 'route', 'before', 'after', 'by'], ...changes.map(rowOf)]))
    print(`${changes.length} changes among ${principals} principals and ${operations} operations`)
  }
  return changes.length > 0 ? 1 : 0
}

/** A config with its own routes, or policies for the routes of the config. */
function load(given: string, { config: file }: DiffOptions): PolicyModel {
  if (/\.(ya?ml|json)$/.test(given)) {
    const { config, routes } = loadAuthz(given)
    return modelOf(routes, all(config, routes), config.dir)
  }
  const { routes } = loadAuthz(file)
  return modelOf(routes, [isFolder(given) ? join(given, '**/*.cedar') : given], resolve('.'))
}

/** One list of policies for all routes: to compare routes with different ones, each needs a config of its own. */
function all(config: Parameters<typeof patternsOf>[0], routes: readonly RouteInfo[]): readonly string[] {
  const lists = new Set(routes.map(({ name }) => JSON.stringify(patternsOf(config, name))))
  if (lists.size > 1)
    throw new CommandFailure(`routes of ${config.file} have different policies: compare files of policies`)
  return patternsOf(config, routes[0]?.name ?? '')
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    throw new CommandFailure(`${path} does not exist`, 2)
  }
}

function rowOf({ change, principal, route, operation, before, after, policies }: AccessChange): string[] {
  return [nameOf(principal), words[change], operation, route, before, after, policies.join(' ')]
}

function nameOf({ uid, roles, groups, scopes }: Archetype): string {
  const grants = [
    ...roles.map(role => `role ${role}`),
    ...groups.map(group => `group ${group}`),
    ...scopes.map(scope => `scope ${scope}`),
  ]
  const name = uid.id === '(any)' || uid.type === 'Anonymous' ? uid.type : `${uid.type} ${uid.id}`
  return grants.length === 0 ? name : `${name} with ${grants.join(', ')}`
}
