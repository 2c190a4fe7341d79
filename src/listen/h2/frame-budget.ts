// What an HTTP/2 client may do besides asking: frames that cost us work and bring no request forward have a budget a
// connection (CVE-2023-44487, CVE-2024-27316, CVE-2019-9511 to 9518). The first budget that is over says so, once.

import type { LimitName, Limits } from '../../pipeline/limits.ts'
import { type FrameHead, type FrameVisitor, frameFlags, frameTypes } from './frame-reader.ts'

export interface Overdrawn {
  readonly limit: LimitName
  readonly code: `http2.${string}`
  readonly detail: string
}

const windowMs = 30_000

/** Counts within 30 s. */
class Budget {
  readonly #limit: LimitName
  readonly #code: Overdrawn['code']
  #count = 0
  #startMs = 0

  constructor(limit: LimitName, code: Overdrawn['code']) {
    this.#limit = limit
    this.#code = code
  }

  /** @param earned What is free of charge. */
  take(limits: Limits, nowMs: number, earned = 0): Overdrawn | undefined {
    if (nowMs - this.#startMs >= windowMs) {
      this.#startMs = nowMs
      this.#count = 0
    }
    this.#count++
    if (this.#count <= limits[this.#limit] + earned) return undefined
    return { limit: this.#limit, code: this.#code, detail: `more than ${limits[this.#limit]} within 30 s` }
  }
}

export class FrameBudget implements FrameVisitor {
  overdrawn: Overdrawn | undefined
  /** Since when we wait for the first frame, or for the end of a header block; undefined between blocks. */
  blockSinceMs: number | undefined
  /** Set by what sends: pays for WINDOW_UPDATE frames. */
  sentBytes = 0
  readonly #limits: () => Limits
  readonly #now: () => number
  readonly #seen: FrameVisitor | undefined
  #begun = false
  #continuations = 0
  readonly #badHeads = new Budget('http2BadHeads', 'http2.bad-heads')
  readonly #refused = new Budget('http2Refused', 'http2.refused')
  readonly #resets = new Budget('http2Resets', 'http2.resets')
  readonly #control = new Budget('http2ControlFrames', 'http2.control-frames')
  readonly #empty = new Budget('http2EmptyFrames', 'http2.empty-frames')
  readonly #updates = new Budget('http2WindowUpdates', 'http2.window-updates')

  /** @param seen Sees every frame first, and may ask for payloads. */
  constructor(limits: () => Limits, now: () => number, seen?: FrameVisitor) {
    this.#limits = limits
    this.#now = now
    this.#seen = seen
    this.blockSinceMs = now()
  }

  head(frame: FrameHead): number {
    const { type, flags, length } = frame
    if (!this.#begun) {
      this.#begun = true
      this.blockSinceMs = undefined
    }
    const wanted = this.#seen?.head(frame) ?? 0
    switch (type) {
      case frameTypes.data:
        if ((flags & frameFlags.padded) !== 0 && length <= 256) return Math.max(wanted, 1)
        if (length === 0 && (flags & frameFlags.endStream) === 0) this.#emptyFrame()
        break
      case frameTypes.headers:
        this.#continuations = 0
        this.#blockPart(flags)
        break
      case frameTypes.continuation:
        this.#continued()
        this.#blockPart(flags)
        break
      case frameTypes.resetStream:
        this.reset()
        break
      case frameTypes.windowUpdate:
        this.#overdraw(this.#updates.take(this.#limits(), this.#now(), Math.floor(this.sentBytes / 1024)))
        break
      default:
        this.#overdraw(this.#control.take(this.#limits(), this.#now()))
    }
    return wanted
  }

  payload(frame: FrameHead, bytes: Buffer): void {
    this.#seen?.payload(frame, bytes)
    if (frame.type !== frameTypes.data || (frame.flags & frameFlags.endStream) !== 0) return
    // Nothing but its own padding.
    if ((bytes[0] ?? 0) + 1 >= frame.length) this.#emptyFrame()
  }

  /** A request that was begun and thrown away, by the client or by its fault. */
  reset(): void {
    this.#overdraw(this.#resets.take(this.#limits(), this.#now()))
  }

  /** A request that is none. */
  badHead(): void {
    this.#overdraw(this.#badHeads.take(this.#limits(), this.#now()))
  }

  /** A request beyond http2Streams. */
  refused(): void {
    this.#overdraw(this.#refused.take(this.#limits(), this.#now()))
  }

  #emptyFrame(): void {
    this.#overdraw(this.#empty.take(this.#limits(), this.#now()))
  }

  #continued(): void {
    const { http2Continuations } = this.#limits()
    this.#continuations++
    if (this.#continuations <= http2Continuations) return
    const detail = `more than ${http2Continuations} CONTINUATION frames`
    this.#overdraw({ limit: 'http2Continuations', code: 'http2.continuations', detail })
  }

  #blockPart(flags: number): void {
    if ((flags & frameFlags.endHeaders) !== 0) this.blockSinceMs = undefined
    else this.blockSinceMs ??= this.#now()
  }

  #overdraw(overdrawn: Overdrawn | undefined): void {
    this.overdrawn ??= overdrawn
  }
}
