// The tables in PostgreSQL, and how they come to be. Each step is applied once, in order, under a lock, whichever of
// several gateways comes first.

import type pg from 'pg'

/** Never changed, only added to. `collate "C"`: ids are ordered by bytes, as in SQLite. */
const steps: readonly string[] = [
  `create table merlon_records (
     kind text collate "C" not null,
     id text collate "C" not null,
     version bigint not null,
     family text collate "C",
     expires_ms bigint,
     consumed_ms bigint,
     json text not null,
     primary key (kind, id)
   );
   create index merlon_records_by_family on merlon_records (family) where family is not null;
   create index merlon_records_by_expiry on merlon_records (expires_ms) where expires_ms is not null;
   create table merlon_record_indexes (
     kind text collate "C" not null,
     name text collate "C" not null,
     value text collate "C" not null,
     id text collate "C" not null,
     primary key (kind, name, value, id),
     foreign key (kind, id) references merlon_records (kind, id) on delete cascade
   );
   create index merlon_record_indexes_by_record on merlon_record_indexes (kind, id);`,
]

/** Any number that nobody else takes for a lock in this database. */
const migrationLock = 7_268_401_952

/** @throws Error when the tables are of a newer version */
export async function migrate(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(${migrationLock})`)
    await client.query('create table if not exists merlon_schema (version integer not null)')
    const { rows } = await client.query('select version from merlon_schema')
    const version = Number(rows[0]?.version ?? 0)
    if (version > steps.length) throw new Error('the database was written by a newer version of Merlon')
    if (version < steps.length) {
      for (const step of steps.slice(version)) await client.query(step)
      await client.query('delete from merlon_schema')
      await client.query('insert into merlon_schema values ($1)', [steps.length])
    }
    await client.query('commit')
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error))
    throw error
  } finally {
    client.release(broken) // one that failed is not used again, so nothing stays open in it
  }
}
