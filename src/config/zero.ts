// Configs made in code for the commands that need no file: `merlon protect` and `merlon demo`. They go through the same
// reader as a file, so they get the same checks and defaults.

import type { Mode } from '../pipeline/verdict.ts'
import type { Address } from './config.ts'
import { formatAddress } from './fields.ts'
import { type LoadResult, parseConfig } from './load.ts'

export interface ZeroOptions {
  /** Names the config in status: `(demo)`. */
  readonly name: string
  /** Folder that relative paths are seen from. */
  readonly dir: string
  readonly upstream: string
  readonly listen: Address
  readonly admin: Address | undefined
  readonly mode: Mode
  readonly stateDir: string
  /** The OpenAPI document of the upstream. */
  readonly openapi?: string | undefined
  /** Routes to `app` beside the one for everything. */
  readonly routes?: readonly object[]
  /** Options of the guard `waf` other than its defaults. */
  readonly waf?: { readonly rules?: readonly string[]; readonly paranoia?: number }
}

/** One upstream behind every guard with default options. */
export function zeroConfig(options: ZeroOptions): LoadResult {
  const document = {
    mode: options.mode,
    listen: [{ http: formatAddress(options.listen) }],
    upstreams: { app: { servers: [options.upstream] } },
    routes: [...(options.routes ?? []), { name: 'app', to: 'app' }],
    ...(options.openapi !== undefined && { openapi: options.openapi }),
    ...(options.waf && { guards: { waf: options.waf } }),
    store: { state: options.stateDir },
    ...(options.admin && { admin: { listen: formatAddress(options.admin) } }),
  }
  return parseConfig(JSON.stringify(document), { file: options.name, dir: options.dir })
}
