// Keeps what policies have permitted to whom, each once with the time of its last use, for a quarter of a year. Losing the
// last seconds of it when the gateway is killed hurts nobody.

import { createHash } from 'node:crypto'
import type { Records } from './store.ts'

export interface KeptUse {
  readonly key: string
  readonly atMs: number
}

const kind = 'policy-use'
const keptMs = 90 * 86_400_000
const pruneEveryMs = 3_600_000
/** Uses that are kept; past it new ones are left out, and that is said. */
export const usesMax = 100_000

export class UseKeeper {
  readonly #records: Records
  readonly #max: number
  readonly #known = new Set<string>()
  #prunedAtMs = 0
  #turn: Promise<void> = Promise.resolve()
  isFull = false

  private constructor(records: Records, max: number) {
    this.#records = records
    this.#max = max
  }

  static async open(records: Records, max = usesMax): Promise<UseKeeper> {
    const keeper = new UseKeeper(records, max)
    for await (const { id } of rows(records)) keeper.#known.add(id)
    return keeper
  }

  add(uses: readonly KeptUse[]): Promise<void> {
    this.#turn = this.#turn.then(() => this.#add(uses))
    const done = this.#turn
    this.#turn = done.catch(() => {})
    return done
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#records.close()
  }

  async #add(uses: readonly KeptUse[]): Promise<void> {
    const records = []
    for (const { key, atMs } of uses) {
      const id = createHash('sha256').update(key).digest('base64url')
      if (!this.#known.has(id) && this.#known.size >= this.#max) {
        this.isFull = true
        continue
      }
      this.#known.add(id)
      records.push({ kind, id, json: JSON.stringify({ key, atMs }), expiresAtMs: atMs + keptMs })
    }
    if (records.length > 0) await this.#records.putAll(records)
    const nowMs = Date.now()
    if (nowMs - this.#prunedAtMs < pruneEveryMs) return
    this.#prunedAtMs = nowMs
    if ((await this.#records.prune(nowMs)) === 0) return
    this.#known.clear()
    for await (const { id } of rows(this.#records)) this.#known.add(id)
  }
}

/** All that is kept. */
export async function readUses(records: Records): Promise<readonly KeptUse[]> {
  const uses: KeptUse[] = []
  for await (const { json } of rows(records)) uses.push(JSON.parse(json) as KeptUse)
  return uses
}

async function* rows(records: Records) {
  const limit = 1000
  for (let after = ''; ; ) {
    const page = await records.list(kind, { after, limit })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < limit) return
    after = last.id
  }
}
