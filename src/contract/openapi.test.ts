// What an operator wrote wrong in a document is told with its place; bounds hold.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblem } from '../lib/problem.ts'
import { operationsMax, readOpenApi } from './openapi.ts'

const problems = (text: string) => readOpenApi('api.yaml', text).problems.map(formatProblem)

const cases: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ['no YAML', 'openapi: [', /^api\.yaml:1:\d+: /],
  ['another version', 'swagger: "2.0"', /is not OpenAPI 3\.0 or 3\.1/],
  ['a path without slash', 'openapi: 3.1.0\npaths:\n  a: { get: {} }', /^api\.yaml:3:3 paths\.a: is not a path/],
  [
    'an id twice',
    'openapi: 3.1.0\npaths:\n  /a: { get: { operationId: x } }\n  /b: { get: { operationId: x } }',
    /^api\.yaml:4:\d+ paths\.\/b\.get\.operationId: the operationId x stands twice/,
  ],
  [
    'a place twice',
    'openapi: 3.1.0\npaths:\n  /a/{x}: { get: {} }\n  /a/{y}: { get: {} }',
    /:4:\d+ .*another operation has the same method and path/,
  ],
  ['half a segment', 'openapi: 3.1.0\npaths:\n  /a/{x}.json: { get: {} }', /not a whole segment/],
  ['the name of a group', 'openapi: 3.1.0\npaths:\n  /a: { get: { operationId: read } }', /name of a group/],
  ['a taken type', 'openapi: 3.1.0\npaths:\n  /a: { get: { x-resource: User } }', /no name for a type/],
  [
    'an id that is no parameter',
    'openapi: 3.1.0\npaths:\n  /a: { get: { x-resource: { type: A, id: b } } }',
    /no parameter b/,
  ],
]

for (const [name, text, problem] of cases) {
  test(name, () => assert.match(problems(text).join('\n'), problem))
}

test('as many operations as may be, and one more', () => {
  const document = (count: number) =>
    JSON.stringify({
      openapi: '3.1.0',
      paths: Object.fromEntries(Array.from({ length: count }, (_, i) => [`/p${i}`, { get: {} }])),
    })
  assert.deepEqual(problems(document(operationsMax)), [])
  assert.match(problems(document(operationsMax + 1)).join(), /more than 10000 operations/)
})

test('a document that refers to itself comes to an end', () => {
  const schema = { type: 'object', properties: { child: { $ref: '#/components/schemas/Node' } } }
  const { operations } = readOpenApi(
    'x',
    JSON.stringify({
      openapi: '3.1.0',
      paths: {
        '/a': {
          post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } } } },
        },
      },
      components: { schemas: { Node: schema, Loop: { $ref: '#/components/schemas/Loop' } } },
    }),
  )
  assert.equal(operations.length, 1)
})
