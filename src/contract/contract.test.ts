// What the values of a request are by an OpenAPI document.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenApiContract } from './contract.ts'
import { formsMax } from './field-form.ts'
import { readOpenApi } from './openapi.ts'

const document = `
openapi: 3.1.0
paths:
  /orders/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: string, format: uuid } }
    get:
      parameters:
        - { name: page, in: query, schema: { type: integer } }
        - { name: sort, in: query, schema: { enum: [asc, desc] } }
        - { name: ids, in: query, schema: { type: array, items: { type: integer } } }
        - { name: q, in: query, schema: { type: string } }
        - { name: filter, in: query, style: deepObject, schema: { type: object, properties: { age: { type: integer } } } }
        - { name: X-Trace, in: header, schema: { type: string, format: uuid } }
        - { name: visit, in: cookie, schema: { type: integer } }
  /articles:
    post:
      requestBody:
        content:
          application/json: { schema: { $ref: '#/components/schemas/Article' } }
          multipart/form-data: { schema: { type: object, properties: { year: { type: integer }, text: { type: string, format: markdown } } } }
components:
  schemas:
    Base: { type: object, properties: { id: { type: integer } } }
    Article:
      allOf:
        - $ref: '#/components/schemas/Base'
        - type: object
          properties:
            body: { type: string, format: markdown }
            html: { type: string, contentMediaType: text/html }
            title: { type: string }
            day: { type: [string, 'null'], format: date }
            maybe: { oneOf: [{ type: 'null' }, { type: integer }] }
            either: { oneOf: [{ type: string }, { type: integer }] }
            a.b: { type: integer }
            tags: { type: array, items: { type: object, properties: { n: { type: integer } } } }
            reply: { $ref: '#/components/schemas/Article' }
`
const { operations, problems } = readOpenApi('x.yaml', document)
assert.deepEqual(problems, [])
const contract = new OpenApiContract(operations)
const id = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'

type Place = 'query' | 'header' | 'cookie' | 'body'
type Case = readonly [place: Place, name: string, value: string, want: 'settled' | 'broken' | 'richText' | undefined]

const get: readonly Case[] = [
  ['query', 'page', '2', 'settled'],
  ['query', 'page', '2 or 1=1', 'broken'],
  ['query', 'page', 'two', undefined],
  ['query', 'page[$ne]', '1', 'broken'],
  ['query', 'page[]', '1', 'settled'],
  ['query', 'sort', 'asc', 'settled'],
  ['query', 'sort', '(select 1)', 'broken'],
  ['query', 'ids', '1', 'settled'],
  ['query', 'ids', '1,2,3', undefined],
  ['query', 'ids', "1,2,3'", 'broken'],
  ['query', 'ids[]', '1', 'settled'],
  ['query', 'ids[3]', '1;', 'broken'],
  ['query', 'q', "' or 1=1", undefined],
  ['query', 'q[$ne]', '1', 'broken'],
  ['query', 'q[a]', '1', undefined],
  ['query', 'filter[age]', '7', 'settled'],
  ['query', 'filter[age]', '7)', 'broken'],
  ['query', 'filter[other]', '7)', undefined],
  ['query', 'unknown', '1', undefined],
  ['header', 'x-trace', id, 'settled'],
  ['header', 'x-trace', '$(id)', 'broken'],
  ['cookie', 'visit', '1', 'settled'],
  ['cookie', 'visit', "1'", 'broken'],
]
const post: readonly Case[] = [
  ['body', 'json.body', '# Title', 'richText'],
  ['body', 'json.html', '<b>x</b>', 'richText'],
  ['body', 'json.title', '<b>x</b>', undefined],
  ['body', 'json.title.$ne', '', 'broken'],
  ['body', 'json.day', '2026-01-01', 'settled'],
  ['body', 'json.day', '', undefined],
  ['body', 'json.maybe', '1', 'settled'],
  ['body', 'json.either', "1'", undefined],
  ['body', 'json.a.b', "1'", 'broken'],
  ['body', 'json.id', '7', 'settled'],
  ['body', 'json.tags.array_4.n', '7', 'settled'],
  ['body', 'json.tags.array_4.n', '7;', 'broken'],
  ['body', 'json.tags.n', '7;', undefined],
  ['body', 'json.reply.reply.reply.id', "7'", 'broken'],
  ['body', `json${'.reply'.repeat(40)}.id`, "7'", undefined],
  ['body', 'json', "7'", undefined],
  ['body', 'year', '2026', 'settled'],
  ['body', 'text', '# Title', 'richText'],
]
for (const [method, path, cases] of [
  ['GET', `/orders/${id}`, get],
  ['POST', '/articles', post],
] as const) {
  const placements = contract.placements(method, path)
  assert.ok(placements)
  for (const [place, name, value, want] of cases) {
    test(`${place} ${name}: ${value} → ${want ?? 'as ever'}`, () => {
      assert.equal(placements.of(place, name, value), want)
    })
  }
}

test('parameters of the path', () => {
  assert.deepEqual(contract.placements('GET', `/orders/${id}`)?.brokenInPath, [])
  assert.deepEqual(contract.placements('GET', '/orders/latest')?.brokenInPath, [])
  assert.deepEqual(contract.placements('GET', "/orders/1'%20or%201=1")?.brokenInPath, [
    { name: 'id', value: "1' or 1=1" },
  ])
})

test('what the contract does not know is judged as ever', () => {
  assert.equal(contract.placements('DELETE', '/articles'), undefined)
  assert.equal(contract.placements('GET', '/nothing'), undefined)
})

test('schemas up to a bound have forms, what is beyond is left open', () => {
  const fields = (count: number, part: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${part}_${i}`, { type: 'integer' }]))
  // Each part has a schema of its own besides its fields, and so has the whole.
  const parts = Array.from({ length: 20 }, (_, part) => ({ type: 'object', properties: fields(1000, part) }))
  const properties = Object.fromEntries(parts.map((part, i) => [`p${i}`, part]))
  const { operations } = readOpenApi(
    'x.json',
    JSON.stringify({
      openapi: '3.1.0',
      paths: {
        '/a': {
          post: { requestBody: { content: { 'application/json': { schema: { type: 'object', properties } } } } },
        },
      },
    }),
  )
  const placements = new OpenApiContract(operations).placements('POST', '/a')
  const last = formsMax - 1 - 20 - 19 * 1000
  assert.equal(placements?.of('body', `json.p19.f19_${last - 1}`, '1'), 'settled')
  assert.equal(placements?.of('body', `json.p19.f19_${last}`, '1'), undefined)
})
