import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonRoot, maxKept } from './json-names.ts'

test('names members and items as ModSecurity does', () => {
  const item = jsonRoot().member('items').item(0)
  assert.equal(item.text, 'json.items.array_0')
  assert.equal(item.member('id').text, 'json.items.array_0.id')
  assert.equal(item.member('').text, 'json.items.array_0.empty-key')
  assert.equal(item.member('').member('empty-key').text, 'json.items.array_0.empty-key.empty-key')
})

test('a name that comes again is the same object, long ones and far items aside', () => {
  const again = (key: string) => new Set([jsonRoot().member(key), jsonRoot().member(key)]).size === 1
  assert.ok(again('a'))
  assert.ok(again('x'.repeat(250)))
  assert.ok(!again('x'.repeat(252)))
  assert.equal(jsonRoot().member('x'.repeat(252)).text.length, 257)
  const list = jsonRoot().member('list')
  assert.notEqual(list.item(7), list.item(7), 'out of order')
  for (let i = 0; i < 256; i++) list.item(i)
  assert.equal(list.item(255), list.item(255))
  assert.notEqual(list.item(256), list.item(256))
})

test('begins anew when it is full', () => {
  const first = jsonRoot()
  for (let i = 0; i < maxKept; i++) assert.equal(first.member(`key${i}`).text, `json.key${i}`)
  assert.notEqual(first.member('late'), first.member('late'))
  assert.notEqual(jsonRoot(), first)
  assert.equal(jsonRoot().member('late').text, 'json.late')
})
