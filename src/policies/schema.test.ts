// What the schema for policies leaves out, and says that it does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOpenApi } from '../contract/openapi.ts'
import { schemaOf } from './schema.ts'

test('fields that differ between operations are left out, and said so', () => {
  const body = (type: string) => ({
    requestBody: {
      content: { 'application/json': { schema: { properties: { a: { type }, b: { type: 'string' } } } } },
    },
  })
  const { operations } = readOpenApi(
    'x',
    JSON.stringify({ openapi: '3.0.3', paths: { '/a': { post: body('string'), put: body('integer') } } }),
  )
  const { text, resources } = schemaOf([{ name: 'x', operations }])
  assert.deepEqual(resources.get('Operation')?.dropped, ['body.a'])
  assert.match(text, /left out: body\.a/)
  assert.deepEqual([...(resources.get('Operation')?.body.keys() ?? [])], ['b'])
})
