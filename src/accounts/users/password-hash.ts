// Passwords as Argon2id (RFC 9106), hashed on threads of their own and a few at a time: each takes memory and tens of
// milliseconds, and who asks for many must not keep all others waiting.

import { randomBytes } from 'node:crypto'
import { hash, parseOptions, verify } from '@node-rs/argon2'
import { AccountFailure } from '../failure.ts'

/** What OWASP's cheat sheet gives for Argon2id. A password is hashed anew with these when its owner next signs in. */
export const argon2Parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** Of the four threads of libuv, which also read files and look up names. */
const runningMax = 2
/** Longer than this is the queue only under attack. */
export const waitingMax = 64

export class PasswordHasher {
  #running = 0
  readonly #waiting: (() => void)[] = []
  /** A password that nobody knows, for users that don't exist. */
  #nobody: Promise<string> | undefined

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(normalized(password), argon2Parameters))
  }

  /** Takes as long for a user that does not exist (`undefined`) as for one that does. */
  async verify(stored: string | undefined, password: string): Promise<boolean> {
    this.#nobody ??= hash(randomBytes(32).toString('hex'), argon2Parameters)
    const nobody = await this.#nobody
    const good = await this.#inTurn(() => verify(stored ?? nobody, normalized(password)))
    return good && stored !== undefined
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= runningMax) {
      if (this.#waiting.length >= waitingMax) throw new AccountFailure('busy', 'too many sign in at once: try again')
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    } else this.#running++
    try {
      return await work()
    } finally {
      // The place goes to who waits, or is free again.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}

/** Whether a hash was made with other parameters than those of today. */
export function isOutdated(stored: string): boolean {
  const { memoryCost, timeCost, parallelism } = parseOptions(stored)
  return (
    memoryCost !== argon2Parameters.memoryCost ||
    timeCost !== argon2Parameters.timeCost ||
    parallelism !== argon2Parameters.parallelism
  )
}

/** One password, however a keyboard composes its letters (RFC 8265 §4.2.2 wants NFC; what is rare stays itself). */
function normalized(password: string): string {
  return password.normalize('NFC')
}
