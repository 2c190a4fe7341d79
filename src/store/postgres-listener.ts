// Hears of every change that other gateways make, over a connection of its own (LISTEN). Asks every second whether the
// connection still lives, because one that died in silence would keep revocations from us, and connects anew for ever.

import pg from 'pg'
import { postgresOptions } from './postgres-connection.ts'
import type { RecordWatcher } from './store.ts'

export const channel = 'merlon_records'

const beatEveryMs = 750
const beatTimeoutMs = 750
const firstBackOffMs = 100
const lastBackOffMs = 2000

export class PostgresListener {
  readonly #url: string
  readonly #watcher: RecordWatcher
  readonly #own: string
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #isLost = false
  #isClosed = false
  #failures = 0

  /** @param own Marks our own changes, which we know of already. */
  constructor(url: string, own: string, watcher: RecordWatcher) {
    this.#url = url
    this.#own = own
    this.#watcher = watcher
  }

  /** @throws Error when there is no connection at first */
  async start(): Promise<void> {
    await this.#connect()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ ...postgresOptions(this.#url), query_timeout: beatTimeoutMs * 4 })
    client.on('error', () => this.#lose(client))
    client.on('end', () => this.#lose(client))
    client.on('notification', ({ payload = '' }) => this.#hear(payload))
    await client.connect()
    if (this.#isClosed) return void client.end().catch(() => {})
    this.#client = client
    await client.query(`listen ${channel}`)
    this.#failures = 0
    if (this.#isLost) {
      this.#isLost = false
      this.#watcher.back()
    }
    this.#beatLater(client)
  }

  #hear(payload: string): void {
    const [from = '', kind = '', id = ''] = payload.split('\n')
    if (from !== this.#own) this.#watcher.changed(kind, id)
  }

  #beatLater(client: pg.Client): void {
    this.#timer = setTimeout(async () => {
      const deadline = setTimeout(() => this.#lose(client), beatTimeoutMs)
      try {
        await client.query('select 1')
        clearTimeout(deadline)
        if (this.#client === client) this.#beatLater(client)
      } catch {
        clearTimeout(deadline)
        this.#lose(client)
      }
    }, beatEveryMs).unref()
  }

  #lose(client: pg.Client): void {
    if (this.#isClosed || this.#client !== client) return
    this.#client = undefined
    clearTimeout(this.#timer)
    void client.end().catch(() => {})
    if (!this.#isLost) {
      this.#isLost = true
      this.#watcher.lost()
    }
    this.#again()
  }

  #again(): void {
    const waitMs = Math.min(lastBackOffMs, firstBackOffMs * 2 ** Math.min(this.#failures++, 10))
    this.#timer = setTimeout(() => {
      this.#connect().catch(() => {
        if (!this.#isClosed) this.#again()
      })
    }, waitMs).unref()
  }
}
