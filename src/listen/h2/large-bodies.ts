// How many large request bodies one connection may have held at once. HTTP/2 sends a hundred requests side by side, and
// each body is read up to `body.inspected` before anything is decided; those over the bound wait, unread.

import type { LargeBodies } from '../request-body.ts'

export class LargeBodyRoom implements LargeBodies {
  readonly #max: () => number
  readonly #line: (() => void)[] = []
  #held = 0

  constructor(max: () => number) {
    this.#max = max
  }

  enter(): Promise<void> | undefined {
    if (this.#held < this.#max()) {
      this.#held++
      return undefined
    }
    return new Promise(resolve => this.#line.push(resolve))
  }

  /** Of one that waits as well: its turn comes, and it finds that its stream is gone. */
  leave(): void {
    const next = this.#line.shift()
    if (next) next()
    else this.#held--
  }
}
