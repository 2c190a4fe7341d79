// Records on PostgreSQL, for several gateways on one store. Each call is one statement, so it is atomic without a
// transaction of its own, and tells the other gateways what it changed in the same breath (NOTIFY, delivered at commit).
// Without a connection every call fails: nobody is let in or acknowledged on a guess.

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { openPool } from './postgres-connection.ts'
import { channel, PostgresListener } from './postgres-listener.ts'
import { migrate } from './postgres-schema.ts'
import type { NewRecord, Records, RecordWatcher, StoredRecord } from './store.ts'

export interface PostgresOptions {
  readonly url: string
  readonly onError: (message: string) => void
  /** Kinds that other processes are told of; all unless given. Each telling makes commits wait for each other. */
  readonly told?: readonly string[]
}

/** @throws Error when there is no such database, or it was written by a newer version */
export async function openPostgresRecords({ url, onError, told }: PostgresOptions): Promise<Records> {
  const pool = openPool(url, onError)
  try {
    await migrate(pool)
    return new PostgresRecords(pool, url, told)
  } catch (error) {
    await pool.end()
    throw error
  }
}

interface Row {
  readonly kind: string
  readonly id: string
  readonly version: string
  readonly family: string | null
  readonly expires_ms: string | null
  readonly consumed_ms: string | null
  readonly json: string
}

/** Writes the indexes of what `written` wrote ($1 kind, $2 id, $6 names, $7 values), and tells of it ($8 who, $9 whether). */
const rest = `
  gone as (
    delete from merlon_record_indexes i using written
    where i.kind = $1 and i.id = $2
      and not exists (select from unnest($6::text[], $7::text[]) n(name, value) where n.name = i.name and n.value = i.value)
  ),
  added as (
    insert into merlon_record_indexes (kind, name, value, id)
    select $1, n.name, n.value, $2 from unnest($6::text[], $7::text[]) n(name, value), written
    on conflict do nothing
  ),
  told as (select pg_notify('${channel}', $8 || E'\\n' || $1 || E'\\n' || $2) as n from written where $9::boolean)
  select version, (select count(n) from told) from written`

const columns = '(kind, id, version, family, expires_ms, json) values ($1, $2, 1, $3, $4, $5)'
const changes = 'family = $3, expires_ms = $4, json = $5'

const create = `with written as (
  insert into merlon_records ${columns} on conflict do nothing returning version), ${rest}`
const replace = `with written as (
  update merlon_records set version = version + 1, ${changes} where kind = $1 and id = $2 and version = $10 returning version), ${rest}`
const write = `with written as (
  insert into merlon_records as r ${columns}
  on conflict (kind, id) do update set version = r.version + 1, ${changes} returning version), ${rest}`

/** A statement that changes rows ($1 who, $2 the kinds that are told of, null for all): counts them and tells of each. */
const telling = (change: string) => `with gone as (${change} returning kind, id),
  told as (select pg_notify('${channel}', $1 || E'\\n' || kind || E'\\n' || id) as n from gone where $2::text[] is null or kind = any($2::text[]))
  select (select count(*) from gone) as count, (select count(n) from told) as told`

const createMany = telling(`insert into merlon_records (kind, id, version, expires_ms, json)
  select kind, id, 1, expires_ms, json from unnest($3::text[], $4::text[], $5::bigint[], $6::text[]) n(kind, id, expires_ms, json)`)
const remove = telling('delete from merlon_records where kind = $3 and id = $4')
const removeFamily = telling('delete from merlon_records where family = $3')
const markUsed = telling(
  'update merlon_records set consumed_ms = $5 where kind = $3 and id = $4 and consumed_ms is null',
)

const uniqueViolation = '23505'

class PostgresRecords implements Records {
  readonly #pool: pg.Pool
  readonly #url: string
  readonly #own = randomUUID()
  readonly #told: readonly string[] | null
  #listener: PostgresListener | undefined

  constructor(pool: pg.Pool, url: string, told: readonly string[] | undefined) {
    this.#pool = pool
    this.#url = url
    this.#told = told ?? null
  }

  async get(kind: string, id: string): Promise<StoredRecord | undefined> {
    const [row] = await this.#rows('select * from merlon_records where kind = $1 and id = $2', [kind, id])
    return row && recordOf(row)
  }

  async find(kind: string, index: string, value: string, limit: number): Promise<readonly StoredRecord[]> {
    const sql = `select r.* from merlon_record_indexes i join merlon_records r on r.kind = i.kind and r.id = i.id
      where i.kind = $1 and i.name = $2 and i.value = $3 order by i.id limit $4`
    return (await this.#rows(sql, [kind, index, value, limit])).map(recordOf)
  }

  async list(
    kind: string,
    { after = '', limit }: { readonly after?: string; readonly limit: number },
  ): Promise<readonly StoredRecord[]> {
    const sql = 'select * from merlon_records where kind = $1 and id > $2 order by id limit $3'
    return (await this.#rows(sql, [kind, after, limit])).map(recordOf)
  }

  async put(record: NewRecord, ifVersion?: number): Promise<number | undefined> {
    const { kind, id, json, family = null, expiresAtMs, indexes = {} } = record
    const expires = expiresAtMs === undefined ? null : Math.trunc(expiresAtMs)
    const isTold = this.#told?.includes(kind) ?? true
    const given = [kind, id, family, expires, json, Object.keys(indexes), Object.values(indexes), this.#own, isTold]
    const [row] =
      ifVersion === undefined
        ? await this.#rows(write, given)
        : ifVersion === 0
          ? await this.#rows(create, given)
          : await this.#rows(replace, [...given, ifVersion])
    return row && Number(row.version)
  }

  async createAll(records: readonly NewRecord[]): Promise<boolean> {
    try {
      await this.#count(createMany, manyOf(records))
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === uniqueViolation) return false
      throw error
    }
  }

  async putAll(records: readonly NewRecord[]): Promise<void> {
    const sql = `insert into merlon_records as r (kind, id, version, expires_ms, json)
      select kind, id, 1, expires_ms, json from unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) n(kind, id, expires_ms, json)
      on conflict (kind, id) do update set version = r.version + 1, expires_ms = excluded.expires_ms, json = excluded.json`
    await this.#pool.query(sql, manyOf(records))
  }

  async delete(kind: string, id: string): Promise<boolean> {
    return (await this.#count(remove, [kind, id])) > 0
  }

  async consume(kind: string, id: string, nowMs: number): Promise<boolean> {
    return (await this.#count(markUsed, [kind, id, Math.trunc(nowMs)])) > 0
  }

  deleteFamily(family: string): Promise<number> {
    return this.#count(removeFamily, [family])
  }

  /** Tells nobody: who looks at a record looks at its time as well. */
  async prune(nowMs: number): Promise<number> {
    const { rowCount } = await this.#pool.query('delete from merlon_records where expires_ms <= $1', [
      Math.trunc(nowMs),
    ])
    return rowCount ?? 0
  }

  async watch(watcher: RecordWatcher): Promise<void> {
    this.#listener = new PostgresListener(this.#url, this.#own, watcher)
    await this.#listener.start()
  }

  async close(): Promise<void> {
    await this.#listener?.close()
    if (!this.#pool.ended) await this.#pool.end()
  }

  async #rows(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return (await this.#pool.query<Row>(sql, [...values])).rows
  }

  async #count(sql: string, values: readonly unknown[]): Promise<number> {
    const given = [this.#own, this.#told, ...values]
    const { rows } = await this.#pool.query<{ readonly count: string }>(sql, given)
    return Number(rows[0]?.count)
  }
}

/** Column by column, for `unnest`. */
function manyOf(records: readonly NewRecord[]): unknown[] {
  const expires = records.map(({ expiresAtMs }) => (expiresAtMs === undefined ? null : Math.trunc(expiresAtMs)))
  const of = (name: 'kind' | 'id' | 'json') => records.map(record => record[name])
  return [of('kind'), of('id'), expires, of('json')]
}

function recordOf(row: Row): StoredRecord {
  return {
    kind: row.kind,
    id: row.id,
    version: Number(row.version),
    json: row.json,
    ...(row.family !== null && { family: row.family }),
    ...(row.expires_ms !== null && { expiresAtMs: Number(row.expires_ms) }),
    ...(row.consumed_ms !== null && { consumedAtMs: Number(row.consumed_ms) }),
  }
}
