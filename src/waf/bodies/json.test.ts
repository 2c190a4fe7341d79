import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { utf8ToBytes } from '../../lib/bytes.ts'
import { parseJson } from './json.ts'
import { type JsonNode, readJson } from './json-reader.ts'
import { limits } from './limits.test-helper.ts'

const good: readonly [body: string, want: string[]][] = [
  ['1', ['json', '1']],
  ['"a"', ['json', 'a']],
  ['null', ['json', '']],
  ['{}', []],
  ['[]', []],
  [' {"a":{"b":true}} ', ['json.a.b', 'true']],
  [
    '{"items":[1,{"id":"x"},[2]]}',
    ['json.items.array_0', '1', 'json.items.array_1.id', 'x', 'json.items.array_2.array_0', '2'],
  ],
  ['[{"a":1},-1.5e+3]', ['json.array_0.a', '1', 'json.array_1', '-1.5e+3']],
  ['{"":1,"e":{},"f":[]}', ['json.empty-key', '1', 'json.e', '', 'json.f', '']],
  ['{"a":"\\u003cscript\\u003E\\n\\/"}', ['json.a', '<script>\n/']],
  ['{"a":"\\ud83d\\ude00"}', ['json.a', '\xf0\x9f\x98\x80']],
  ['{"a":"\\ud83d x"}', ['json.a', '\xef\xbf\xbd x']],
  ['{"a":"\xc3\xa9"}', ['json.a', '\xc3\xa9']],
  ['\xef\xbb\xbf{"a":0}', ['json.a', '0']],
]

const bad: readonly [body: string, message: string, args: string[]][] = [
  ['', 'JSON: ends early', []],
  ['{"a":1', 'JSON: expected a comma or }', ['json.a', '1']],
  ['{"a":', 'JSON: ends early', ['json.a', '']],
  ['{"a":1,}', 'JSON: expected a member name', ['json.a', '1']],
  ["{'a':1}", 'JSON: expected a member name', []],
  ['{"a" 1}', 'JSON: expected a colon', []],
  ['[1 2]', 'JSON: expected a comma or ]', ['json.array_0', '1']],
  ['01', 'JSON: bytes after the value', ['json', '0']],
  ['1.', 'JSON: not a number', []],
  ['-', 'JSON: not a number', []],
  ['1e', 'JSON: not a number', []],
  ['NaN', 'JSON: not a value', []],
  ['"a\nb"', 'JSON: a control byte in a string', ['json', 'a\nb"']],
  ['"<script>', 'JSON: ends within a string', ['json', '<script>']],
  ['"\\x41"', 'JSON: not an escape', ['json', '']],
  ['"\xc0\xbc"', 'JSON: a string is not UTF-8', ['json', '\xc0\xbc"']],
  ['"\xed\xa0\x80"', 'JSON: a string is not UTF-8', ['json', '\xed\xa0\x80"']],
  ['{"a":1}{"b":2}', 'JSON: bytes after the value', ['json.a', '1']],
]

describe('JSON bodies', () => {
  for (const [body, want] of good) {
    test(`reads ${body}`, () =>
      assert.deepEqual(parseJson(body, limits), { arguments: want, error: undefined, duplicateKey: undefined }))
    test(`reads ${body} from its bytes`, () =>
      assert.deepEqual(parseJson(body, limits, Buffer.from(body, 'latin1')).arguments, want))
  }
  for (const [body, message, args] of bad) {
    test(`refuses ${body}`, () => {
      const parsed = parseJson(body, limits)
      assert.equal(parsed.error?.message, message)
      assert.deepEqual(parsed.arguments, args, 'what was read is inspected')
    })
  }

  test('duplicate keys, also when spelt otherwise', () => {
    assert.equal(parseJson('{"a":1,"\\u0061":2}', limits).duplicateKey, 'a')
    const many = Array.from({ length: 20 }, (_, i) => `"k${i}":1`).join()
    assert.equal(parseJson(`{${many},"k3":2}`, limits).duplicateKey, 'k3')
    assert.equal(parseJson(`[{"a":1},{"a":1}]`, limits).duplicateKey, undefined)
  })

  test('bounds', () => {
    assert.equal(parseJson('['.repeat(64) + ']'.repeat(64), limits).error, undefined)
    assert.match(parseJson('['.repeat(65) + ']'.repeat(65), limits).error?.message ?? '', /nested deeper than 64/)
    assert.match(parseJson('['.repeat(1_000_000), limits).error?.message ?? '', /nested deeper/)
    assert.equal(parseJson(`[${'1,'.repeat(9_999)}1]`, limits).error, undefined)
    assert.match(parseJson(`[${'1,'.repeat(10_000)}1]`, limits).error?.message ?? '', /more than 10000/)
  })

  test('a long key over many children is not copied into each name', () => {
    const parsed = parseJson(`{"${'k'.repeat(500_000)}":[${'1,'.repeat(9_000)}1]}`, limits)
    const total = parsed.arguments.reduce((sum, part) => sum + part.length, 0)
    assert.ok(total < 4_000_000, String(total))
    assert.equal(parsed.arguments[0]?.length, 500_005)
  })

  test('agrees with JSON.parse on what JSON.parse accepts', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), text => {
        const document = readJson(utf8ToBytes(text), limits)
        assert.equal(document.error, undefined)
        assert.ok(document.root)
        assert.deepEqual(toValue(document.root), JSON.parse(text))
      }),
      { numRuns: 300 },
    )
  })

  test('no bytes make it throw, and it refuses what JSON.parse refuses', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\u12',
      '\\"',
      '1',
      '-',
      '.',
      'e',
      'true',
      ' ',
      '\xff',
      '\n',
      '"a"',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const text = pieces.join('')
        const parsed = parseJson(text, limits)
        let accepts = true
        try {
          JSON.parse(text)
        } catch {
          accepts = false
        }
        if (!accepts) assert.ok(parsed.error, text)
      }),
      { numRuns: 2000 },
    )
  })
})

function toValue(node: JsonNode): unknown {
  if (node.kind === 'object') {
    const entries = node.names.map((name, i) => [text(name), toValue(node.values[i] ?? { kind: 'null', value: '' })])
    return Object.fromEntries(entries)
  }
  if (node.kind === 'array') return node.values.map(toValue)
  if (node.kind === 'string') return text(node.value)
  return node.kind === 'null' ? null : JSON.parse(node.value)
}

function text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
