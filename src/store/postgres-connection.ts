// How we speak to PostgreSQL: a few connections, bounded waits, TLS wherever the way leads off this machine.

import pg from 'pg'

/** Of one process. The main thread alone writes records, so few are enough. */
const connectionsMax = 8
/** Whoever waits longer gets an error: an answer that comes too late is worth nothing. */
const connectTimeoutMs = 5000
const statementTimeoutMs = 5000

/** @throws Error when it is no URL of PostgreSQL */
export function postgresOptions(url: string): pg.ClientConfig {
  const parsed = URL.parse(url)
  if (!parsed || (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:')) {
    throw new Error('the database is no URL as postgres://user:password@host/name')
  }
  const host = parsed.searchParams.get('host') ?? parsed.hostname
  const isNear = host === '' || host.startsWith('/') || host === 'localhost' || host === '[::1]' || /^127\./.test(host)
  const saysHow = parsed.searchParams.has('sslmode')
  return {
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: statementTimeoutMs + 1000,
    statement_timeout: statementTimeoutMs,
    application_name: 'merlon',
    keepAlive: true,
    ...(!isNear && !saysHow && { ssl: { rejectUnauthorized: true } }),
  }
}

export function openPool(url: string, onError: (message: string) => void): pg.Pool {
  const pool = new pg.Pool({ ...postgresOptions(url), max: connectionsMax, idleTimeoutMillis: 60_000 })
  // A connection that breaks while nobody uses it: the pool has dropped it already.
  pool.on('error', error => onError(`a connection to the database broke: ${error.message}`))
  return pool
}
