import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operationsOfRoute } from '../contract/operation.ts'
import { archetypesOf, placesOf } from './access.ts'
import { diffAccess } from './access-diff.ts'
import { parsePolicies } from './policy-files.ts'
import { schemaOf } from './schema.ts'

function modelOf(text: string) {
  const match = { host: undefined, path: undefined, methods: ['GET', 'POST'] }
  const apis = [{ name: 'r', operations: operationsOfRoute({ name: 'r', match, openapi: undefined }) }]
  const { policies, problems } = parsePolicies([{ name: 'p', text }])
  assert.deepEqual(problems, [])
  return { apis, schema: schemaOf(apis), policies, warnings: [], isStale: () => false }
}

test('every grant and every name that a policy has is put to every operation; not one more than may be', () => {
  const a = modelOf('permit(principal in Role::"r", action, resource);')
  const b = modelOf('permit(principal == User::"alice", action == Action::"GET", resource);')
  assert.equal(archetypesOf([a, b]).length, 1 + 3 * 2 + 1)
  assert.equal(placesOf(a).length, 2)
  const cells = 8 * 2
  const diff = diffAccess(a, b, cells)
  assert.ok(typeof diff !== 'string')
  const told = diff.changes.map(({ change, principal, operation }) => {
    return `${principal.uid.type}${principal.uid.id === 'alice' ? ' alice' : ''} ${principal.roles.join()} ${change} ${operation}`
  })
  assert.deepEqual(told.sort(), [
    'ApiKey r loses GET',
    'ApiKey r loses POST',
    'Client r loses GET',
    'Client r loses POST',
    'User alice  gains GET',
    'User r loses GET',
    'User r loses POST',
  ])
  assert.equal(typeof diffAccess(a, b, cells - 1), 'string')
})
