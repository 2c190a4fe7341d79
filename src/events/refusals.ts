// Connections that are closed before anything was read have no exchange, and a flood of them must not be a flood of
// events: one event a cause and ten seconds tells of them all.

import type { StoredEvent } from '../store/store.ts'
import { systemEvent } from './system-event.ts'

const everyMs = 10_000

interface Counted {
  toldMs: number
  untold: number
}

export class Refusals {
  readonly #counts = new Map<string, Counted>()
  readonly #push: (event: StoredEvent) => void
  readonly #nextReference: () => string

  constructor(push: (event: StoredEvent) => void, nextReference: () => string) {
    this.#push = push
    this.#nextReference = nextReference
  }

  /** @param cause One of a few: the name of a limit. */
  add(cause: string, clientIp: string, nowMs: number): void {
    const count = this.#counts.get(cause) ?? { toldMs: Number.NEGATIVE_INFINITY, untold: 0 }
    this.#counts.set(cause, count)
    count.untold++
    if (nowMs - count.toldMs < everyMs) return
    const many = count.untold === 1 ? 'a connection was' : `${count.untold} connections were`
    const detail = `${many} refused by ${cause}, the last one of ${clientIp}`
    this.#push(systemEvent('connection.refused', detail, this.#nextReference(), nowMs))
    count.toldMs = nowMs
    count.untold = 0
  }
}
