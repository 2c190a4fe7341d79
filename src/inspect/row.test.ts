import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRow } from './row.ts'

const base = { id: 'a-1', method: 'GET', path: '/?q=é', headers: { Host: 'a.example', 'X-A': 'ü' } }

test('text becomes bytes', () => {
  const row = parseRow(JSON.stringify({ ...base, body: 'é', label: 'attack', category: 'xss', source: 's' }))
  assert.ok(!('error' in row))
  assert.deepEqual(
    { ...row, body: [...row.body] },
    {
      id: 'a-1',
      method: 'GET',
      target: '/?q=\xc3\xa9',
      headers: ['Host', 'a.example', 'X-A', '\xc3\xbc'],
      body: [0xc3, 0xa9],
      label: 'attack',
      category: 'xss',
      source: 's',
    },
  )
})

test('bodyBase64 is a body of any bytes; neither is no body', () => {
  const binary = parseRow(JSON.stringify({ ...base, bodyBase64: '/wA=' }))
  assert.ok(!('error' in binary))
  assert.deepEqual([...binary.body], [0xff, 0])
  const none = parseRow(JSON.stringify(base))
  assert.ok(!('error' in none) && none.body.length === 0)
})

const malformed: [line: string, id: string | null, error: RegExp][] = [
  ['', null, /not JSON/],
  ['{"id":"a"', null, /not JSON/],
  ['[]', null, /not a JSON object/],
  ['null', null, /not a JSON object/],
  ['{}', null, /^id/],
  ['{"id":1}', null, /^id/],
  ['{"id":"a"}', 'a', /^method/],
  ['{"id":"a","method":"GET"}', 'a', /^path/],
  ['{"id":"a","method":"GET","path":"/","headers":[]}', 'a', /^headers/],
  ['{"id":"a","method":"GET","path":"/","headers":{"X":1}}', 'a', /the header "X"/],
  ['{"id":"a","method":"GET","path":"/","headers":{},"body":1}', 'a', /^body is/],
  ['{"id":"a","method":"GET","path":"/","headers":{},"bodyBase64":"a*"}', 'a', /^bodyBase64/],
  ['{"id":"a","method":"GET","path":"/","headers":{},"body":"","bodyBase64":""}', 'a', /both/],
]
for (const [line, id, error] of malformed) {
  test(`malformed: ${line}`, () => {
    const row = parseRow(line)
    assert.ok('error' in row)
    assert.equal(row.id, id)
    assert.match(row.error, error)
  })
}
