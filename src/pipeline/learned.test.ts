import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldName, LearnedFields, pathTemplate } from './learned.ts'

const paths: [path: string, template: string][] = [
  ['/', '/'],
  ['/notes', '/notes'],
  ['/notes/42', '/notes/{}'],
  ['/v2/oauth2/notes.json', '/v2/oauth2/notes.json'],
  ['/users/3f2504e0-4f89-41d3-9a0c-0305e82c3301/notes', '/users/{}/notes'],
  ['/a%20b/c', '/{}/c'],
  ['/notes/2026-11-24', '/notes/{}'],
  [`/${'a'.repeat(64)}`, `/${'a'.repeat(64)}`],
  [`/${'a'.repeat(65)}`, '/{}'],
]
for (const [path, template] of paths) test(path, () => assert.equal(pathTemplate(path), template))

test('a path of any length has a template of bounded length', () => {
  assert.equal(pathTemplate('/a'.repeat(10_000)), `${'/a'.repeat(32)}`)
})

test('places in lists are one field', () => {
  assert.equal(fieldName('json.items.array_4.text'), 'json.items.array_*.text')
})

test('fields of an operation', () => {
  const learned = new LearnedFields()
  assert.equal(learned.of('app', 'POST', '/notes/1'), undefined)
  const field = { route: 'app', method: 'POST', path: '/notes/{}', field: 'ARGS:text', learnedAtMs: 0, clients: 20 }
  learned.use([field, { ...field, field: 'ARGS:title' }])
  assert.deepEqual([...(learned.of('app', 'POST', '/notes/7') ?? [])], ['ARGS:text', 'ARGS:title'])
  for (const [route, method, path] of [
    ['other', 'POST', '/notes/7'],
    ['app', 'PUT', '/notes/7'],
    ['app', 'POST', '/notes'],
  ] as const) {
    assert.equal(learned.of(route, method, path), undefined)
  }
  learned.use([])
  assert.equal(learned.of('app', 'POST', '/notes/7'), undefined)
})
