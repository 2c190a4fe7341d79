// Does one thing to the accounts of a state folder: through the gateway that runs with it, else in the store itself.
// Both go through the same table of operations.

import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { Accounts, accountsPath } from '../accounts/accounts.ts'
import { AccountFailure } from '../accounts/failure.ts'
import { MasterKeyError } from '../accounts/master-key.ts'
import { type AccountOperation, runAccountOperation } from '../accounts/operations.ts'
import { followedKinds } from '../accounts/shared-changes.ts'
import { askGateway } from '../admin/client.ts'
import { DatabaseError, openRecords } from '../store/open-records.ts'
import { CommandFailure, say } from './output.ts'
import { type StateOptions, stateOptions, storePlace } from './state.ts'

export interface AccountOptions extends StateOptions {
  readonly json?: true
}

export function accountOptions(command: Command): Command {
  return stateOptions(command).option('--json', 'print the result as one line of JSON')
}

/** @throws CommandFailure when it can't be done; usage when it was asked for wrongly */
export async function runAccounts<Result>(
  options: StateOptions,
  operation: AccountOperation,
  input: object,
): Promise<Result> {
  const { state, key, database } = await storePlace(options)
  const reply = await askGateway(state, 'POST', `/api/v1/${operation}`, input).catch(error => {
    throw new CommandFailure(error instanceof Error ? error.message : String(error))
  })
  if (reply) {
    if (reply.status === 200) return reply.body as Result
    const { detail = `the gateway replied ${reply.status}` } = reply.body as { detail?: string }
    throw new CommandFailure(detail, reply.status === 400 ? 2 : 1)
  }
  if (database === undefined && !existsSync(accountsPath(state))) {
    if (!/\/(create|import)$/.test(operation)) throw new CommandFailure(`there are no accounts in ${state} yet`)
    say(`no gateway runs with ${state}: the accounts there are made now`)
  }
  try {
    const accounts = await Accounts.open({
      records: await openRecords({ file: accountsPath(state), database, told: followedKinds }),
      stateDir: state,
      key,
      now: Date.now,
    })
    try {
      return (await runAccountOperation(accounts, operation, input)) as Result
    } finally {
      await accounts.close()
    }
  } catch (error) {
    if (error instanceof AccountFailure) throw new CommandFailure(error.message, error.code === 'invalid' ? 2 : 1)
    if (error instanceof MasterKeyError || error instanceof DatabaseError) throw new CommandFailure(error.message)
    throw error
  }
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** `2026-11-24 13:00`, in UTC. */
export function when(ms: number | undefined): string {
  return ms === undefined ? '' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}

/** Columns as wide as what is in them. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0))) ?? []
  return rows
    .map(row =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
