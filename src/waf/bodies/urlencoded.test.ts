import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from './limits.test-helper.ts'
import { parseUrlEncoded } from './urlencoded.ts'

const cases: readonly [body: string, want: string[], invalid: number][] = [
  ['', [], 0],
  ['a=1&b=2', ['a', '1', 'b', '2'], 0],
  ['a&b=&=c', ['a', '', 'b', '', '', 'c'], 0],
  ['a=1=2&&&c', ['a', '1=2', 'c', ''], 0],
  ['a+b=c%20d%2b', ['a b', 'c d+'], 0],
  ['a=%zz%4&%=%41', ['a', '%zz%4', '%', 'A'], 3],
  ['q=%C3%A9%00x', ['q', '\xc3\xa9\0x'], 0],
]

for (const [body, want, invalid] of cases) {
  test(`form ${body}`, () => {
    const parsed = parseUrlEncoded(body, '&', limits)
    assert.deepEqual(parsed.arguments, want)
    assert.equal(parsed.invalidEscapes, invalid)
    assert.equal(parsed.error, undefined)
  })
}

test('another separator, and the bound', () => {
  assert.deepEqual(parseUrlEncoded('a=1;b=2&3', ';', limits).arguments, ['a', '1', 'b', '2&3'])
  const at = parseUrlEncoded('a&'.repeat(1000), '&', limits)
  assert.equal(at.error, undefined)
  const past = parseUrlEncoded('a&'.repeat(1001), '&', limits)
  assert.deepEqual(past.error, { message: 'more than 1000 arguments', offset: 2000 })
  assert.equal(past.arguments.length, 2000)
})
