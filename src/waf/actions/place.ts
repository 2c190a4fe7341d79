// Where setvar writes: a fixed slot of TX, a name in TX that macros make, a member of a persistent collection.

import { type ByteString, lowerAscii } from '../../lib/bytes.ts'
import { RecentTexts } from '../../lib/recent-texts.ts'
import type { Template } from '../variables/macro.ts'
import { type PersistentName, persistentNames, toPersistentName } from '../variables/persistent.ts'
import type { State } from '../variables/state.ts'
import type { TxName, TxNames } from '../variables/tx.ts'
import type { ActionContext } from './draft.ts'

/** Something that can be written to: a fixed slot of TX, a TX name with macros, a member of a persistent collection. */
export interface Place {
  /** Where it is in TX, if it is. */
  readonly tx: number | { readonly prefix: ByteString; readonly reads: readonly number[] } | undefined
  read(state: State): ByteString | undefined
  write(state: State, value: ByteString): void
  remove(state: State): void
}

export function compilePlace(
  collection: string,
  name: ByteString,
  context: ActionContext,
  offset: number,
): Place | string {
  const template = context.template(name, offset)
  if (lowerAscii(collection) === 'tx') {
    return template.isStatic ? new TxSlot(context.names.slot(name)) : new TxDynamic(template, context.names)
  }
  const persistent = toPersistentName(collection)
  if (persistent) return new PersistentPlace(persistent, template)
  return `cannot write to ${collection}: only to tx, ${persistentNames.join(', ').toLowerCase()}`
}

class TxSlot implements Place {
  readonly tx: number
  readonly #slot: number

  constructor(slot: number) {
    this.tx = slot
    this.#slot = slot
  }

  read(state: State): ByteString | undefined {
    return state.tx.slots[this.#slot]
  }

  write(state: State, value: ByteString): void {
    state.tx.slots[this.#slot] = value
  }

  remove(state: State): void {
    state.tx.slots[this.#slot] = undefined
  }
}

class TxDynamic implements Place {
  readonly tx: { readonly prefix: ByteString; readonly reads: readonly number[] }
  readonly #template: Template
  readonly #names: TxNames
  /** By what the one macro of the template stands for: names of headers and the like come again and again. */
  #known: RecentTexts<TxName> | undefined

  constructor(template: Template, names: TxNames) {
    this.tx = { prefix: lowerAscii(template.prefix), reads: template.txSlots }
    this.#template = template
    this.#names = names
  }

  read(state: State): ByteString | undefined {
    return state.tx.get(this.#template.render(state))
  }

  write(state: State, value: ByteString): void {
    state.tx.write(this.#name(state), value)
  }

  remove(state: State): void {
    state.tx.delete(this.#template.render(state))
  }

  #name(state: State): TxName {
    const macro = this.#template.onlyMacro
    if (macro === undefined) return this.#names.resolve(this.#template.render(state))
    const text = macro.read(state) ?? ''
    this.#known ??= new RecentTexts()
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const name = this.#names.resolve(this.#template.render(state))
    this.#known.set(text, name)
    return name
  }
}

/** Writes to a collection that no initcol opened go nowhere, as in ModSecurity. */
class PersistentPlace implements Place {
  readonly tx = undefined
  readonly #collection: PersistentName
  readonly #name: Template

  constructor(collection: PersistentName, name: Template) {
    this.#collection = collection
    this.#name = name
  }

  read(state: State): ByteString | undefined {
    return state.collections.get(this.#collection)?.get(this.#name.render(state), state.ports.now())
  }

  write(state: State, value: ByteString): void {
    state.collections.get(this.#collection)?.set(this.#name.render(state), value, state.ports.now())
  }

  remove(state: State): void {
    state.collections.get(this.#collection)?.delete(this.#name.render(state))
  }
}
