// Grants that were of no use: scopes, roles, groups and keys that nobody needed while it was watched. A grant is of use
// when a policy that asks for it was needed to permit something to whoever has it, or a route that asks for it was used.
// Where several policies permitted the same, one is enough.

import type { PolicyUse } from '../pipeline/policy-use.ts'
import type { PolicyReads } from './reads.ts'

export interface Holder {
  readonly kind: PolicyUse['kind']
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
}

export interface UnusedInput {
  readonly holders: readonly Holder[]
  readonly uses: readonly PolicyUse[]
  readonly policies: readonly (Pick<PolicyReads, 'roles' | 'groups' | 'scopes'> & {
    readonly id: string
    readonly effect: string
  })[]
  /** Scopes that `authn` of a route asks for. */
  readonly scopesOfRoute: (route: string) => readonly string[]
}

export interface UnusedGrants extends Pick<Holder, 'kind' | 'id' | 'name'> {
  /** Nothing was permitted to it at all. */
  readonly isUnused: boolean
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** What would have been enough. */
  readonly keep: Pick<Holder, 'scopes' | 'roles' | 'groups'>
}

export interface UnusedReport {
  readonly holders: readonly UnusedGrants[]
  /** Permits that have permitted nothing. */
  readonly policies: readonly string[]
}

export function findUnused({ holders, uses, policies, scopesOfRoute }: UnusedInput): UnusedReport {
  const byId = new Map(policies.map(policy => [policy.id, policy]))
  const usesOf = new Map<string, PolicyUse[]>()
  for (const use of uses) {
    const key = `${use.kind} ${use.id}`
    const own = usesOf.get(key)
    if (own) own.push(use)
    else usesOf.set(key, [use])
  }
  const found = holders.map((holder): UnusedGrants => {
    const own = usesOf.get(`${holder.kind} ${holder.id}`) ?? []
    const decided = enoughFor(own.map(use => use.policies.flatMap(id => byId.get(id) ?? [])))
    const roles = new Set(decided.flatMap(policy => policy.roles))
    const groups = new Set(decided.flatMap(policy => policy.groups))
    const scopes = new Set([
      ...decided.flatMap(policy => policy.scopes),
      ...own.flatMap(({ route }) => scopesOfRoute(route)),
    ])
    const isScopeUsed = (scope: string) =>
      scopes.has(scope) ||
      (scope.startsWith('role:') && roles.has(scope.slice(5))) ||
      (scope.startsWith('group:') && groups.has(scope.slice(6)))
    const { kind, id, name } = holder
    return {
      kind,
      id,
      name,
      isUnused: own.length === 0,
      scopes: holder.scopes.filter(scope => !isScopeUsed(scope)),
      roles: holder.roles.filter(role => !roles.has(role)),
      groups: holder.groups.filter(group => !groups.has(group)),
      keep: {
        scopes: holder.scopes.filter(isScopeUsed),
        roles: holder.roles.filter(role => roles.has(role)),
        groups: holder.groups.filter(group => groups.has(group)),
      },
    }
  })
  const decisive = new Set(uses.flatMap(use => use.policies))
  return {
    holders: found.filter(
      ({ isUnused, scopes, roles, groups }) => isUnused || scopes.length + roles.length + groups.length > 0,
    ),
    policies: policies.filter(({ id, effect }) => effect === 'permit' && !decisive.has(id)).map(({ id }) => id),
  }
}

type Asking = UnusedInput['policies'][number]

/** Policies that would have permitted every use: those that no other could stand for, then the ones that ask for least. */
function enoughFor(uses: readonly (readonly Asking[])[]): readonly Asking[] {
  const needed = new Set(uses.flatMap(policies => (policies.length === 1 ? policies : [])))
  for (const policies of uses) {
    if (policies.some(policy => needed.has(policy))) continue
    const [least] = [...policies].sort((a, b) => weightOf(a) - weightOf(b))
    if (least) needed.add(least)
  }
  return [...needed]
}

/** A role opens more than a scope, as a rule. */
function weightOf({ roles, groups, scopes }: Asking): number {
  return 2 * (roles.length + groups.length) + scopes.length
}
