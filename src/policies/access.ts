// Who may do what, over all that policies name: every role, group, scope and principal put to every operation. What
// depends on the request (resource and context) is left open, so the answer is always, never, or sometimes.

import type { PolicyJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs'
import { groupOf, type Operation, operationType } from '../contract/operation.ts'
import { cedar } from './cedar.ts'
import { contextNames } from './context.ts'
import type { PolicyModel } from './model.ts'
import { type Policy, textsOf } from './policy-files.ts'
import { mayApply } from './slices.ts'

/** Principals times operations that are looked at; more would take minutes. */
export const cellsMax = 200_000

/** A principal with one grant, or none. */
export interface Archetype {
  readonly uid: TypeAndId
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
}

export interface Access {
  readonly outcome: 'always' | 'never' | 'sometimes'
  /** What it depends on, to see whether that has changed. */
  readonly condition: string
  readonly policies: readonly string[]
}

export interface Place {
  readonly api: string
  readonly operation: Operation
}

const kinds = ['User', 'Client', 'ApiKey'] as const
/** An id that no policy names. */
const somebody = '(any)'

/** Everyone that one of the models names, and of each kind one that has nothing. */
export function archetypesOf(models: readonly PolicyModel[]): Archetype[] {
  const policies = models.flatMap(model => model.policies)
  const none = { roles: [], groups: [], scopes: [] }
  const distinct = (of: (policy: Policy) => readonly string[]) => [...new Set(policies.flatMap(of))].sort()
  const grants = [
    none,
    ...distinct(({ roles }) => roles).map(role => ({ ...none, roles: [role] })),
    ...distinct(({ groups }) => groups).map(group => ({ ...none, groups: [group] })),
    ...distinct(({ scopes }) => scopes).map(scope => ({ ...none, scopes: [scope] })),
  ]
  const named = new Map(
    policies.flatMap(({ json }) => namedBy(json).map(uid => [`${uid.type} ${uid.id}`, uid] as const)),
  )
  return [
    { uid: { type: 'Anonymous', id: 'anonymous' }, ...none },
    ...kinds.flatMap(type => grants.map(grant => ({ uid: { type, id: somebody }, ...grant }))),
    ...[...named.values()].map(uid => ({ uid, ...none })),
  ]
}

function namedBy({ principal }: PolicyJson): TypeAndId[] {
  if (principal.op !== '==' || !('entity' in principal)) return []
  const uid = '__entity' in principal.entity ? principal.entity.__entity : principal.entity
  return [uid]
}

export function placesOf({ apis }: PolicyModel): Place[] {
  return apis.flatMap(({ name, operations }) => operations.map(operation => ({ api: name, operation })))
}

const unknown = (name: string) => ({ __extn: { fn: 'unknown', arg: name } })
const openContext = Object.fromEntries(
  contextNames.filter(name => name !== 'scopes').map(name => [name, unknown(name)]),
)

export function accessOf({ policies }: PolicyModel, { uid, roles, groups, scopes }: Archetype, place: Place): Access {
  const { operation, api } = place
  const chosen = policies.filter(policy => mayApply(policy, operation, api))
  if (chosen.length === 0) return { outcome: 'never', condition: '', policies: [] }
  const parents = [...roles.map(id => ({ type: 'Role', id })), ...groups.map(id => ({ type: 'Group', id }))]
  const action = { type: 'Action', id: operation.id }
  const isOpen =
    operation.resourceId !== undefined && chosen.some(({ reads }) => reads.some(read => read.join() === 'resource'))
  const resource = { type: operation.resourceType, id: operation.resourceId === undefined ? operation.id : somebody }
  const above = [
    { type: 'Api', id: api },
    ...(operation.resourceType === operationType ? [] : [{ type: operationType, id: operation.id }]),
  ]
  const answer = cedar().isAuthorizedPartial({
    principal: uid,
    action,
    resource: isOpen ? null : resource,
    context: { ...openContext, scopes: [...scopes] } as never,
    policies: { staticPolicies: textsOf(chosen) },
    entities: [
      {
        uid,
        attrs: {
          id: uid.id,
          issuer: unknown('issuer') as never,
          client: unknown('client') as never,
          scopes: [...scopes],
          roles: [...roles],
          groups: [...groups],
        },
        parents,
      },
      { uid: action, attrs: {}, parents: [{ type: 'Action', id: groupOf(operation.method) }] },
      {
        uid: resource,
        attrs: { path: unknown('path') as never, query: unknown('query') as never, body: unknown('body') as never },
        parents: above,
      },
    ],
  })
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message ?? 'Cedar gave no answer')
  if (answer.type !== 'residuals') throw new Error('Cedar gave another answer')
  const { decision, residuals, nontrivialResiduals, mayBeDetermining, satisfied, errored } = answer.response
  const named = [...new Set([...mayBeDetermining, ...satisfied])].sort()
  if (decision !== null && errored.length === 0) {
    return { outcome: decision === 'allow' ? 'always' : 'never', condition: '', policies: named }
  }
  const conditions = nontrivialResiduals.map(id => {
    const { effect, conditions: body } = residuals[id] ?? {}
    return JSON.stringify([effect, body])
  })
  return { outcome: 'sometimes', condition: conditions.sort().join('\n'), policies: named }
}
