// A worker's sightings of rich text on their way to the main thread: each client and field once a day, some seconds late.

import type { RichTextReports, RichTextSighting } from '../pipeline/learned.ts'

export interface Sightings {
  readonly seen: readonly RichTextSighting[]
  /** Clients that were refused, and when. */
  readonly offended: readonly (readonly [client: string, atMs: number])[]
}

const flushMs = 5000
const dayMs = 86_400_000
const hourMs = 3_600_000
/** What is remembered to have been told; then all of it is forgotten, which costs messages alone. */
export const rememberedMax = 20_000
/** What waits to be told; more is left out, and will be seen again. */
export const waitingMax = 2000

export class SightingOutbox implements RichTextReports {
  readonly #post: (sightings: Sightings) => void
  readonly #told = new Map<string, number>()
  #seen: RichTextSighting[] = []
  #offended: [client: string, atMs: number][] = []
  #timer: NodeJS.Timeout | undefined

  constructor(post: (sightings: Sightings) => void) {
    this.#post = post
  }

  seen(sighting: RichTextSighting): void {
    const { route, method, path, field, client, atMs } = sighting
    if (this.#seen.length >= waitingMax) return
    if (!this.#isNew(JSON.stringify([route, method, path, field, client]), Math.floor(atMs / dayMs))) return
    this.#seen.push(sighting)
    this.#wait()
  }

  offended(client: string, atMs: number): void {
    if (this.#offended.length >= waitingMax) return
    if (!this.#isNew(client, Math.floor(atMs / hourMs))) return
    this.#offended.push([client, atMs])
    this.#wait()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#seen.length === 0 && this.#offended.length === 0) return
    this.#post({ seen: this.#seen, offended: this.#offended })
    this.#seen = []
    this.#offended = []
  }

  #isNew(key: string, period: number): boolean {
    if (this.#told.get(key) === period) return false
    if (this.#told.size >= rememberedMax) this.#told.clear()
    this.#told.set(key, period)
    return true
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => this.flush(), flushMs).unref()
  }
}
