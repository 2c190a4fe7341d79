// One value that a rule can look at, with its name and the results of transformations that some rule already asked for.
// Values live as long as their transaction, so a header that 200 rules lower-case is lower-cased once.

import type { ByteString } from '../../lib/bytes.ts'

/** What a value became in a TransformStep; a list, as there are few. */
export class ValueResult {
  readonly step: number
  readonly text: ByteString
  /** Nothing but the case of letters is changed. */
  readonly isSame: boolean
  readonly next: ValueResult | undefined

  constructor(step: number, text: ByteString, isSame: boolean, next: ValueResult | undefined) {
    this.step = step
    this.text = text
    this.isSame = isSame
    this.next = next
  }
}

/** Which patterns may match a text, as a filter found. */
export class Finding {
  /** Of the FilterScope that looked; -1 for none. */
  readonly scope: number
  readonly patterns: readonly number[]
  /** One bit of 32 for each pattern, shared by those of equal rest. */
  readonly bits: number
  /** Triggers of transformations that the text pulls. */
  readonly triggered: number

  constructor(scope: number, patterns: readonly number[], triggered: number) {
    this.scope = scope
    this.patterns = patterns
    this.triggered = triggered
    let bits = 0
    for (let i = 0; i < patterns.length; i++) bits |= 1 << ((patterns[i] as number) & 31)
    this.bits = bits
  }

  has(pattern: number): boolean {
    return (this.bits & (1 << (pattern & 31))) !== 0 && this.patterns.includes(pattern)
  }
}

const nothingFound = new Finding(-1, [], -1)

export class Value {
  /** As SecLang spells it: `ARGS`. */
  readonly variable: string
  /** Name inside a collection; undefined for a scalar. */
  readonly key: ByteString | undefined
  readonly value: ByteString
  /** Of the steps that changed it, or might have. */
  results: ValueResult | undefined = undefined
  /** Triggers of transformations that it pulls: all of them until it is scanned. */
  triggered = -1
  /** What rules of usual and of high paranoia may match it. */
  finding: Finding = nothingFound
  highFinding: Finding = nothingFound
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
