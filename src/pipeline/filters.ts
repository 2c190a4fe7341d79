// Guards that change a response on its way (`Guard.filterResponse`): piece by piece, one after the other, in the order of
// the chain. As in run.ts, guards know no mode here either: what one in monitor mode changes is not sent, only told.

import type { Exchange } from './exchange.ts'
import type { ResponseFilter } from './guard.ts'
import type { Step } from './route.ts'

/** They are about another text than the one that is sent. Lower case. */
export const digestHeaders: readonly string[] = ['content-digest', 'repr-digest', 'digest', 'content-md5']

interface Open {
  readonly step: Step
  readonly filter: ResponseFilter
}

export class ResponseFilters {
  readonly #ex: Exchange
  #open: readonly Open[]
  #isTold = false

  constructor(steps: readonly Step[], ex: Exchange) {
    this.#ex = ex
    this.#open = steps.flatMap(step => {
      const filter = this.#attempt(step, () => step.guard.filterResponse?.(ex))
      return filter ? [{ step, filter }] : []
    })
  }

  /** Whether anything of the response may become other than it was. */
  get areEnforced(): boolean {
    return this.#open.some(({ step }) => step.mode === 'protect')
  }

  /** What may be sent now. @throws what a guard throws that must not fail */
  push(chunk: Uint8Array): Uint8Array {
    return this.#through(chunk, false)
  }

  /** What was kept back. @throws what a guard throws that must not fail */
  end(): Uint8Array {
    const rest = this.#through(new Uint8Array(0), true)
    this.tell()
    return rest
  }

  /** Records what they found, also in a response that broke off. */
  tell(): void {
    if (this.#isTold) return
    this.#isTold = true
    for (const { step, filter } of this.#open) {
      const verdict = filter.found()
      if (verdict) this.#ex.findings.push({ guard: step.name, phase: 'onResponseBody', mode: step.mode, verdict })
    }
  }

  #through(chunk: Uint8Array, isLast: boolean): Uint8Array {
    let bytes = chunk
    for (const { step, filter } of this.#open) {
      const given = bytes
      const startMs = performance.now()
      const out = this.#attempt(step, () => (isLast ? joined(filter.push(given), filter.end()) : filter.push(given)))
      step.stats.busyMs += performance.now() - startMs
      if (out && step.mode === 'protect') bytes = out
    }
    return bytes
  }

  /** One that failed is left out from then on, if it may fail: what it has kept back is lost, so it may not in protect mode. */
  #attempt<Result>(step: Step, work: () => Result): Result | undefined {
    try {
      return work()
    } catch (error) {
      step.stats.errors++
      this.#ex.failure ??= error instanceof Error ? error : new Error(String(error))
      if (step.mode === 'protect') throw error
      this.#open = this.#open.filter(open => open.step !== step)
      return undefined
    }
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  return second.length === 0 ? first : Buffer.concat([first, second])
}
