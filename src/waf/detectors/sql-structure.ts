// Follows SQL grammar from a place where a value may break out, and adds up what shows that it does: each piece of
// structure that a plain value has no use for counts, and text that is no SQL ends the reading at once. Prose seldom
// gets past its second word.

import { behindOperand } from './sql-behind.ts'
import { operand } from './sql-operand.ts'
import { type Landing, SqlReader, threshold } from './sql-reader.ts'
import type { SqlTokens } from './sql-tokens.ts'

/** Tokens followed from one place; attackers may pad, so the limit is what keeps the detector linear. */
const maxTokens = 160

export class SqlStructure {
  reason = ''
  /** End of the fragment that counted, into the value. */
  end = 0
  /** Where the reading ended, into the tokens. */
  lastToken = 0
  readonly #tokens: SqlTokens
  readonly #reader: SqlReader

  constructor(tokens: SqlTokens) {
    this.#tokens = tokens
    this.#reader = new SqlReader(tokens)
  }

  /** Reads from `at` on; true when it found an injection. */
  follow(at: number, landing: Landing): boolean {
    const reader = this.#reader
    reader.reset(at, landing)
    const last = at + maxTokens
    let behind = landing !== 'expression'
    while (reader.at < last && reader.points < threshold) {
      const next = behind ? behindOperand(reader) : operand(reader)
      reader.isFirst = false
      if (next === undefined) break
      behind = next
    }
    const end = Math.max(0, Math.min(Math.max(at, reader.at), this.#tokens.count - 1))
    this.end = this.#tokens.ends[end] ?? 0
    this.lastToken = end
    this.reason = reader.reason
    return reader.points >= threshold
  }
}
