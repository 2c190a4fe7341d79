import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Principal } from '../../pipeline/identity.ts'
import { membership, membershipMax } from './membership.ts'

type Case = readonly [
  name: string,
  kind: Principal['kind'],
  claims: Record<string, unknown>,
  scopes: readonly string[],
  roles: readonly string[],
  groups: readonly string[],
]

const cases: readonly Case[] = [
  ['lists of a person', 'user', { roles: ['a', 'b'], groups: ['g'] }, [], ['a', 'b'], ['g']],
  ['one text', 'user', { roles: 'a b' }, [], ['a', 'b'], []],
  ['a person’s scopes make no role', 'user', {}, ['role:admin', 'group:staff'], [], []],
  ['a machine’s do', 'client', {}, ['role:admin', 'group:staff', 'read'], ['admin'], ['staff']],
  ['a key’s do', 'apiKey', {}, ['role:reports', 'role:'], ['reports'], []],
  ['what is no name', 'user', { roles: [1, null, '', 'x'.repeat(129), ['a']], groups: { a: 1 } }, [], [], []],
]

for (const [name, kind, claims, scopes, roles, groups] of cases) {
  test(name, () => assert.deepEqual(membership(kind, claims, scopes), { roles, groups }))
}

test(`at most ${membershipMax}`, () => {
  const names = Array.from({ length: membershipMax + 1 }, (_, i) => `r${i}`)
  assert.equal(membership('user', { roles: names }, []).roles.length, membershipMax)
})
