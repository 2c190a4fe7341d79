// What fits a form is settled, what leaves it with structure is broken, and everything else is judged as ever.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formNamed, formOfChoices, placeIn } from './value-form.ts'

type Case = readonly [form: string, settled: readonly string[], broken: readonly string[], neither: readonly string[]]

const cases: readonly Case[] = [
  [
    'integer',
    ['0', '-12', '+7', '99999999999999999999'],
    ['1 or 1=1', "1'", '1;id', '1/**/', '1--', '$(id)', '1%27', '1)', '<1', '1\0', '12 apples'],
    ['', 'abc', '1,000', ' 7 ', '1.5', 'NaN', 'undefined', '0x1f', '-'],
  ],
  [
    'number',
    ['1.5', '-0.1', '.5', '1e10', '1E-3'],
    ['1e1(', '1.5; ls', '1*2'],
    ['1.2.3', 'e5', '1e', '1,5', 'Infinity'],
  ],
  ['boolean', ['true', 'false'], ["true' and 'a'='a", 'true;'], ['yes', '1', 'TRUE', '']],
  [
    'uuid',
    ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'urn:uuid:3F2504E0-4F89-41D3-9A0C-0305E82C3301'],
    ["3f2504e0-4f89-41d3-9a0c-0305e82c3301'", '{"$ne":1}', '../../etc/passwd'],
    ['3f2504e0', 'me', '3f2504e04f8941d39a0c0305e82c3301', 'latest'],
  ],
  [
    'date',
    ['2026-01-31'],
    ["2026-01-31' or 'a", '2026-01-31;x', '2026-01-31--'],
    ['31.01.2026', 'Jan 31 (Sat)', 'today'],
  ],
  [
    'date-time',
    [
      '2026-01-31T10:00:00Z',
      '2026-01-31T10:00:00.123+01:00',
      '2026-01-31 10:00',
      '2026-01-31',
      '2026-01-31t10:00:00+0100',
    ],
    ["2026-01-31T10:00:00Z'||pg_sleep(5)", '2026-01-31T10:00:00Z; ls'],
    ['Tue Nov 24 2026 18:45:30 GMT+0000 (Coordinated Universal Time)', 'now', '2026-01-31T10:00:00.Z'],
  ],
  ['time', ['10:00', '10:00:00.5Z'], ['10:00`id`'], ['10am', '25']],
  ['duration', ['P3DT4H', 'PT1.5S'], ['P1D;ls', "P1D'"], ['3 days', 'P']],
  [
    'email',
    [],
    [
      'a@b.example; ls',
      'a@b.example|id',
      '<script>@b',
      '$(id)@b.example',
      'a@b.example\r\nBcc: c@d.example',
      "a' or 1=1",
    ],
    [
      "o'brien+{tag}@example.com",
      'Ann Other <ann@example.com>, bob@example.com',
      '"Other, Ann" <ann@example.com>',
      'ann',
      'ann@exämple.de',
    ],
  ],
  ['ipv4', [], ["127.0.0.1'", '127.0.0.1;id', '127.0.0.1 && id'], ['127.0.0.1', '2130706433', 'localhost']],
  ['ipv6', [], ['::1`id`', '::1;id'], ['::1', 'fe80::1', '::ffff:10.0.0.1', 'x']],
  [
    'hostname',
    [],
    ['a.example;id', 'a.example|id', 'a`id`', '$(id)'],
    ['a.example', 'büro.example', 'a b', 'a.example/x'],
  ],
]

for (const [name, settled, broken, neither] of cases) {
  const form = formNamed(name)
  assert.ok(form, name)
  const latin1 = (text: string) => Buffer.from(text).toString('latin1')
  for (const value of settled) test(`${name}: ${value} is settled`, () => assert.equal(placeIn(form, value), 'settled'))
  for (const value of broken) {
    test(`${name}: ${JSON.stringify(value)} is broken`, () => assert.equal(placeIn(form, latin1(value)), 'broken'))
  }
  for (const value of neither) {
    test(`${name}: ${JSON.stringify(value)} is neither`, () => assert.equal(placeIn(form, latin1(value)), undefined))
  }
}

test('choices are settled whatever they hold, and nothing else is', () => {
  const form = formOfChoices(['asc', 'desc', "it's"])
  assert.equal(placeIn(form, 'asc'), 'settled')
  assert.equal(placeIn(form, "it's"), 'settled')
  assert.equal(placeIn(form, 'asc,(select 1)'), 'broken')
  assert.equal(placeIn(form, 'ASC'), undefined)
})

test('a value of 128 bytes may be settled, one of 129 is not', () => {
  const form = formNamed('integer')
  assert.ok(form)
  assert.equal(placeIn(form, '1'.repeat(128)), 'settled')
  assert.equal(placeIn(form, '1'.repeat(129)), undefined)
})

test('settled values hold no byte that code is made of', () => {
  for (const name of ['integer', 'number', 'boolean', 'uuid', 'date', 'date-time', 'time', 'duration']) {
    const form = formNamed(name)
    assert.ok(form)
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789abcdefTZP:.+- \'"<(;$`{'), maxLength: 40 }),
        value => {
          return placeIn(form, value) !== 'settled' || /^[\w:.+ -]*$/.test(value)
        },
      ),
    )
  }
})
