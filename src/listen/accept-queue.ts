// Connections that the kernel has made for us wait in a queue until a worker takes them (`limits.acceptQueue`). When
// workers are too busy to, the queue is full and the kernel drops who comes: clients see a slow or dead service, and
// nothing of it reaches the gateway. Linux counts the drops, for all programs of this network namespace together.

import { readFileSync } from 'node:fs'

const file = '/proc/net/netstat'

export class AcceptQueue {
  readonly #read: () => string
  readonly #atStart: number | undefined
  #overflows = 0

  constructor(read: () => string = () => readFileSync(file, 'latin1')) {
    this.#read = read
    this.#atStart = this.#count()
  }

  /** Drops since the start, as of the last look; undefined where nobody counts them. */
  get overflows(): number | undefined {
    return this.#atStart === undefined ? undefined : this.#overflows
  }

  /** Looks again. @returns drops since the look before */
  look(): number {
    const count = this.#count()
    if (count === undefined || this.#atStart === undefined) return 0
    const before = this.#overflows
    this.#overflows = Math.max(before, count - this.#atStart)
    return this.#overflows - before
  }

  #count(): number | undefined {
    try {
      return listenOverflows(this.#read())
    } catch {
      return undefined // not Linux
    }
  }
}

/** Two lines begin with `TcpExt:`: names, then values. */
function listenOverflows(text: string): number | undefined {
  const [names, values] = text
    .split('\n')
    .filter(line => line.startsWith('TcpExt:'))
    .map(line => line.split(' '))
  const at = names?.indexOf('ListenOverflows') ?? -1
  const value = at < 0 ? Number.NaN : Number(values?.[at])
  return Number.isSafeInteger(value) ? value : undefined
}
