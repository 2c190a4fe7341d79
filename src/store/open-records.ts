// Where records are kept: a file, or a database that several gateways share.

import { readFileSync } from 'node:fs'
import { openPostgresRecords } from './records-postgres.ts'
import { openSqliteRecords } from './records-sqlite.ts'
import type { Records } from './store.ts'

export interface RecordsPlace {
  readonly file: string
  /** `store.database`: a URL, `env:NAME` or `file:PATH` of one. */
  readonly database: string | undefined
  /** Kinds that other gateways on that database are told of; all unless given. */
  readonly told?: readonly string[]
}

/** The database that the config names can't be used. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}

/** @throws DatabaseError or Error when it can't be opened */
export async function openRecords(
  { file, database, told }: RecordsPlace,
  onError: (message: string) => void = () => {},
): Promise<Records> {
  if (database === undefined) return openSqliteRecords(file)
  try {
    return await openPostgresRecords({ url: urlOf(database), onError, ...(told && { told }) })
  } catch (error) {
    throw new DatabaseError(`the database can't be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function urlOf(reference: string): string {
  const [, source, name = ''] = /^(env|file):(.+)$/s.exec(reference) ?? []
  if (source === 'file') return readFileSync(name, 'utf8').trim()
  if (source === undefined) return reference
  const url = process.env[name]
  if (url === undefined || url === '') throw new Error(`the environment has no ${name}`)
  return url
}
