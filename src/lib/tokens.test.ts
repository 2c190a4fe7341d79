import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCheckedToken, isCheckedToken, randomBase62 } from './checked-token.ts'
import { parseStrictObject } from './strict-json.ts'

test('a checked token holds its bits, and no change of one letter passes', () => {
  const token = createCheckedToken('mk_live', 160)
  assert.match(token, /^mk_live_[0-9A-Za-z]{27}_[0-9A-Za-z]{6}$/)
  assert.ok(isCheckedToken(token))
  for (let i = 0; i < token.length; i++) {
    const other = token[i] === 'a' ? 'b' : 'a'
    assert.ok(!isCheckedToken(token.slice(0, i) + other + token.slice(i + 1)), `letter ${i}`)
  }
  for (const text of ['', '_', 'a', '______', token.slice(1), `${token} `, 'x'.repeat(10_000)]) {
    assert.ok(!isCheckedToken(text), text.slice(0, 50))
  }
  assert.notEqual(token, createCheckedToken('mk_live', 160))
  assert.equal(randomBase62(256).length, 43)
})

const objects: [string, boolean][] = [
  ['{}', true],
  ['{"a":1,"b":{"a":[{"a":2}]}}', true],
  ['{"a":"{\\"a\\":1}","b":"a"}', true],
  [' { "a" : [ "a" , "a" ] } ', true],
  ['{"a":1,"a":2}', false],
  ['{"a":1,"\\u0061":2}', false],
  ['{"b":{"a":1,"a":2}}', false],
  ['{"a":1}{"a":1}', false],
  ['[]', false],
  ['null', false],
  ['"a"', false],
  ['', false],
  ['{"a', false],
  ['{"a\\', false],
  ['}}}}', false],
]
for (const [text, want] of objects) {
  test(`strict JSON object: ${text}`, () => assert.equal(parseStrictObject(text, 4) !== undefined, want))
}

test('strict JSON is as deep as it may be and no deeper', () => {
  assert.ok(parseStrictObject('{"a":[[[]]]}', 4))
  assert.equal(parseStrictObject('{"a":[[[[]]]]}', 4), undefined)
  assert.equal(parseStrictObject(`{"a":${'['.repeat(100_000)}`, 4), undefined)
})
