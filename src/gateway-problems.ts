// What keeps a gateway from starting or from taking another configuration, as problems of its config file.

import { MasterKeyError } from './accounts/master-key.ts'
import type { Config } from './config/config.ts'
import type { Problem } from './lib/problem.ts'
import { DatabaseError } from './store/open-records.ts'

export function startProblem(config: Config, error: unknown): Problem {
  const key =
    error instanceof MasterKeyError ? 'store.key' : error instanceof DatabaseError ? 'store.database' : 'store.state'
  return gatewayProblem(config, key, messageOf(error))
}

export function gatewayProblem({ file }: Pick<Config, 'file'>, path: string, message: string): Problem {
  return { code: 'gateway.failed', severity: 'error', file, line: 0, column: 0, path, message }
}

/** What can't be changed while the gateway runs, and was. */
export function fixedProblem(config: Config, current: Config): Problem | undefined {
  const fixed = { state: 'the state folder', key: 'the master key', database: 'the database' } as const
  for (const [key, what] of Object.entries(fixed) as [keyof typeof fixed, string][]) {
    if (config.store[key] === current.store[key]) continue
    return gatewayProblem(config, `store.${key}`, `${what} can’t change while the gateway runs: restart it`)
  }
  return undefined
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
