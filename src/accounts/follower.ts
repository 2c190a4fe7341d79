// Follows what other gateways change in a store that they share, so that a key or token revoked at one is refused at all.
// When changes can't be heard of for too long, what we know may be out of date: workers are told, and let nobody in.

import type { RecordWatcher } from '../store/store.ts'

export interface FollowerOptions {
  /** How long we go on with what we know when changes are no longer heard of. */
  readonly staleAfterMs: number
  /** Reads one record again and takes over what it says. */
  readonly take: (kind: string, id: string) => Promise<void>
  /** Reads all again. */
  readonly takeAll: () => Promise<void>
  readonly onStale: (stale: boolean) => void
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void
}

/** More changes than this wait for nothing: all is read again in place of them. */
export const changesMax = 1000
const retryMs = 500

export class Follower implements RecordWatcher {
  readonly #options: FollowerOptions
  readonly #changes = new Map<string, readonly [kind: string, id: string]>()
  #wantsAll = false
  #isRunning = false
  #isLost = false
  #isStale = false
  #staleTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  changed(kind: string, id: string): void {
    if (this.#changes.size >= changesMax) this.#wantsAll = true
    else this.#changes.set(`${kind}\n${id}`, [kind, id])
    void this.#run()
  }

  lost(): void {
    this.#isLost = true
    this.#options.log('error', 'changes of other gateways are not heard of: the connection to the database broke')
    this.#countDown()
  }

  back(): void {
    this.#isLost = false
    this.#wantsAll = true
    void this.#run()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#staleTimer)
    clearTimeout(this.#retryTimer)
  }

  async #run(): Promise<void> {
    if (this.#isRunning || this.#isClosed) return
    this.#isRunning = true
    try {
      while (this.#wantsAll || this.#changes.size > 0) await this.#step()
      if (!this.#isLost) this.#current()
    } catch (error) {
      // What was not read may be a revocation.
      this.#wantsAll = true
      this.#options.log('warn', `changes of other gateways could not be read: ${String(error)}`)
      this.#countDown()
      this.#retryTimer = setTimeout(() => void this.#run(), retryMs).unref()
    } finally {
      this.#isRunning = false
    }
  }

  async #step(): Promise<void> {
    if (this.#wantsAll) {
      this.#wantsAll = false
      this.#changes.clear()
      await this.#options.takeAll()
      return
    }
    const [next] = this.#changes
    if (!next) return
    const [key, [kind, id]] = next
    this.#changes.delete(key)
    await this.#options.take(kind, id)
  }

  #countDown(): void {
    this.#staleTimer ??= setTimeout(() => {
      if (this.#isClosed) return
      this.#isStale = true
      this.#options.log(
        'error',
        'nobody is let in until the database is back: what is known of them may be out of date',
      )
      this.#options.onStale(true)
    }, this.#options.staleAfterMs).unref()
  }

  #current(): void {
    clearTimeout(this.#staleTimer)
    this.#staleTimer = undefined
    if (!this.#isStale) return
    this.#isStale = false
    this.#options.log('info', 'changes of other gateways are heard of again, and what was missed is read')
    this.#options.onStale(false)
  }
}
