// Records on SQLite (node:sqlite). WAL with synchronous=FULL: a write that has resolved outlives kill -9 and a power cut.
// The gateway's main thread and the command line may have the same file open: each write is one transaction that takes
// the lock first, so they follow one another.

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { NewRecord, Records, StoredRecord } from './store.ts'

const schemaVersion = 1

const schema = `
  create table records (
    kind text not null,
    id text not null,
    version integer not null,
    family text,
    expires_ms integer,
    consumed_ms integer,
    json text not null,
    primary key (kind, id)
  ) strict, without rowid;
  create index records_by_family on records (family) where family is not null;
  create index records_by_expiry on records (expires_ms) where expires_ms is not null;
  create table record_indexes (
    kind text not null,
    name text not null,
    value text not null,
    id text not null,
    primary key (kind, name, value, id),
    foreign key (kind, id) references records (kind, id) on delete cascade
  ) strict, without rowid;
  create index record_indexes_by_record on record_indexes (kind, id);
`

/** How long a write waits for another process that writes. */
const lockTimeoutMs = 5000

/** @throws Error when the file can't be opened or was written by a newer version */
export function openSqliteRecords(file: string): Records {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const umask = process.umask(0o077) // it holds hashes of secrets
  const db = openDatabase(file, umask)
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
    migrate(db, file)
    return new SqliteRecords(db)
  } catch (error) {
    db.close()
    throw error
  }
}

function openDatabase(file: string, umask: number): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: lockTimeoutMs })
  } finally {
    process.umask(umask)
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const versionOf = () => Number(db.prepare('pragma user_version').get()?.['user_version'])
  if (versionOf() === schemaVersion) return
  db.exec('begin immediate')
  try {
    const version = versionOf() // another process may have been faster
    if (version > schemaVersion) throw new Error(`${file} was written by a newer version of Merlon`)
    if (version < schemaVersion) db.exec(`${schema} pragma user_version = ${schemaVersion}`)
    db.exec('commit')
  } catch (error) {
    if (db.isTransaction) db.exec('rollback')
    throw error
  }
}

interface Row {
  readonly kind: string
  readonly id: string
  readonly version: number
  readonly family: string | null
  readonly expires_ms: number | null
  readonly consumed_ms: number | null
  readonly json: string
}

class SqliteRecords implements Records {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  async get(kind: string, id: string): Promise<StoredRecord | undefined> {
    const row = this.#prepare('select * from records where kind = ? and id = ?').get(kind, id)
    return row && recordOf(row as unknown as Row)
  }

  async find(kind: string, index: string, value: string, limit: number): Promise<readonly StoredRecord[]> {
    const sql = `select r.* from record_indexes i join records r on r.kind = i.kind and r.id = i.id
      where i.kind = ? and i.name = ? and i.value = ? order by i.id limit ?`
    return (this.#prepare(sql).all(kind, index, value, limit) as unknown as Row[]).map(recordOf)
  }

  async list(
    kind: string,
    { after = '', limit }: { readonly after?: string; readonly limit: number },
  ): Promise<readonly StoredRecord[]> {
    const sql = 'select * from records where kind = ? and id > ? order by id limit ?'
    return (this.#prepare(sql).all(kind, after, limit) as unknown as Row[]).map(recordOf)
  }

  async put(record: NewRecord, ifVersion?: number): Promise<number | undefined> {
    const { kind, id, json, family = null, expiresAtMs, indexes = {} } = record
    return this.#transaction(() => {
      const before = this.#prepare('select version from records where kind = ? and id = ?').get(kind, id)
      const known = Number(before?.['version'] ?? 0)
      if (ifVersion !== undefined && ifVersion !== known) return undefined
      const version = known + 1
      this.#prepare(
        `insert into records (kind, id, version, family, expires_ms, json) values (?, ?, ?, ?, ?, ?)
         on conflict do update set version = excluded.version, family = excluded.family,
         expires_ms = excluded.expires_ms, json = excluded.json`,
      ).run(kind, id, version, family, expiresAtMs === undefined ? null : Math.trunc(expiresAtMs), json)
      this.#prepare('delete from record_indexes where kind = ? and id = ?').run(kind, id)
      const insert = this.#prepare('insert into record_indexes (kind, name, value, id) values (?, ?, ?, ?)')
      for (const [name, value] of Object.entries(indexes)) insert.run(kind, name, value, id)
      return version
    })
  }

  async putAll(records: readonly NewRecord[]): Promise<void> {
    this.#transaction(() => {
      const write = this.#prepare(
        `insert into records (kind, id, version, expires_ms, json) values (?, ?, 1, ?, ?)
         on conflict do update set version = version + 1, expires_ms = excluded.expires_ms, json = excluded.json`,
      )
      for (const { kind, id, expiresAtMs, json } of records) {
        write.run(kind, id, expiresAtMs === undefined ? null : Math.trunc(expiresAtMs), json)
      }
    })
  }

  async createAll(records: readonly NewRecord[]): Promise<boolean> {
    return this.#transaction(() => {
      const known = this.#prepare('select 1 from records where kind = ? and id = ?')
      const ids = new Set(records.map(({ kind, id }) => `${kind}\n${id}`))
      if (ids.size < records.length || records.some(({ kind, id }) => known.get(kind, id))) return false
      const write = this.#prepare('insert into records (kind, id, version, expires_ms, json) values (?, ?, 1, ?, ?)')
      for (const { kind, id, expiresAtMs, json } of records) {
        write.run(kind, id, expiresAtMs === undefined ? null : Math.trunc(expiresAtMs), json)
      }
      return true
    })
  }

  async delete(kind: string, id: string): Promise<boolean> {
    return Number(this.#prepare('delete from records where kind = ? and id = ?').run(kind, id).changes) > 0
  }

  async consume(kind: string, id: string, nowMs: number): Promise<boolean> {
    const sql = 'update records set consumed_ms = ? where kind = ? and id = ? and consumed_ms is null'
    return Number(this.#prepare(sql).run(Math.trunc(nowMs), kind, id).changes) > 0
  }

  async deleteFamily(family: string): Promise<number> {
    return Number(this.#prepare('delete from records where family = ?').run(family).changes)
  }

  async prune(nowMs: number): Promise<number> {
    return Number(this.#prepare('delete from records where expires_ms <= ?').run(Math.trunc(nowMs)).changes)
  }

  /** Never tells of anything: while a gateway runs, it alone writes its file (admin/client.ts asks it to). */
  async watch(): Promise<void> {}

  async close(): Promise<void> {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #transaction<Result>(work: () => Result): Result {
    this.#db.exec('begin immediate')
    try {
      const result = work()
      this.#db.exec('commit')
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback')
      throw error
    }
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

function recordOf(row: Row): StoredRecord {
  return {
    kind: row.kind,
    id: row.id,
    version: row.version,
    json: row.json,
    ...(row.family !== null && { family: row.family }),
    ...(row.expires_ms !== null && { expiresAtMs: row.expires_ms }),
    ...(row.consumed_ms !== null && { consumedAtMs: row.consumed_ms }),
  }
}
