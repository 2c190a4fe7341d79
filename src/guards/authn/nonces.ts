// Nonces for DPoP proofs (RFC 9449 §9): a time and a code over it, so that no worker has to remember which were given.

import { createHmac, timingSafeEqual } from 'node:crypto'

/** How long one is good. */
export const nonceTtlMs = 300_000
/** A client gets a new one when its own is this old, long before it is refused. */
const renewMs = 60_000
const timeBytes = 6
const codeBytes = 16

export class Nonces {
  readonly #secret: Uint8Array
  /** The one that is given out, and since when. */
  #current = ''
  #currentMs = Number.NEGATIVE_INFINITY

  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** One to give out now. */
  next(nowMs: number): string {
    if (Math.abs(nowMs - this.#currentMs) > renewMs) {
      const time = Buffer.alloc(timeBytes)
      time.writeUIntBE(nowMs, 0, timeBytes)
      this.#current = Buffer.concat([time, this.#code(time)]).toString('base64url')
      this.#currentMs = nowMs
    }
    return this.#current
  }

  /** When it was made, if it was made here and is still good; whether it is time for another. */
  check(nonce: string, nowMs: number): { readonly madeMs: number; readonly isOld: boolean } | undefined {
    if (nonce.length > 64) return undefined
    const bytes = Buffer.from(nonce, 'base64url')
    if (bytes.length !== timeBytes + codeBytes) return undefined
    const time = bytes.subarray(0, timeBytes)
    if (!timingSafeEqual(this.#code(time), bytes.subarray(timeBytes))) return undefined
    const madeMs = time.readUIntBE(0, timeBytes)
    const ageMs = nowMs - madeMs
    // Workers share one clock; a nonce from the future was made before the clock was set back.
    return ageMs > nonceTtlMs || ageMs < -renewMs ? undefined : { madeMs, isOld: ageMs > renewMs }
  }

  #code(time: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(time).digest().subarray(0, codeBytes)
  }
}
