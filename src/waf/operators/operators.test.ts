// Our own table of operators: spans, captures, macros, errors at load, and random bytes.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { call, compile, compileOk, type Setup } from './context.test-helper.ts'
import { operators } from './index.ts'
import { PhraseOperator } from './phrases.ts'
import { RegexOperator } from './regex.ts'

const files = {
  'rules/words.data': '# comment\r\nfoo bar\r\n  # another\n\ntrailing \n|41 42|\nint|float\n',
  'rules/nets.data': '# nets\n10.0.0.0/8, 2001:db8::/32 # two\n192.0.2.1\n',
  'rules/empty.data': '# nothing\n',
}

type Case = readonly [
  operator: string,
  argument: string,
  value: string,
  captures: string[] | false,
  span?: [number, number],
]

const cases: readonly Case[] = [
  ['beginsWith', 'ab', 'abc', [], [0, 2]],
  ['contains', 'b', 'abc', [], [1, 2]],
  ['containsWord', 'b', 'ab b', [], [3, 4]],
  ['containsWord', 'b', 'b1', [], [0, 1]],
  ['containsWord', 'b', 'ba', false],
  ['endsWith', 'c', 'abc', [], [2, 3]],
  ['within', 'GET POST', 'POST', [], [0, 4]],
  ['eq', '12', ' 12abc', []],
  ['gt', '1', '99999999999999999999', []],
  ['lt', '0', '-0x1', false],
  ['ge', '-5', '-4', []],
  ['rx', '(?i)b(c)?(d)', 'aBd', ['Bd', '', 'd'], [1, 3]],
  ['rx', 'a.b', 'a\nb', ['a\nb'], [0, 3]],
  ['rx', '^b$', 'a\nb\nc', ['b'], [2, 3]],
  ['rx', '(.)'.repeat(12), 'abcdefghijkl', ['abcdefghijkl', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'], [0, 12]],
  ['rxGlobal', 'a(.)', 'ab ac', ['ab', 'b', 'ac', 'c'], [0, 2]],
  ['pm', 'foo |42 41|r', 'a FOO', ['FOO'], [2, 5]],
  ['pm', 'foo |42 41|r', 'bar', ['bar'], [0, 3]],
  ['pm', '"a\\:b c"', 'A:B', ['A:B'], [0, 3]],
  ['pm', 'a\\d', 'a\\d', ['a\\d'], [0, 3]],
  ['pmFromFile', 'words.data', 'a foo bar', ['foo bar'], [2, 9]],
  ['pmf', 'words.data', 'foo', false],
  ['pmFromFile', 'words.data', 'trailing', false],
  ['pmFromFile', 'words.data', 'trailing x', ['trailing '], [0, 9]],
  ['pmFromFile', 'words.data', 'xAB', ['AB'], [1, 3]],
  ['pmFromFile', 'words.data', 'INT|float', ['INT|float'], [0, 9]],
  ['ipMatch', '10.0.0.0/8,::1', '10.1.2.3', [], [0, 8]],
  ['ipMatch', '10.0.0.0/8', '::ffff:10.1.2.3', [], [0, 15]],
  ['ipMatch', '10.0.0.0/8', '11.0.0.1', false],
  ['ipMatch', '10.0.0.0/8', "10.0.0.1'", false],
  ['ipMatchFromFile', 'nets.data', '2001:db8::5', [], [0, 11]],
  ['ipMatchF', 'nets.data', '192.0.2.1', [], [0, 9]],
  ['validateByteRange', '32-126,9', 'a\x7f', [], [1, 2]],
  ['validateByteRange', '32-126, 9', 'a\t', false],
  ['validateUrlEncoding', '', '%41%4', [], [3, 5]],
  ['validateUtf8Encoding', '', 'a\xed\xa0\x80', [], [1, 2]],
  ['verifyCC', '\\d{13,16}', `${'x'.repeat(5000)} 4532104980682081`, ['4532104980682081'], [5001, 5017]],
  ['verifyCC', '\\d{13,16}', '4532104980682082', false],
  ['verifyCPF', '\\d{3}\\.\\d{3}\\.\\d{3}-\\d\\d', '111.111.111-11', false],
  ['verifySSN', '\\d{9}', '666121234', false],
  ['verifySVNR', '\\d{10}', '1237010180', ['1237010180'], [0, 10]],
  ['noMatch', '', 'a', false],
  ['unconditionalMatch', '', '', []],
  ['detectSQLi', '', "x' or 1=1--", ["' or 1=1--"], [1, 11]],
  ['detectXSS', '', 'a <script>alert(1)</script>', ['<script'], [2, 9]],
]

describe('operators', () => {
  for (const [name, argument, value, captures, span] of cases) {
    test(`${name} ${argument.slice(0, 30)} on ${value.slice(0, 40)}`, () => {
      const operator = compileOk(name, argument, { files })
      const into = call()
      assert.equal(operator.test(value, into), captures !== false)
      assert.equal(operator.test(value, call({}, false)), captures !== false, 'without captures')
      if (captures === false) return
      assert.deepEqual(into.captures, captures)
      assert.deepEqual([into.spanStart, into.spanEnd], span ?? [-1, -1])
    })
  }

  const expanding: readonly [name: string, argument: string, value: string, want: boolean][] = [
    ['contains', '%{tx.a}', 'xfoox', true],
    ['streq', '%{tx.a}%{tx.none}', 'foo', true],
    ['gt', '%{tx.n}', '6', true],
    ['within', 'x %{tx.a} y', 'foo', true],
    ['rx', '^%{tx.a}$', 'foo', true],
    ['rx', '%{tx.bad}', 'foo', false],
  ]
  for (const [name, argument, value, want] of expanding) {
    test(`${name} ${argument} expands macros`, () => {
      const macros = { 'tx.a': 'foo', 'tx.n': '5', 'tx.bad': '(' }
      const operator = compileOk(name, argument, { macros })
      assert.equal(operator.test(value, call(macros)), want)
    })
  }

  const broken: readonly [name: string, argument: string, message: RegExp, offset?: number][] = [
    ['rx', 'a(b', /./],
    ['rx', 'a(?=b)\\1', /./],
    ['pm', '  ', /no phrase/],
    ['pmFromFile', 'words.data none.data', /can't read none.data/, 11],
    ['pmFromFile', '', /file name/],
    ['pmFromFile', 'empty.data', /no phrase/],
    ['ipMatch', '10.0.0.0/8,nonsense', /nonsense/, 11],
    ['validateByteRange', '32-126,300', /300/, 7],
    ['verifyCC', '(', /./],
    ['rbl', 'example.org', /not supported/],
    ['inspectFile', 'x.lua', /not supported/],
  ]
  for (const [name, argument, message, offset] of broken) {
    test(`${name} ${argument} is an error at load`, () => {
      const result = compile(name, argument, { files })
      assert.ok(!result.ok)
      assert.match(result.message, message)
      if (offset !== undefined) assert.equal(result.offset, offset)
    })
  }

  test('geoLookup through the port', () => {
    const setup: Setup = { geo: ip => (ip === '192.0.2.1' ? { countryCode: 'NL' } : undefined) }
    const operator = compileOk('geoLookup', '', setup)
    const into = call()
    assert.equal(operator.test('192.0.2.1', into), true)
    assert.deepEqual(into.geo, { countryCode: 'NL' })
    assert.equal(operator.test('192.0.2.2', into), false)
    assert.equal(operator.test('x', into), false)
    assert.equal(compileOk('geoLookup', '').test('192.0.2.1', call()), false)
  })

  test('the rule compiler can look inside rx and pm', () => {
    assert.ok(compileOk('rx', 'a') instanceof RegexOperator)
    const operator = compileOk('pm', 'b a b')
    assert.ok(operator instanceof PhraseOperator)
    assert.deepEqual(operator.literals, ['b', 'a'])
  })

  const value = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes).toString('latin1')),
    fc
      .array(
        fc.constantFrom("'", '"', ' or ', '1', '=', '--', '/*', '(', ')', 'select', ' ', '<', 'a', '%', '4', ',', '\\'),
        { maxLength: 40 },
      )
      .map(parts => parts.join('')),
  )
  const argumentOf: Record<string, string> = {
    ipmatch: '10.0.0.0/8',
    validatebyterange: '1-100',
    pmfromfile: 'words.data',
    pmf: 'words.data',
    ipmatchfromfile: 'nets.data',
    ipmatchf: 'nets.data',
    pm: 'or select',
    verifycc: '\\d+',
  }
  for (const [name, definition] of operators) {
    const result = compile(name, argumentOf[name] ?? 'a', { files })
    if (!result.ok) continue
    test(`${definition.name}: no bytes make it throw, spans are within the value, captures change nothing`, () => {
      fc.assert(
        fc.property(value, text => {
          const into = call()
          const matched = result.operator.test(text, into)
          assert.equal(result.operator.test(text, call({}, false)), matched)
          assert.ok(into.spanStart >= -1 && into.spanEnd <= text.length)
          assert.ok(into.spanStart <= into.spanEnd)
          assert.ok(into.captures.length <= 10)
        }),
        { numRuns: 300 },
      )
    })
  }
})
