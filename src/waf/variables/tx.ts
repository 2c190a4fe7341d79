// The TX collection. Names that stand in rules are numbered at load time and live in an array; only names that a rule
// makes up at run time (`TX.paramcounter_%{MATCHED_VAR_NAME}`) go through a map. Names fold case; the first spelling stays.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import { noValues, Value } from './value.ts'

/** Captures TX.0 to TX.9 have the first slots. */
export const captureCount = 10
const maxDynamicNames = 10_000

/** The names known at load time; shared by all transactions of a rule set and complete before the first one starts. */
export class TxNames {
  readonly names: ByteString[] = []
  readonly #slots = new Map<ByteString, number>()

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

  find(lowerName: ByteString): number | undefined {
    return this.#slots.get(lowerName)
  }
}

export class TxVariables {
  readonly slots: (ByteString | undefined)[]
  readonly #names: TxNames
  #dynamic: Map<ByteString, { readonly name: ByteString; value: ByteString }> | undefined = undefined

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
    const lower = lowerAscii(name)
    const slot = this.#names.find(lower)
    if (slot !== undefined) {
      this.slots[slot] = value
      return
    }
    this.#dynamic ??= new Map()
    const known = this.#dynamic.get(lower)
    if (known) known.value = value
    else if (this.#dynamic.size < maxDynamicNames) this.#dynamic.set(lower, { name, value })
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

  /** All values whose name passes, in the order in which names came to be known. */
  values(accepts: (name: ByteString) => boolean): readonly Value[] {
    const found: Value[] = []
    const { names } = this.#names
    for (let i = 0; i < this.slots.length; i++) {
      const value = this.slots[i]
      const name = names[i]
      if (value !== undefined && name !== undefined && accepts(name)) found.push(new Value('TX', name, value))
    }
    if (this.#dynamic) {
      for (const { name, value } of this.#dynamic.values()) if (accepts(name)) found.push(new Value('TX', name, value))
    }
    return found.length === 0 ? noValues : found
  }
}
