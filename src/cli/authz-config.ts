// The part of a config that `merlon authz` is about: its routes with the guard, and their policies.

import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { routesWith } from '../config/route-infos.ts'
import type { RouteInfo } from '../pipeline/guard.ts'
import { createModel, type PolicyModel } from '../policies/model.ts'
import { CommandFailure, sayProblems } from './output.ts'

export interface AuthzConfig {
  readonly config: Config
  readonly routes: readonly RouteInfo[]
}

export function loadAuthz(file: string): AuthzConfig {
  const loaded = loadConfig(file)
  if (!loaded.ok) {
    sayProblems(loaded.problems)
    throw new CommandFailure(`${file} does not load`)
  }
  return { config: loaded.config, routes: routesWith(loaded.config, 'authz') }
}

/** The policies of a route, as patterns. */
export function patternsOf({ routes }: Config, name: string): readonly string[] {
  const options = routes.find(route => route.name === name)?.guards['authz']?.options
  return (options as { readonly policies?: readonly string[] } | undefined)?.policies ?? []
}

/** @throws CommandFailure when there is something wrong with policies or documents, after it was said */
export function modelOf(routes: readonly RouteInfo[], patterns: readonly string[], dir: string): PolicyModel {
  const made = createModel(routes, patterns, dir)
  if (made.ok) {
    sayProblems(made.model.warnings)
    return made.model
  }
  sayProblems(made.problems)
  throw new CommandFailure('the policies do not load')
}
