// The TX collection. Names that stand in rules are numbered at load time and live in an array; only names that a rule
// makes up at run time (`TX.paramcounter_%{MATCHED_VAR_NAME}`) go through a map. Names fold case; the first spelling stays.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import type { Regex } from '../regex/types.ts'
import { noValues, Value } from './value.ts'

/** Captures TX.0 to TX.9 have the first slots. */
export const captureCount = 10
const maxDynamicNames = 10_000
/** Names made up at run time of which it is kept which patterns match them; others are asked each time. */
export const maxKnownNames = 1000

/** A name as a transaction writes to it. One that a rule made up lives as long as the rule set: it is made up again. */
export class TxName {
  readonly name: ByteString
  readonly lower: ByteString
  /** -1 for one that was made up. */
  readonly slot: number
  readonly #matches = new Map<Regex, boolean>()

  constructor(name: ByteString, lower: ByteString, slot: number) {
    this.name = name
    this.lower = lower
    this.slot = slot
  }

  isMatchedBy(regex: Regex): boolean {
    const known = this.#matches.get(regex)
    if (known !== undefined) return known
    const matches = regex.test(this.name)
    this.#matches.set(regex, matches)
    return matches
  }
}

/** The names known at load time; shared by all transactions of a rule set and complete before the first one starts. */
export class TxNames {
  readonly names: ByteString[] = []
  readonly #slots = new Map<ByteString, number>()
  readonly #matching = new Map<Regex, readonly number[]>()
  readonly #dynamic = new Map<ByteString, TxName>()
  #all: readonly number[] = []

  constructor() {
    for (let i = 0; i < captureCount; i++) this.slot(String(i))
  }

  slot(name: ByteString): number {
    const lower = lowerAscii(name)
    const known = this.#slots.get(lower)
    if (known !== undefined) return known
    this.#slots.set(lower, this.names.length)
    this.names.push(name)
    return this.names.length - 1
  }

  /** For a transaction that starts with nothing. */
  get unset(): readonly undefined[] {
    return this.names.map(() => undefined)
  }

  get allSlots(): readonly number[] {
    if (this.#all.length !== this.names.length) this.#all = this.names.map((_, slot) => slot)
    return this.#all
  }

  matching(regex: Regex): readonly number[] {
    let slots = this.#matching.get(regex)
    if (!slots) {
      slots = this.allSlots.filter(slot => regex.test(this.names[slot] ?? ''))
      this.#matching.set(regex, slots)
    }
    return slots
  }

  find(lowerName: ByteString): number | undefined {
    return this.#slots.get(lowerName)
  }

  /** In this spelling. */
  resolve(name: ByteString): TxName {
    const lower = lowerAscii(name)
    const slot = this.#slots.get(lower)
    if (slot !== undefined) return new TxName(name, lower, slot)
    const known = this.#dynamic.get(lower)
    if (known?.name === name) return known
    if (known !== undefined || this.#dynamic.size >= maxKnownNames) return new TxName(name, lower, -1)
    // As a copy: a name may be cut out of a request.
    const copy = Buffer.from(name, 'latin1').toString('latin1')
    const made = new TxName(copy, lowerAscii(copy), -1)
    this.#dynamic.set(made.lower, made)
    return made
  }
}

export class TxVariables {
  readonly slots: (ByteString | undefined)[]
  readonly #names: TxNames
  #dynamic: Map<ByteString, { readonly name: TxName; value: ByteString }> | undefined = undefined

  constructor(names: TxNames, initial: readonly (ByteString | undefined)[]) {
    this.#names = names
    this.slots = initial.slice()
  }

  get(name: ByteString): ByteString | undefined {
    const lower = lowerAscii(name)
    const slot = this.#names.find(lower)
    return slot === undefined ? this.#dynamic?.get(lower)?.value : this.slots[slot]
  }

  set(name: ByteString, value: ByteString): void {
    const slot = this.#names.find(lowerAscii(name))
    if (slot !== undefined) this.slots[slot] = value
    else this.write(this.#names.resolve(name), value)
  }

  write(name: TxName, value: ByteString): void {
    if (name.slot >= 0) {
      this.slots[name.slot] = value
      return
    }
    this.#dynamic ??= new Map()
    const known = this.#dynamic.get(name.lower)
    if (known) known.value = value
    else if (this.#dynamic.size < maxDynamicNames) this.#dynamic.set(name.lower, { name, value })
  }

  delete(name: ByteString): void {
    const lower = lowerAscii(name)
    const slot = this.#names.find(lower)
    if (slot === undefined) this.#dynamic?.delete(lower)
    else this.slots[slot] = undefined
  }

  /** The captures of a match; those it has not are cleared, so no rule sees those of an earlier one. */
  setCaptures(captures: readonly ByteString[]): void {
    for (let i = 0; i < captureCount; i++) this.slots[i] = captures[i]
  }

  /** All values, in the order in which names came to be known. */
  values(): readonly Value[] {
    return this.#collect(this.#names.allSlots, undefined)
  }

  /** Values whose name a regular expression matches. Which of the numbered names do is worked out once. */
  matching(regex: Regex): readonly Value[] {
    return this.#collect(this.#names.matching(regex), regex)
  }

  #collect(slots: readonly number[], regex: Regex | undefined): readonly Value[] {
    let found: Value[] | undefined
    const { names } = this.#names
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number
      const value = this.slots[slot]
      if (value === undefined) continue
      found ??= []
      found.push(new Value('TX', names[slot], value))
    }
    if (this.#dynamic) {
      for (const { name, value } of this.#dynamic.values()) {
        if (regex !== undefined && !name.isMatchedBy(regex)) continue
        found ??= []
        found.push(new Value('TX', name.name, value))
      }
    }
    return found ?? noValues
  }
}
