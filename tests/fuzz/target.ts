// One thing that is fuzzed: an input that is plain JSON, so that one that failed can be kept under seeds/ and tried again
// in every run, and a check that throws when something does not hold.

import fc from 'fast-check'

export interface FuzzTarget {
  readonly name: string
  /** For one run in CI. */
  readonly ciRuns: number
  /** Tries inputs until there were enough, or the time is over. @throws with the smallest input that fails */
  explore(limits: { readonly runs: number; readonly ms: number; readonly seed: number }): Exploration
  /** @throws when the input of a seed file does not pass */
  replay(input: unknown): void
}

export interface Exploration {
  readonly runs: number
  /** As JSON, undefined when all held. */
  readonly failure: { readonly input: unknown; readonly error: string } | undefined
}

/** CPU time that one input may cost; a hang is what takes longer. */
const maxMs = 3000

export function fuzzTarget<T>(
  name: string,
  ciRuns: number,
  input: fc.Arbitrary<T>,
  check: (input: T) => void,
): FuzzTarget {
  const checkInTime = (value: T): void => {
    const before = process.threadCpuUsage()
    check(value)
    const { user, system } = process.threadCpuUsage(before)
    const ms = (user + system) / 1000
    if (ms > maxMs) throw new Error(`${name} took ${ms.toFixed(0)} ms`)
  }
  return {
    name,
    ciRuns,
    explore({ runs, ms, seed }) {
      const details = fc.check(
        fc.property(input, value => {
          checkInTime(value)
        }),
        { numRuns: runs, interruptAfterTimeLimit: ms, markInterruptAsFailure: false, seed },
      )
      const failed = details.counterexample?.[0]
      const failure =
        details.failed && failed !== undefined ? { input: failed, error: String(details.errorInstance) } : undefined
      return { runs: details.numRuns, failure }
    },
    replay: value => checkInTime(value as T),
  }
}
