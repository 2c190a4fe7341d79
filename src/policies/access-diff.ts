// Two sets of policies compared: who gains and who loses what.

import { type Access, type Archetype, accessOf, archetypesOf, cellsMax, type Place, placesOf } from './access.ts'
import type { PolicyModel } from './model.ts'

export interface AccessChange {
  readonly change: 'gains' | 'loses' | 'changes'
  readonly principal: Archetype
  readonly route: string
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly before: Access['outcome']
  readonly after: Access['outcome']
  /** Policies that may decide, before and after. */
  readonly policies: readonly string[]
}

export interface AccessDiff {
  readonly changes: readonly AccessChange[]
  readonly principals: number
  readonly operations: number
}

const never: Access = { outcome: 'never', condition: '', policies: [] }
const rank = { never: 0, sometimes: 1, always: 2 } as const

/** @returns a sentence when there is too much to compare */
export function diffAccess(before: PolicyModel, after: PolicyModel, max = cellsMax): AccessDiff | string {
  const principals = archetypesOf([before, after])
  const [old, fresh] = [byKey(placesOf(before)), byKey(placesOf(after))]
  const keys = new Set([...old.keys(), ...fresh.keys()])
  const cells = principals.length * keys.size
  if (cells > max) {
    return `${principals.length} principals times ${keys.size} operations are more than ${max}: compare fewer routes at once`
  }
  const changes: AccessChange[] = []
  for (const principal of principals) {
    for (const key of keys) {
      const [was, is] = [old.get(key), fresh.get(key)]
      const place = is ?? was
      if (!place) continue
      const a = was ? accessOf(before, principal, was) : never
      const b = is ? accessOf(after, principal, is) : never
      const change = changeOf(a, b)
      if (!change) continue
      const { api: route, operation } = place
      changes.push({
        change,
        principal,
        route,
        operation: operation.id,
        method: operation.method,
        path: operation.template,
        before: a.outcome,
        after: b.outcome,
        policies: [...new Set([...a.policies, ...b.policies])],
      })
    }
  }
  return { changes, principals: principals.length, operations: keys.size }
}

function changeOf(a: Access, b: Access): AccessChange['change'] | undefined {
  if (rank[b.outcome] > rank[a.outcome]) return 'gains'
  if (rank[b.outcome] < rank[a.outcome]) return 'loses'
  return a.condition === b.condition ? undefined : 'changes'
}

function byKey(places: readonly Place[]): Map<string, Place> {
  return new Map(places.map(place => [`${place.api}\0${place.operation.method}\0${place.operation.template}`, place]))
}
