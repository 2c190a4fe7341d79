// For tests: a port that must be known before anybody listens there. A port that the system gave and that was closed
// again may be given to another test, or to an outgoing connection, before it is used. So these come from below the range
// that systems give from by themselves (Linux: 32768 on, others: 49152 on), and belong to one process until it ends.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const first = 20_000
const count = 12_000

/** One for each user: what another has made can't be written to. */
const claims = join(tmpdir(), `merlon-test-ports-${process.getuid?.() ?? ''}`)
const mine: string[] = []

export async function freePort(): Promise<number> {
  mkdirSync(claims, { recursive: true })
  const start = Math.floor(Math.random() * count)
  for (let i = 0; i < count; i++) {
    const port = first + ((start + i) % count)
    if (claim(port) && (await isFree(port))) return port
  }
  throw new Error('no port is free')
}

/** A port that nobody listens at is still claimed by who was told of it. */
function claim(port: number): boolean {
  const file = join(claims, String(port))
  for (const isLast of [false, true]) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      if (mine.length === 0) process.once('exit', giveBack)
      mine.push(file)
      return true
    } catch {
      // One that was killed could not give it back.
      if (isLast || isAlive(file)) return false
      rmSync(file, { force: true })
    }
  }
  return false
}

function giveBack(): void {
  for (const file of mine) rmSync(file, { force: true })
}

function isAlive(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    if (pid > 0) process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}
