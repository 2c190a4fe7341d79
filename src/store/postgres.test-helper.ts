// For tests: a PostgreSQL server of their own, on loopback, in a folder of its own. Started from the binaries that the
// system has; PostgreSQL does not run as root, so root starts it as the user `postgres`.

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../lib/free-port.test-helper.ts'

const bin = globSync('/usr/lib/postgresql/*/bin/initdb')
  .sort()
  .at(-1)
  ?.replace(/\/initdb$/, '')

/** Why there is none, if so. */
export function postgresMissing(): string | false {
  if (bin === undefined) return 'PostgreSQL is not installed (apt: postgresql)'
  if (process.getuid?.() !== 0) return false
  return existsSync('/usr/sbin/runuser') || existsSync('/sbin/runuser')
    ? false
    : 'root needs runuser to start PostgreSQL'
}

export interface TestPostgres {
  /** Makes an empty database and gives its URL. */
  database(): string
  /** Immediately, as a crash. */
  stop(): void
  start(): void
  close(): void
}

export async function startPostgres(): Promise<TestPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-pg-'))
  const isRoot = process.getuid?.() === 0
  const run = (program: string, ...args: string[]) => {
    const whole = [join(String(bin), program), ...args]
    const [file = '', ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', ...whole] : whole
    return execFileSync(file, rest, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  }
  if (isRoot) chownSync(dir, Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' })), 0)
  chmodSync(dir, 0o700)
  const data = join(dir, 'data')
  const port = await freePort()
  run('initdb', '-D', data, '-A', 'trust', '-U', 'merlon', '--no-sync', '-E', 'UTF8')
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${dir}`
  const start = () => run('pg_ctl', '-D', data, '-w', '-s', '-l', join(dir, 'log'), '-o', options, 'start')
  const stop = () => run('pg_ctl', '-D', data, '-w', '-s', '-m', 'immediate', 'stop')
  start()
  let databases = 0
  return {
    database: () => {
      const name = `test${databases++}`
      run('createdb', '-h', '127.0.0.1', '-p', String(port), '-U', 'merlon', name)
      return `postgres://merlon@127.0.0.1:${port}/${name}`
    },
    start,
    stop,
    close: () => {
      try {
        stop()
      } catch {
        // not running
      }
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
