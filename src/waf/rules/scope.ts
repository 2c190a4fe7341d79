// Macros inside operator arguments (`@within %{tx.allowed_methods}`): compiled once, filled in from the transaction.

import type { ByteString } from '../../lib/bytes.ts'
import type { MacroScope, OperatorArgument } from '../operators/types.ts'
import { macroReader, type Template } from '../variables/macro.ts'
import type { State } from '../variables/state.ts'
import type { TxNames } from '../variables/tx.ts'

export class StateScope implements MacroScope {
  readonly state: State
  readonly #names: TxNames

  constructor(state: State, names: TxNames) {
    this.state = state
    this.#names = names
  }

  lookup(name: string): ByteString | undefined {
    const tx = /^tx[.:](.+)$/is.exec(name)
    if (tx?.[1] !== undefined) return this.state.tx.get(tx[1])
    const found = macroReader(name, this.#names)
    return found.ok ? found.reader.read(this.state) : undefined
  }
}

export class CompiledArgument implements OperatorArgument {
  readonly text: ByteString
  readonly isStatic: boolean
  readonly #template: Template

  constructor(template: Template) {
    this.text = template.source
    this.isStatic = template.isStatic
    this.#template = template
  }

  expand(scope: MacroScope): ByteString {
    return scope instanceof StateScope ? this.#template.render(scope.state) : this.text
  }
}
