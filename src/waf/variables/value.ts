// One value that a rule can look at, with its name and the results of transformations that some rule already asked for.
// Values live as long as their transaction, so a header that 200 rules lower-case is lower-cased once.

import type { ByteString } from '../../lib/bytes.ts'

const noNumbers: readonly number[] = []

export class Value {
  /** As SecLang spells it: `ARGS`. */
  readonly variable: string
  /** Name inside a collection; undefined for a scalar. */
  readonly key: ByteString | undefined
  readonly value: ByteString
  /** By TransformStep.id; made when first needed. */
  results: (ByteString | undefined)[] | undefined = undefined
  /** Patterns of rules that may match, as found in a FilterScope, whose id it is. Two places: usual, high paranoia. */
  candidates: readonly number[] = noNumbers
  scope = -1
  highCandidates: readonly number[] = noNumbers
  highScope = -1
  /** A name that is not made of the two: MATCHED_VARS keeps the names of what matched. */
  readonly label: ByteString | undefined

  constructor(variable: string, key: ByteString | undefined, value: ByteString, label?: ByteString) {
    this.variable = variable
    this.key = key
    this.value = value
    this.label = label
  }

  /** `ARGS:q`, as MATCHED_VAR_NAME has it. */
  get name(): ByteString {
    if (this.label !== undefined) return this.label
    return this.key === undefined ? this.variable : `${this.variable}:${this.key}`
  }
}

export const noValues: readonly Value[] = []

/** Whether two byte strings are equal but for the case of A to Z. */
export function equalFold(a: ByteString, b: ByteString): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y && fold(x) !== fold(y)) return false
  }
  return true
}

function fold(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c + 0x20 : c
}
