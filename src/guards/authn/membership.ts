// Roles and groups of a principal. People have them by claims of their token. Machines have no such claims as a rule:
// their scopes `role:…` and `group:…` say it, which an operator gave them. Never those of people, because there it is a
// client that asks for scopes.

import type { Principal } from '../../pipeline/identity.ts'

/** More of one kind than this is no membership but an attack on memory: the rest is left out. */
export const membershipMax = 128
const nameLengthMax = 128

type Claims = Readonly<Record<string, unknown>>

export function membership(
  kind: Principal['kind'],
  claims: Claims,
  scopes: readonly string[],
): Pick<Principal, 'roles' | 'groups'> {
  if (kind === 'user') return { roles: namesOf(claims['roles']), groups: namesOf(claims['groups']) }
  return {
    roles: bounded([...namesOf(claims['roles']), ...after('role:', scopes)]),
    groups: bounded([...namesOf(claims['groups']), ...after('group:', scopes)]),
  }
}

/** RFC 9068 §2.2.3.1 leaves the form open: a list, or one text with spaces. */
function namesOf(claim: unknown): readonly string[] {
  const list: readonly unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : []
  return bounded(list.filter(name => typeof name === 'string'))
}

function after(prefix: string, scopes: readonly string[]): string[] {
  return scopes.filter(scope => scope.startsWith(prefix)).map(scope => scope.slice(prefix.length))
}

function bounded(names: readonly string[]): readonly string[] {
  return names.filter(name => name !== '' && name.length <= nameLengthMax).slice(0, membershipMax)
}
