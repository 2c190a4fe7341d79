// Who asks, as Cedar knows it: an entity with attributes, a member of its roles and groups.

import type { EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs'
import type { Principal } from '../pipeline/identity.ts'

const types = { user: 'User', client: 'Client', apiKey: 'ApiKey' } as const
const anonymous: TypeAndId = { type: 'Anonymous', id: 'anonymous' }

/**
 * Ours by their id. Principals of other issuers as `ISSUER#ID`: their `alice` is not our `alice`, and no policy that names
 * ours may mean theirs.
 */
export function uidOf(principal: Principal | undefined, ownIssuer: string | undefined): TypeAndId {
  if (!principal) return anonymous
  const { kind, id, issuer } = principal
  const isOurs = issuer === '' || issuer === ownIssuer
  return { type: types[kind], id: isOurs ? id : `${issuer}#${id}` }
}

export function principalEntity(uid: TypeAndId, principal: Principal | undefined): EntityJson {
  const { id = '', issuer = '', clientId = '', scopes = [], roles = [], groups = [] } = principal ?? {}
  return {
    uid,
    attrs: { id, issuer, client: clientId, scopes: [...scopes], roles: [...roles], groups: [...groups] },
    parents: [
      ...roles.map(role => ({ type: 'Role', id: role })),
      ...groups.map(group => ({ type: 'Group', id: group })),
    ],
  }
}

const keys = new WeakMap<Principal, string>()

/** All that Cedar sees of it, as text; a token that is remembered keeps its principal, so this is mostly a look-up. */
export function principalKey(principal: Principal | undefined): string {
  if (!principal) return ''
  let key = keys.get(principal)
  if (key === undefined) {
    const { kind, id, issuer, clientId, scopes, roles, groups } = principal
    key = JSON.stringify([kind, id, issuer, clientId, scopes, roles, groups])
    keys.set(principal, key)
  }
  return key
}
