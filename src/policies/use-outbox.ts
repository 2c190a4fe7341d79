// A worker's uses of policies on their way to the main thread: each once a minute at the most, some seconds late.

import { type PolicyUse, useKey } from '../pipeline/policy-use.ts'

const againMs = 60_000
const flushMs = 5000
/** Uses that are remembered to have been told. */
const rememberedMax = 20_000

export class UseOutbox {
  readonly #post: (uses: readonly { readonly key: string; readonly atMs: number }[]) => void
  readonly #told = new Map<string, number>()
  readonly #waiting = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(post: (uses: readonly { readonly key: string; readonly atMs: number }[]) => void) {
    this.#post = post
  }

  add(use: PolicyUse): void {
    const key = useKey(use)
    if (use.atMs - (this.#told.get(key) ?? 0) < againMs) return
    if (this.#told.size >= rememberedMax) this.#told.clear()
    this.#told.set(key, use.atMs)
    this.#waiting.set(key, use.atMs)
    this.#timer ??= setTimeout(() => this.flush(), flushMs).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    this.#post([...this.#waiting].map(([key, atMs]) => ({ key, atMs })))
    this.#waiting.clear()
  }
}
