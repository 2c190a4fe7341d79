// Keeps the counts of quotas over a restart: what has changed is written every second, in few transactions, and all of it
// when the gateway stops. A gateway that is killed forgets what was counted since the last write, and nothing else.

import { randomBytes } from 'node:crypto'
import { countOf, createSharedQuotas, endOf, SharedQuotas } from './quotas-shared.ts'
import type { NewRecord, Records } from './store.ts'

/** What a gateway that is killed forgets at the most. */
export const quotaFlushMs = 1000
const batch = 500
const kind = 'quota'
const seedRecord = { kind: 'quota-seed', id: 'seed' }

export class QuotaKeeper {
  readonly buffer: SharedArrayBuffer
  readonly #quotas: SharedQuotas
  readonly #records: Records
  readonly #onError: (error: unknown) => void
  /** What was last written, by slot. */
  readonly #written = new Map<number, bigint>()
  #changes = 0
  #writing: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  private constructor(records: Records, buffer: SharedArrayBuffer, onError: (error: unknown) => void) {
    this.#records = records
    this.buffer = buffer
    this.#quotas = new SharedQuotas(buffer)
    this.#onError = onError
    this.#timer = setInterval(() => void this.flush(), quotaFlushMs)
    this.#timer.unref()
  }

  /** @param records Its own, not shared with other gateways: counts are those of this one. */
  static async open(records: Records, onError: (error: unknown) => void, nowMs = Date.now()): Promise<QuotaKeeper> {
    const keeper = new QuotaKeeper(records, createSharedQuotas(await seedOf(records)), onError)
    await keeper.#restore(Math.floor(nowMs / 1000))
    return keeper
  }

  /** Writes what has changed. */
  flush(nowMs = Date.now()): Promise<void> {
    this.#writing = this.#writing.then(() => this.#flush(nowMs)).catch(this.#onError)
    return this.#writing
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
    await this.#records.close()
  }

  async #flush(nowMs: number): Promise<void> {
    const { changes } = this.#quotas
    if (changes === this.#changes) return
    const nowS = Math.floor(nowMs / 1000)
    let rows: NewRecord[] = []
    const done: [slot: number, word: bigint][] = []
    for (const { slot, hash, word } of this.#quotas.entries()) {
      if (this.#written.get(slot) === word || endOf(word) <= nowS) continue
      const id = BigInt.asUintN(64, hash).toString(16)
      rows.push({ kind, id, json: String(countOf(word)), expiresAtMs: endOf(word) * 1000 })
      done.push([slot, word])
      if (rows.length < batch) continue
      await this.#records.putAll(rows)
      rows = []
    }
    if (rows.length > 0) await this.#records.putAll(rows)
    for (const [slot, word] of done) this.#written.set(slot, word)
    this.#changes = changes
    await this.#records.prune(nowMs)
  }

  async #restore(nowS: number): Promise<void> {
    for (let after = ''; ; ) {
      const page = await this.#records.list(kind, { after, limit: batch })
      for (const { id, json, expiresAtMs = 0 } of page) {
        const endS = Math.floor(expiresAtMs / 1000)
        if (endS > nowS) this.#quotas.restore(BigInt(`0x${id}`), endS, Number(json), nowS)
      }
      const last = page.at(-1)
      if (!last || page.length < batch) return
      after = last.id
    }
  }
}

/** Hashes must mean the same after a restart, and nobody may choose keys that collide. */
async function seedOf(records: Records): Promise<Uint8Array> {
  const known = await records.get(seedRecord.kind, seedRecord.id)
  if (known) return Buffer.from(known.json, 'base64')
  const seed = randomBytes(16)
  await records.put({ ...seedRecord, json: seed.toString('base64') }, 0)
  return seed
}
