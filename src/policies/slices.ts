// Which policies can apply to an operation, by what their scopes say of action and resource: the others are never shown to
// Cedar, whose time grows with every policy of a set.

import { groupOf, type Operation, operationType } from '../contract/operation.ts'
import { ParsedSet } from './cedar.ts'
import { type Policy, textsOf } from './policy-files.ts'
import type { Read } from './reads.ts'

export interface Slice {
  readonly policies: ReadonlyMap<string, Policy>
  /** Undefined without policies: nothing is permitted then. */
  readonly set: ParsedSet | undefined
  readonly reads: readonly Read[]
}

/** Policies in all sets of a route together; past it the operations share one set of all, which is right and slower. */
const slicedPoliciesMax = 200_000

export class Slices {
  readonly #made = new Map<string, Slice>()

  /** One slice for each operation, in order. */
  static of(policies: readonly Policy[], operations: readonly Operation[], api: string, max = slicedPoliciesMax) {
    const slices = new Slices()
    const wanted = operations.map(operation => policies.filter(policy => mayApply(policy, operation, api)))
    const distinct = new Map(wanted.map(list => [keyOf(list), list.length]))
    const total = [...distinct.values()].reduce((sum, length) => sum + length, 0)
    const list = wanted.map(chosen => slices.#make(total > max ? policies : chosen))
    return { list, close: () => slices.#close() }
  }

  #make(policies: readonly Policy[]): Slice {
    const key = keyOf(policies)
    let slice = this.#made.get(key)
    if (!slice) {
      const reads = new Map(policies.flatMap(policy => policy.reads.map(read => [read.join('\0'), read] as const)))
      slice = {
        policies: new Map(policies.map(policy => [policy.id, policy])),
        set: policies.length === 0 ? undefined : new ParsedSet(textsOf(policies)),
        reads: [...reads.values()],
      }
      this.#made.set(key, slice)
    }
    return slice
  }

  #close(): void {
    for (const { set } of this.#made.values()) set?.close()
  }
}

function keyOf(policies: readonly Policy[]): string {
  return JSON.stringify(policies.map(({ id }) => id))
}

/** False only when the policy’s scope can never fit. */
export function mayApply({ json: { action, resource } }: Policy, operation: Operation, api: string): boolean {
  const names = [operation.id, groupOf(operation.method)]
  if (action.op === '==' && 'entity' in action && !names.slice(0, 1).includes(idOf(action.entity))) return false
  if (action.op === 'in') {
    const entities: readonly unknown[] = 'entity' in action ? [action.entity] : action.entities
    if (!entities.some(entity => names.includes(idOf(entity)))) return false
  }
  if (resource.op === 'is' && resource.entity_type !== operation.resourceType) return false
  if ((resource.op === 'in' || resource.op === '==') && 'entity' in resource) {
    const type = typeOf(resource.entity)
    if (type === 'Api' && (resource.op === '==' || idOf(resource.entity) !== api)) return false
    if (type === operationType && idOf(resource.entity) !== operation.id) return false
  }
  return true
}

function idOf(entity: unknown): string {
  return String(innerOf(entity)['id'])
}

function typeOf(entity: unknown): string {
  return String(innerOf(entity)['type'])
}

function innerOf(entity: unknown): Readonly<Record<string, unknown>> {
  const outer = (entity ?? {}) as Readonly<Record<string, unknown>>
  return (outer['__entity'] ?? outer) as Readonly<Record<string, unknown>>
}
