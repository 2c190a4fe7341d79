// The way back: takes the response from the destination, lets the response guards see it, gives it to the client.
// Text responses are held back up to `limits.responseInspected` when a guard wants the body; all else streams.

import { isInspectableResponse, isTextResponse } from './body.ts'
import type { Edge } from './edge.ts'
import type { Exchange, ResponseHead } from './exchange.ts'
import { digestHeaders, ResponseFilters } from './filters.ts'
import { HeaderList } from './headers.ts'
import { StreamDenied } from './multipart-clip.ts'
import type { ResponseFlow, ResponseSink } from './route.ts'
import { runPhase } from './run.ts'
import type { Verdict } from './verdict.ts'

type State = 'head' | 'deciding' | 'holding' | 'streaming' | 'closed'

export class Responder implements ResponseSink {
  /** Rejects when a guard or the writing itself broke. */
  readonly finished: Promise<void>
  readonly #ex: Exchange
  readonly #edge: Edge
  /** Writes a verdict to the client; serve.ts gives it, so that answers are made in one place. */
  readonly #refuse: (verdict: Verdict) => void
  #state: State = 'head'
  #flow: ResponseFlow | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** Set when the end came while a guard was still thinking. */
  #ended: readonly string[] | undefined
  /** Of a text that guards may change on its way. */
  #filters: ResponseFilters | undefined
  readonly #finish: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(ex: Exchange, edge: Edge, refuse: (verdict: Verdict) => void) {
    this.#ex = ex
    this.#edge = edge
    this.#refuse = refuse
    this.finished = this.#finish.promise
    this.finished.catch(() => {}) // whoever still waits for the destination looks at it later
    edge.onDrain = () => {
      if (this.#state === 'streaming') this.#flow?.resume()
    }
  }

  informational(status: number, headers: readonly string[]): void {
    if (this.#state === 'head') this.#edge.informational(status, headers)
  }

  head(status: number, statusText: string, headers: readonly string[], flow: ResponseFlow): void {
    this.#flow = flow
    const head: ResponseHead = { status, statusText, headers: new HeaderList(headers) }
    this.#ex.response = head
    this.#state = 'deciding'
    const outcome = runPhase('onResponseHeaders', this.#ex.route.phases.onResponseHeaders, this.#ex)
    if (outcome instanceof Promise) {
      flow.pause()
      outcome.then(verdict => this.#headDecided(verdict)).catch(error => this.#break(error))
    } else this.#headDecided(outcome)
  }

  data(chunk: Uint8Array): void {
    if (this.#state === 'streaming') {
      if (!this.#write(chunk)) this.#flow?.pause()
    } else if (this.#state === 'holding' || this.#state === 'deciding') {
      this.#held.push(chunk)
      this.#heldBytes += chunk.length
      if (this.#state === 'holding' && this.#heldBytes >= this.#ex.route.limits.responseInspected) this.#decideBody()
    }
  }

  end(trailers: readonly string[]): void {
    this.#ended = trailers
    if (this.#state === 'holding') this.#decideBody()
    else if (this.#state === 'streaming') this.#close()
  }

  /** The response broke off: what was not sent yet is not sent. */
  fail(error: unknown): void {
    if (!(error instanceof StreamDenied)) this.#ex.failure ??= error instanceof Error ? error : new Error(String(error))
    this.#state = 'closed'
    this.#held = []
    this.#filters?.tell()
    this.#flow?.abort()
    this.#finish.resolve()
  }

  /** A bug on the way back: serve.ts answers for it. */
  #break(error: unknown): void {
    this.#finish.reject(error)
    this.fail(error)
  }

  #headDecided(verdict: Verdict | undefined): void {
    if (this.#state !== 'deciding') return
    if (verdict) return this.#deny(verdict)
    const ex = this.#ex
    const { filters = [] } = ex.route
    if (filters.length > 0 && ex.method !== 'HEAD' && ex.response && isTextResponse(ex.response.headers)) {
      this.#filters = new ResponseFilters(filters, ex)
    }
    const wantsBody = ex.route.phases.onResponseBody.length > 0 && ex.method !== 'HEAD'
    if (wantsBody && ex.response && isInspectableResponse(ex.response.headers)) {
      this.#state = 'holding'
      this.#flow?.resume()
      if (this.#ended || this.#heldBytes >= ex.route.limits.responseInspected) this.#decideBody()
    } else this.#release()
  }

  #decideBody(): void {
    this.#state = 'deciding'
    const limit = this.#ex.route.limits.responseInspected
    const held = this.#held.length === 1 && this.#held[0] ? this.#held[0] : concat(this.#held, this.#heldBytes)
    this.#held = [held]
    this.#ex.responseBody = held.length > limit ? held.subarray(0, limit) : held
    const outcome = runPhase('onResponseBody', this.#ex.route.phases.onResponseBody, this.#ex)
    const decided = (verdict: Verdict | undefined) => {
      if (this.#state !== 'deciding') return
      if (verdict) this.#deny(verdict)
      else this.#release()
    }
    if (outcome instanceof Promise) {
      this.#flow?.pause()
      outcome.then(decided).catch(error => this.#break(error))
    } else decided(outcome)
  }

  #deny(verdict: Verdict): void {
    this.#state = 'closed'
    this.#held = []
    this.#flow?.abort()
    this.#refuse(verdict)
    this.#finish.resolve()
  }

  #release(): void {
    const ex = this.#ex
    const head = ex.response
    if (!head) return
    this.#state = 'streaming'
    const headers = this.#filters?.areEnforced ? without(head.headers.raw, digestHeaders) : head.headers.raw
    this.#edge.sendHead(head.status, head.statusText, [...headers, ...ex.extraHeaders])
    ex.status = head.status
    let room = true
    for (const chunk of this.#held) room = this.#write(chunk)
    this.#held = []
    if (this.#isClosed()) return
    if (this.#ended) this.#close()
    else if (room) this.#flow?.resume()
    else this.#flow?.pause()
  }

  /** True when there is room for more; false as well when a guard broke, which ends it. */
  #write(chunk: Uint8Array): boolean {
    const out = this.#filtered(filters => filters.push(chunk), chunk)
    if (!out) return false
    return out.length === 0 || this.#edge.write(out)
  }

  #filtered(work: (filters: ResponseFilters) => Uint8Array, unchanged: Uint8Array): Uint8Array | undefined {
    if (!this.#filters) return unchanged
    try {
      return work(this.#filters)
    } catch (error) {
      this.#break(error)
      return undefined
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #close(): void {
    const rest = this.#filtered(filters => filters.end(), nothing)
    if (!rest) return
    if (rest.length > 0) this.#edge.write(rest)
    this.#state = 'closed'
    this.#edge.end(this.#ended ?? [])
    this.#finish.resolve()
  }
}

const nothing = new Uint8Array(0)

function without(headers: readonly string[], names: readonly string[]): readonly string[] {
  return headers.filter((_, i) => !names.includes((headers[i - (i % 2)] ?? '').toLowerCase()))
}

function concat(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
