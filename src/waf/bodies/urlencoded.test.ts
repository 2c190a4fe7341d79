import assert from 'node:assert/strict'
import { test } from 'node:test'
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
    const parsed = parseUrlEncoded(body, '&', 1000)
    assert.deepEqual(parsed.arguments, want)
    assert.equal(parsed.invalidEscapes, invalid)
    assert.equal(parsed.isCut, false)
  })
}

test('another separator, and the bound', () => {
  assert.deepEqual(parseUrlEncoded('a=1;b=2&3', ';', 1000).arguments, ['a', '1', 'b', '2&3'])
  const at = parseUrlEncoded('a&'.repeat(1000), '&', 1000)
  assert.equal(at.isCut, false)
  const past = parseUrlEncoded('a&'.repeat(1001), '&', 1000)
  assert.equal(past.isCut, true)
  assert.equal(past.arguments.length, 2000)
})
