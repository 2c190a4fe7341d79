// One rule text with its positions: offsets in, `file:line:column` and Problems out. Everything that the parser makes
// carries an offset into the text it came from, so that each complaint points at the very character.

import type { ByteString } from '../../lib/bytes.ts'
import type { Problem } from '../../lib/problem.ts'

export class RuleText {
  readonly file: string
  readonly text: ByteString
  readonly #lineStarts: number[] = [0]

  constructor(file: string, text: ByteString) {
    this.file = file
    this.text = text
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.#lineStarts.push(i + 1)
  }

  /** 1-based line and column of an offset. */
  position(offset: number): { line: number; column: number } {
    let low = 0
    let high = this.#lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 }
  }

  problem(offset: number, code: string, message: string, hint?: string): Problem {
    return { ...this.#where(offset, code, message, hint), severity: 'error' }
  }

  warning(offset: number, code: string, message: string, hint?: string): Problem {
    return { ...this.#where(offset, code, message, hint), severity: 'warning' }
  }

  #where(offset: number, code: string, message: string, hint: string | undefined) {
    const at = this.position(offset)
    return { code: `seclang.${code}`, file: this.file, ...at, message, ...(hint === undefined ? {} : { hint }) }
  }
}

/** Collects what the loader finds wrong; bounded, because a wrong file can be wrong on every line. */
export class ProblemList {
  readonly #errors: Problem[] = []
  readonly #warnings: Problem[] = []
  readonly #files: string[] = []
  readonly #max: number

  constructor(max = 1000) {
    this.#max = max
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0
  }

  /** Remembers the order in which files are read: problems are told in it. */
  reading(file: string): void {
    this.#files.push(file)
  }

  add(...problems: readonly Problem[]): void {
    for (const problem of problems) {
      const list = problem.severity === 'error' ? this.#errors : this.#warnings
      if (list.length < this.#max) list.push(problem)
    }
  }

  /** In the order of the text, errors and warnings together. */
  list(): readonly Problem[] {
    const order = new Map<string, number>()
    for (const file of this.#files) if (!order.has(file)) order.set(file, order.size)
    const rank = (problem: Problem) => order.get(problem.file) ?? -1
    return [...this.#errors, ...this.#warnings].sort(
      (a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column,
    )
  }
}
