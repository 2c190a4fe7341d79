// A whole gateway in this process, workers and all, before a back end of the test; what it says and stores is at hand.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Config } from '../../src/config/config.ts'
import { parseConfig } from '../../src/config/load.ts'
import { type Gateway, journalPath, startGateway } from '../../src/gateway.ts'
import { openSqliteJournal } from '../../src/store/journal-sqlite.ts'
import type { EventFilter, StoredEvent } from '../../src/store/store.ts'

export interface RunningGateway {
  readonly gateway: Gateway
  readonly url: string
  readonly dir: string
  /** The config of this gateway with some of its sections changed. */
  config(change?: object): Config
  /** Waits until that many events that fit are stored. */
  events(count: number, filter?: Partial<EventFilter>): Promise<readonly StoredEvent[]>
  readonly logged: string[]
}

async function startBackend(t: TestContext, handler: RequestListener): Promise<string> {
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export async function startTestGateway(
  t: TestContext,
  sections: object = {},
  handler: RequestListener = (_req, res) => res.end('ok'),
): Promise<RunningGateway> {
  const backend = await startBackend(t, handler)
  const dir = mkdtempSync(join(tmpdir(), 'merlon-e2e-'))
  const config = (change: object = {}) => {
    const document = {
      listen: [{ http: '127.0.0.1:0' }],
      upstreams: { app: { servers: [backend] } },
      routes: [{ name: 'app', to: 'app' }],
      store: { state: './state' },
      admin: { listen: '127.0.0.1:0' },
      workers: 2,
      ...sections,
      ...change,
    }
    const parsed = parseConfig(JSON.stringify(document), { file: 'merlon.yaml', dir })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    return parsed.config
  }
  const logged: string[] = []
  const started = await startGateway(config(), { log: (level, message) => logged.push(`${level}: ${message}`) })
  if (!started.ok) throw new Error(JSON.stringify(started.problems))
  const { gateway } = started
  t.after(async () => {
    await gateway.stop()
    rmSync(dir, { recursive: true })
  })
  const url = `http://127.0.0.1:${gateway.listening[0]?.port}`
  const events = async (count: number, filter: Partial<EventFilter> = {}) => {
    const journal = openSqliteJournal(journalPath(join(dir, 'state')), { readOnly: true })
    try {
      for (let waitedMs = 0; ; waitedMs += 20) {
        const found = journal.query({ order: 'oldest-first', limit: 1000, ...filter })
        if (found.length >= count || waitedMs > 30_000) return found
        await delay(20)
      }
    } finally {
      journal.close()
    }
  }
  return { gateway, url, dir, config, events, logged }
}

export function delay(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

export interface LoadResult {
  readonly statuses: Map<number, number>
  readonly errors: string[]
}

/** Sends requests over several connections, one after another on each, until that is enough. */
export async function sendUntil(
  isEnough: () => boolean,
  connections: number,
  send: () => Promise<number>,
): Promise<LoadResult> {
  const statuses = new Map<number, number>()
  const errors: string[] = []
  const one = async () => {
    while (!isEnough()) {
      try {
        const status = await send()
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      } catch (error) {
        errors.push(error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error))
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  return { statuses, errors }
}
