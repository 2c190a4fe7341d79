// What is read from a file of foreign keys, and where what is wrong in it stands.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importedKeysMax } from '../accounts/imported-key.ts'
import { readImportedLines } from './imported-lines.ts'

const a = 'a'.repeat(64)
const b = 'b'.repeat(64)
const json = (value: object) => JSON.stringify(value)

test('lines of JSON and CSV are read alike', () => {
  const want = [
    { sha256: a, name: 'one, "1"', scopes: ['read', 'write'], expires: '2027-12-31', ranges: ['10.0.0.0/8'] },
    { sha256: b, name: 'two' },
  ]
  const csv = `\uFEFFsha256,name,scopes,expires,ranges\r\n${a},"one, ""1""",read write,2027-12-31,10.0.0.0/8\r\n\r\n${b},two,,,\r\n`
  for (const text of [want.map(json).join('\n'), csv]) {
    const { lines, problems } = readImportedLines('f', text)
    assert.deepEqual([problems, lines.map(({ input }) => input)], [[], want])
  }
})

const wrong: [string, string][] = [
  ['', '1:1'],
  ['sha256,name', '1:1'],
  ['{"sha256"', '1:1'],
  ['{"name":"a","name":"b"}', '1:1'],
  ['[[[[', '1:1'],
  [`{"name":"x", "sha256":"${'a'.repeat(63)}"}`, '1:14'],
  [`{"sha256":"${a}"}`, '1:1'],
  [`{"name":"sha256: \\"x", "scopes":["a b"],"sha256":"${a}"}`, '1:24'],
  [`{"sha256":"${a}","name":"x","key":"secret"}`, '1:89'],
  [`{"sha256":"${a}","name":"x","expires":"soon"}`, '1:89'],
  [`{"sha256":"${a}","name":"x","ranges":["home"]}`, '1:89'],
  [`{"sha256":"${a}","name":"x"}\n{"name":"y","sha256":"${a.toUpperCase()}"}`, '2:13'],
  [`name,sha256\nx,${a}\n"y",${a}`, '3:5'],
  [`name,sha256\n"x,${a}`, '2:1'],
  [`name,sha256\n"x"y,${a}`, '2:4'],
  [`name,sha256\nx`, '2:1'],
  [`${' '.repeat(8193)}{`, '1:8193'],
]
for (const [text, at] of wrong) {
  test(`${JSON.stringify(text.slice(0, 60))} is wrong at ${at}`, () => {
    const [problem] = readImportedLines('f', text).problems
    assert.equal(`${problem?.line}:${problem?.column}`, at, problem?.message)
  })
}

test('a line is as long as it may be, and not one more', () => {
  const line = (length: number) => {
    const input = { sha256: a, name: 'x' }
    return json(input).padEnd(length, ' ')
  }
  assert.deepEqual(readImportedLines('f', line(8192)).problems, [])
  const [problem] = readImportedLines('f', line(8193)).problems
  assert.deepEqual([problem?.message, problem?.column], ['the line is too long', 8193])
})

test('a file holds so many keys and not one more', () => {
  const lines = Array.from({ length: importedKeysMax + 1 }, (_, i) =>
    json({ sha256: i.toString(16).padStart(64, '0'), name: 'x' }),
  )
  assert.deepEqual(readImportedLines('f', lines.slice(1).join('\n')).problems, [])
  assert.match(readImportedLines('f', lines.join('\n')).problems[0]?.message ?? '', /more than 1000 keys/)
})
