// Journal on SQLite (node:sqlite). Written by the main thread alone; the CLI opens the same file read-only beside it.
// WAL with synchronous=FULL: an append that has returned outlives kill -9 and a power cut. One transaction a batch, so
// the cost of the disk's flush is shared by all events of the batch.

import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { EventFilter, Journal, StoredEvent } from './store.ts'

const schemaVersion = 1

const schema = `
  create table events (
    position integer primary key autoincrement,
    reference text not null,
    time_ms integer not null,
    action text not null,
    guard text not null,
    client_ip text not null,
    path text not null,
    json text not null
  ) strict;
  create index events_by_time on events (time_ms);
  create index events_by_reference on events (reference);
  create index events_by_client on events (client_ip, time_ms);
`

export interface SqliteJournalOptions {
  readonly readOnly?: boolean
  /** The oldest events above this number go, whatever their age, so that a flood can't fill the disk. */
  readonly eventsMax?: number
}

/** @throws Error when the file can't be opened or was written by a newer version */
export function openSqliteJournal(file: string, options: SqliteJournalOptions = {}): Journal {
  const readOnly = options.readOnly === true
  if (!readOnly) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    // The folder may have been there, open to others; SQLite gives its other files the mode of this one.
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  }
  const db = new DatabaseSync(file, { readOnly, timeout: 2000 })
  try {
    if (!readOnly) db.exec('pragma journal_mode = wal; pragma synchronous = full')
    migrate(db, file, readOnly)
    return new SqliteJournal(db, options.eventsMax ?? 1_000_000)
  } catch (error) {
    db.close()
    throw error
  }
}

function migrate(db: DatabaseSync, file: string, readOnly: boolean): void {
  const version = Number(db.prepare('pragma user_version').get()?.['user_version'])
  if (version === schemaVersion) return
  if (version > schemaVersion) throw new Error(`${file} was written by a newer version of Merlon`)
  if (readOnly) throw new Error(`${file} is not a journal of events`)
  db.exec(`begin immediate; ${schema} pragma user_version = ${schemaVersion}; commit`)
}

class SqliteJournal implements Journal {
  readonly #db: DatabaseSync
  readonly #eventsMax: number
  /** By SQL text: a filter has few shapes. */
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, eventsMax: number) {
    this.#db = db
    this.#eventsMax = eventsMax
  }

  append(events: readonly StoredEvent[]): void {
    if (events.length === 0) return
    const insert = this.#prepare(
      'insert into events (reference, time_ms, action, guard, client_ip, path, json) values (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#db.exec('begin immediate')
    try {
      for (const { reference, timeMs, action, guard, clientIp, path, json } of events) {
        insert.run(reference, Math.trunc(timeMs), action, guard, clientIp, path, json)
      }
      this.#db.exec('commit')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback')
      throw error
    }
  }

  query(filter: EventFilter): readonly StoredEvent[] {
    const { sql, values } = selectEvents(filter)
    return this.#prepare(sql).all(...values) as unknown as StoredEvent[]
  }

  prune(beforeMs: number): number {
    const old = this.#prepare('delete from events where time_ms < ?').run(Math.trunc(beforeMs))
    const tooMany = this.#prepare('delete from events where position <= (select max(position) from events) - ?')
    return Number(old.changes) + Number(tooMany.run(this.#eventsMax).changes)
  }

  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** Only the operators of this table get into the SQL; what a user asks for is bound. */
const conditions = {
  reference: 'reference = ?',
  sinceMs: 'time_ms >= ?',
  untilMs: 'time_ms <= ?',
  action: 'action = ?',
  guard: 'guard = ?',
  clientIp: 'client_ip = ?',
  after: 'position > ?',
} as const satisfies Partial<Record<keyof EventFilter, string>>

function selectEvents(filter: EventFilter): { sql: string; values: SQLInputValue[] } {
  const names = (Object.keys(conditions) as (keyof typeof conditions)[]).filter(name => filter[name] !== undefined)
  const where = names.length === 0 ? '' : `where ${names.map(name => conditions[name]).join(' and ')}`
  const direction = filter.order === 'oldest-first' ? 'asc' : 'desc'
  const order = filter.after === undefined ? `time_ms ${direction}, position ${direction}` : `position ${direction}`
  const columns = 'reference, time_ms as timeMs, action, guard, client_ip as clientIp, path, json, position'
  return {
    sql: `select ${columns} from events ${where} order by ${order} limit ?`,
    values: [...names.map(name => filter[name] as SQLInputValue), filter.limit],
  }
}
