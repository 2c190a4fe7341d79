// Weighs sightings of rich text until a field is known to hold it: many clients, over days, none of which was refused as
// an attacker. Lives in the main thread and keeps what it knows in the store. Clients are kept as keyed hashes alone.

import { createHmac, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { LearnedField, RichTextSighting } from '../pipeline/learned.ts'
import type { Records } from '../store/store.ts'
import type { Sightings } from './sighting-outbox.ts'

const dayMs = 86_400_000
/** A field that nobody has written to for so long is forgotten. */
const keptMs = 90 * dayMs
const pruneEveryMs = 3_600_000
/** Distinct days on which it was written to, whatever the span. */
const daysSeen = 3
/** Fields that are being watched. */
export const candidatesMax = 2000
/** Fields that are learned; then no more are. */
export const learnedMax = 500
/** Clients that were refused, remembered for a day. */
export const offendersMax = 10_000

const candidateKind = 'rich-text-candidate'
const learnedKind = 'rich-text-field'
const saltKind = 'rich-text-salt'

export function learnedPath(stateDir: string): string {
  return join(stateDir, 'learned.db')
}

/** Told of fields that are known from now on. */
type OnLearned = (fields: readonly LearnedField[]) => void
type OnError = (error: unknown) => void

interface Candidate {
  readonly key: string
  readonly clients: Set<string>
  readonly days: Set<number>
  firstMs: number
  lastMs: number
}

export class RichTextLearner {
  readonly #records: Records
  readonly #salt: string
  readonly #onLearned: OnLearned
  readonly #onError: OnError
  readonly #candidates = new Map<string, Candidate>()
  readonly #learned = new Map<string, LearnedField>()
  readonly #offenders = new Map<string, number>()
  /** Keys of candidates that made room. */
  readonly #evicted: string[] = []
  #prunedAtMs = 0
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(records: Records, salt: string, onLearned: OnLearned, onError: OnError) {
    this.#records = records
    this.#salt = salt
    this.#onLearned = onLearned
    this.#onError = onError
  }

  static async open(records: Records, onLearned: OnLearned, onError: OnError): Promise<RichTextLearner> {
    const [known] = await records.list(saltKind, { limit: 1 })
    const salt = known ? (JSON.parse(known.json) as { salt: string }).salt : randomBytes(16).toString('base64url')
    if (!known) await records.putAll([{ kind: saltKind, id: 'salt', json: JSON.stringify({ salt }) }])
    const learner = new RichTextLearner(records, salt, onLearned, onError)
    for (const field of await readLearned(records)) learner.#learned.set(keyOf(field), field)
    for await (const { json } of rows(records, candidateKind)) {
      if (learner.#candidates.size >= candidatesMax) break
      const { key, clients, days, firstMs, lastMs } = JSON.parse(json)
      learner.#candidates.set(key, { key, clients: new Set(clients), days: new Set(days), firstMs, lastMs })
    }
    return learner
  }

  get fields(): readonly LearnedField[] {
    return [...this.#learned.values()]
  }

  take(sightings: Sightings): void {
    this.#turn = this.#turn
      .then(() => this.#add(sightings))
      .then(
        learned => void (learned.length > 0 && this.#onLearned(learned)),
        error => this.#onError(error),
      )
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#records.close()
  }

  async #add({ seen, offended }: Sightings): Promise<readonly LearnedField[]> {
    const changed = new Set<Candidate>()
    for (const [client, atMs] of offended) this.#forgetClient(this.#hash(client), atMs, changed)
    const learned: LearnedField[] = []
    for (const sighting of seen) {
      const candidate = this.#note(sighting)
      if (!candidate) continue
      changed.add(candidate)
      if (!isEnough(candidate, sighting) || this.#learned.size >= learnedMax) continue
      const { route, method, path, field, atMs } = sighting
      const known = { route, method, path, field, learnedAtMs: atMs, clients: candidate.clients.size }
      this.#learned.set(candidate.key, known)
      learned.push(known)
    }
    await this.#store(changed, learned)
    return learned
  }

  #note(sighting: RichTextSighting): Candidate | undefined {
    const { client, clients, atMs } = sighting
    const key = keyOf(sighting)
    const hash = this.#hash(client)
    const offendedMs = this.#offenders.get(hash)
    if (this.#learned.has(key) || (offendedMs !== undefined && atMs - offendedMs < dayMs)) return undefined
    const candidate = this.#candidates.get(key) ?? this.#watch(key, atMs)
    if (candidate.clients.size < clients) candidate.clients.add(hash)
    if (candidate.days.size < daysSeen) candidate.days.add(Math.floor(atMs / dayMs))
    candidate.lastMs = Math.max(candidate.lastMs, atMs)
    return candidate
  }

  /** A new field takes the place of the one that fewest clients have written to: made-up fields have one each. */
  #watch(key: string, atMs: number): Candidate {
    if (this.#candidates.size >= candidatesMax) {
      let least: Candidate | undefined
      for (const one of this.#candidates.values()) {
        const order = least ? one.clients.size - least.clients.size || one.lastMs - least.lastMs : -1
        if (order < 0) least = one
      }
      if (least) {
        this.#candidates.delete(least.key)
        this.#evicted.push(least.key)
      }
    }
    const made = { key, clients: new Set<string>(), days: new Set<number>(), firstMs: atMs, lastMs: atMs }
    this.#candidates.set(key, made)
    return made
  }

  #forgetClient(hash: string, atMs: number, changed: Set<Candidate>): void {
    this.#offenders.delete(hash)
    if (this.#offenders.size >= offendersMax) {
      const [oldest] = this.#offenders.keys()
      if (oldest !== undefined) this.#offenders.delete(oldest)
    }
    this.#offenders.set(hash, atMs)
    for (const candidate of this.#candidates.values()) if (candidate.clients.delete(hash)) changed.add(candidate)
  }

  async #store(changed: ReadonlySet<Candidate>, learned: readonly LearnedField[]): Promise<void> {
    const records = [
      ...learned.map(field => ({ kind: learnedKind, id: idOf(keyOf(field)), json: JSON.stringify(field) })),
      ...[...changed]
        .filter(({ key }) => this.#candidates.has(key))
        .map(candidate => ({
          kind: candidateKind,
          id: idOf(candidate.key),
          json: JSON.stringify({ ...candidate, clients: [...candidate.clients], days: [...candidate.days] }),
          expiresAtMs: candidate.lastMs + keptMs,
        })),
    ]
    if (records.length > 0) await this.#records.putAll(records)
    for (const field of learned) {
      this.#candidates.delete(keyOf(field))
      this.#evicted.push(keyOf(field))
    }
    for (const key of this.#evicted.splice(0)) await this.#records.delete(candidateKind, idOf(key))
    const nowMs = Date.now()
    if (nowMs - this.#prunedAtMs < pruneEveryMs) return
    this.#prunedAtMs = nowMs
    await this.#records.prune(nowMs)
  }

  #hash(client: string): string {
    return createHmac('sha256', this.#salt).update(client).digest('base64url').slice(0, 16)
  }
}

/** What was learned so far, by whoever asks. */
export async function readLearned(records: Records): Promise<readonly LearnedField[]> {
  const fields: LearnedField[] = []
  for await (const { json } of rows(records, learnedKind)) fields.push(JSON.parse(json) as LearnedField)
  return fields
}

/** In words, for its event. */
export function richTextLearned({ route, method, path, field, clients }: LearnedField): string {
  const value = path.indexOf('{}')
  const place = value < 0 ? path : `${path.slice(0, value)}*`
  return (
    `${field} of ${method} ${path} on route ${route} holds rich text, as ${clients} clients show. ` +
    `Where guards.waf.learnRichText.mode is apply it is treated so from now on; by hand it is ` +
    `richText: [{ path: ${JSON.stringify(place)}, field: ${JSON.stringify(field)} }]`
  )
}

function isEnough({ clients, days, firstMs, lastMs }: Candidate, wanted: RichTextSighting): boolean {
  return (
    clients.size >= wanted.clients &&
    lastMs - firstMs >= wanted.days * dayMs &&
    days.size >= Math.min(daysSeen, wanted.days + 1)
  )
}

function keyOf({ route, method, path, field }: Pick<LearnedField, 'route' | 'method' | 'path' | 'field'>): string {
  return JSON.stringify([route, method, path, field])
}

function idOf(key: string): string {
  return createHmac('sha256', '').update(key).digest('base64url')
}

async function* rows(records: Records, kind: string) {
  const limit = 500
  for (let after = ''; ; ) {
    const page = await records.list(kind, { after, limit })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < limit) return
    after = last.id
  }
}
