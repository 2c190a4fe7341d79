// Which state folder a command means: the one given, else that of a config file, else the default one.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { StorePlace } from '../config/state-dir.ts'
import { CommandFailure, sayProblems } from './output.ts'

export interface StateOptions {
  readonly config?: string
  readonly state?: string
}

/** The two options that name a gateway by where it keeps its state. */
export function stateOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'config of the gateway (default: merlon.yaml, if it is there)')
    .option('--state <dir>', 'state folder of the gateway, as `merlon demo` and `merlon protect` print it')
}

export async function stateDir(options: StateOptions): Promise<string> {
  return (await storePlace(options)).state
}

/** The state folder, and where its master key is. */
export async function storePlace(options: StateOptions): Promise<StorePlace> {
  if (options.state !== undefined) return { state: resolve(options.state), key: undefined, database: undefined }
  if (options.config === undefined && !existsSync('merlon.yaml'))
    return { state: resolve('.merlon'), key: undefined, database: undefined }
  const { storePlaceOf } = await import('../config/state-dir.ts')
  const found = storePlaceOf(options.config ?? 'merlon.yaml')
  if ('state' in found) return found
  sayProblems([found])
  throw new CommandFailure('--state DIR names the state folder without a config')
}

export function journalFile(state: string): string {
  return join(state, 'events.db')
}
