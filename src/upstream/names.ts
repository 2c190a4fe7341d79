// Keeps the servers of an upstream in step with DNS: a name is looked up at an interval, and each of its addresses is a
// server by itself. What can't be looked up leaves everything as it was.

import { lookup } from 'node:dns/promises'

export type LookUp = (name: string) => Promise<readonly string[]>

/** Addresses of one name that are used; a name with more of them is cut. */
const addressesMax = 64

export interface NameWatchOptions {
  readonly name: string
  readonly everyMs: number
  readonly lookUp?: LookUp | undefined
  /** Called when the addresses are others than before. */
  readonly onChange: (addresses: readonly string[]) => void
}

export class NameWatch {
  readonly #options: NameWatchOptions
  readonly #lookUp: LookUp
  #known = ''
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: NameWatchOptions) {
    this.#options = options
    this.#lookUp = options.lookUp ?? systemLookUp
    void this.#look()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    const { name, everyMs, onChange } = this.#options
    const found = await this.#lookUp(name).catch(() => [])
    if (this.#closed) return
    const addresses = [...new Set(found)].sort().slice(0, addressesMax)
    const key = addresses.join(' ')
    if (addresses.length > 0 && key !== this.#known) {
      this.#known = key
      onChange(addresses)
    }
    this.#timer = setTimeout(() => void this.#look(), everyMs)
    this.#timer.unref()
  }
}

async function systemLookUp(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address)
}
