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
  /** One bit for each pattern, and the same as a list. */
  readonly bits: Int32Array
  readonly patterns: readonly number[]
  /** Triggers of transformations that the text pulls. */
  readonly triggered: number

  constructor(scope: number, bits: Int32Array, triggered: number) {
    this.scope = scope
    this.bits = bits
    this.patterns = listBits(bits)
    this.triggered = triggered
  }

  has(pattern: number): boolean {
    return ((this.bits[pattern >>> 5] as number) & (1 << (pattern & 31))) !== 0
  }
}

function listBits(bits: Int32Array): readonly number[] {
  const list: number[] = []
  bits.forEach((word, w) => {
    for (let rest = word; rest !== 0; rest &= rest - 1) list.push(w * 32 + 31 - Math.clz32(rest & -rest))
  })
  return list
}

/** What is known of a value before rules look at it: see Placement in types.ts. */
export const placementBits = { settled: 1, richText: 2, broken: 4 } as const

const nothingFound = new Finding(-1, new Int32Array(0), -1)

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
  /** One of placementBits; 0 for a value of which nothing is known. */
  placement = 0
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
