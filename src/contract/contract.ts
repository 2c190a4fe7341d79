// The contract of an API at request time: which operation is meant, and what its values are.

import type { ByteString } from '../lib/bytes.ts'
import type { Contract, Placement, Placements, ValuePlace } from '../pipeline/placements.ts'
import type { Operation } from './operation.ts'
import { type OperationForms, placementOf } from './operation-forms.ts'
import { type Found, OperationTable } from './operation-table.ts'
import { placeIn } from './value-form.ts'

export class OpenApiContract implements Contract {
  readonly #table: OperationTable
  /** Of operations without parameters in their path. */
  readonly #plain = new Map<Operation, Placements>()

  constructor(operations: readonly Operation[]) {
    this.#table = new OperationTable(operations)
    for (const operation of operations) {
      if (operation.path.length === 0) this.#plain.set(operation, new FormPlacements(operation.forms, []))
    }
  }

  placements(method: ByteString, path: ByteString): Placements | undefined {
    const found = this.#table.find(method, path)
    if (!found) return undefined
    return this.#plain.get(found.operation) ?? new FormPlacements(found.operation.forms, brokenIn(found))
  }
}

class FormPlacements implements Placements {
  readonly brokenInPath: Placements['brokenInPath']
  readonly #forms: OperationForms

  constructor(forms: OperationForms, brokenInPath: Placements['brokenInPath']) {
    this.#forms = forms
    this.brokenInPath = brokenInPath
  }

  of(place: ValuePlace, name: ByteString, value: ByteString): Placement | undefined {
    return placementOf(this.#forms, place, name, value)
  }
}

function brokenIn({ operation, path }: Found): Placements['brokenInPath'] {
  const broken: { name: ByteString; value: ByteString }[] = []
  for (const [name, text] of Object.entries(path)) {
    const form = operation.forms.path.get(name)
    const value = Buffer.from(text).toString('latin1')
    if (form?.kind === 'value' && form.form && placeIn(form.form, value) === 'broken') {
      broken.push({ name: Buffer.from(name).toString('latin1'), value })
    }
  }
  return broken
}
