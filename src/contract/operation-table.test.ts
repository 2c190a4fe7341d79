// Which operation a request means, and what it says in its path.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { readOpenApi } from './openapi.ts'
import { operationsOfRoute } from './operation.ts'
import { OperationTable } from './operation-table.ts'

const shop = readOpenApi('shop.yaml', readFileSync(join(import.meta.dirname, 'testdata/shop.yaml'), 'utf8'))
assert.deepEqual(shop.problems, [])
const table = new OperationTable(shop.operations)

type Case = readonly [method: string, path: string, operation: string | undefined, values?: Record<string, string>]

const cases: readonly Case[] = [
  ['GET', '/v1/orders', 'listOrders'],
  ['HEAD', '/v1/orders', 'listOrders'],
  ['POST', '/v1/orders', 'placeOrder'],
  ['PUT', '/v1/orders', undefined],
  ['GET', '/v1/orders/4', 'showOrder', { id: '4' }],
  ['GET', '/v1/orders/mine', 'showMine'],
  ['GET', '/v1/orders/%6dine', 'showMine'],
  ['GET', '/v1/orders/%34', 'showOrder', { id: '4' }],
  ['GET', '/v1/orders/a%20b', 'showOrder', { id: 'a b' }],
  ['GET', '/v1/orders/%C3%A9', 'showOrder', { id: 'é' }],
  ['GET', '/v1/orders/%2534', 'showOrder', { id: '%34' }],
  ['GET', '/v1/users/2/orders/4', 'showOrderOfUser', { user: '2', id: '4' }],
  ['GET', '/v1//orders/4', 'showOrder', { id: '4' }],
  // What servers read in several ways is no operation at all.
  ['GET', '/v1/orders/4;x=1', undefined],
  ['GET', '/v1/orders/2%2f4', undefined],
  ['GET', '/v1/orders/2/../4', undefined],
  ['GET', '/v1/orders/%2e%2e/orders', undefined],
  ['GET', '/v1/orders\\4', undefined],
  ['GET', '/v1/orders/%ff', undefined],
  ['GET', '/v1/orders/', undefined],
  ['GET', '/v1/orders/4/', undefined],
  ['GET', '/V1/orders', undefined],
  ['GET', '/orders', undefined],
]

for (const [method, path, operation, values = {}] of cases) {
  test(`${method} ${path}`, () => {
    const found = table.find(method, path)
    assert.equal(found?.operation.id, operation)
    if (found) assert.deepEqual(found.path, values)
  })
}

test('without a document each method of a route is an operation', () => {
  const routes = new OperationTable(
    operationsOfRoute({ name: 'r', match: { host: undefined, path: '/v1/*', methods: ['GET'] }, openapi: undefined }),
  )
  assert.equal(routes.find('GET', '/v1/a/b')?.operation.id, 'GET')
  assert.equal(routes.find('HEAD', '/v1/')?.operation.id, 'GET')
  assert.equal(routes.find('POST', '/v1/a'), undefined)
})

test('any path is answered; what is found has a value for each parameter', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), rest => {
      const found = table.find('GET', `/v1/orders/${Buffer.from(rest).toString('latin1')}`)
      return found === undefined || found.operation.path.every(name => found.path[name] !== '')
    }),
  )
})
