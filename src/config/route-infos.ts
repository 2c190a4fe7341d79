// What guards and tools may know of the routes of a config.

import type { RouteInfo } from '../pipeline/guard.ts'
import type { Config } from './config.ts'

/** The routes that have a guard, whether it refuses or only records. */
export function routesWith({ routes }: Pick<Config, 'routes'>, guard: string): RouteInfo[] {
  return routes
    .filter(({ guards }) => (guards[guard]?.mode ?? 'off') !== 'off')
    .map(({ name, match, openapi }) => ({ name, match, openapi }))
}
