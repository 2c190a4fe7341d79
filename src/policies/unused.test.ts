import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findUnused, type Holder } from './unused.ts'

const policy = (id: string, asks: { scopes?: string[]; roles?: string[]; groups?: string[] }, effect = 'permit') => {
  return { id, effect, scopes: [], roles: [], groups: [], ...asks }
}
const policies = [
  policy('read', { scopes: ['read'] }),
  policy('admin', { roles: ['admin'] }),
  policy('staff', { groups: ['staff'] }),
  policy('never', { scopes: ['x'] }),
  policy('no', {}, 'forbid'),
]
const none = { scopes: [], roles: [], groups: [] }
const holder = (kind: Holder['kind'], id: string, has: Partial<Holder>): Holder => ({
  kind,
  id,
  name: id,
  ...none,
  ...has,
})
const use = (kind: Holder['kind'], id: string, by: readonly string[]) => {
  return { kind, id, route: 'r', operation: 'GET', policies: by, atMs: 1 }
}

test('what no policy needed is told, with what would have been enough', () => {
  const { holders, policies: idle } = findUnused({
    holders: [
      holder('client', 'c', { scopes: ['read', 'write', 'role:admin', 'group:staff', 'base'] }),
      holder('user', 'u', { roles: ['admin', 'buyer'], groups: ['staff'] }),
      holder('apiKey', 'k', { scopes: ['read'] }),
      holder('apiKey', 'c', { scopes: ['read'] }),
      holder('client', 'all', { scopes: ['read', 'base'] }),
    ],
    uses: [
      use('client', 'c', ['read']),
      use('client', 'c', ['admin', 'staff']),
      use('client', 'c', ['read', 'admin']),
      use('user', 'u', ['staff']),
      use('client', 'all', ['read', 'gone']),
    ],
    policies,
    scopesOfRoute: () => ['base'],
  })
  assert.deepEqual(holders, [
    {
      kind: 'client',
      id: 'c',
      name: 'c',
      isUnused: false,
      ...none,
      scopes: ['write', 'group:staff'],
      keep: { ...none, scopes: ['read', 'role:admin', 'base'] },
    },
    {
      kind: 'user',
      id: 'u',
      name: 'u',
      isUnused: false,
      ...none,
      roles: ['admin', 'buyer'],
      keep: { ...none, groups: ['staff'] },
    },
    { kind: 'apiKey', id: 'k', name: 'k', isUnused: true, ...none, scopes: ['read'], keep: none },
    { kind: 'apiKey', id: 'c', name: 'c', isUnused: true, ...none, scopes: ['read'], keep: none },
  ])
  assert.deepEqual(idle, ['never'])
})
