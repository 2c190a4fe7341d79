// What the scan leaves out would have found nothing: every reading finds the same as those that the scan asks for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findSql } from './sql.ts'
import { SqlMark, scanSql } from './sql-scan.ts'

const pieces = [
  ...[
    "'",
    '"',
    '`',
    ' ',
    '\t',
    '\n',
    '\0',
    '/**/',
    '/*',
    '*/',
    '/*!',
    '/*!50000',
    '--',
    '-- ',
    '#',
    '\\N',
    '\\',
    '\xa0',
  ],
  ...[
    '(',
    ')',
    ',',
    ';',
    '.',
    '=',
    '<',
    '>',
    '!',
    '|',
    '||',
    '&',
    '&&',
    '^',
    '+',
    '-',
    '*',
    '/',
    '%',
    '~',
    ':=',
    '@@',
    '@',
  ],
  ...[
    '1',
    '0x1f',
    '1e5',
    '1.',
    '.5',
    'a',
    'é',
    'users',
    'or',
    'OR',
    'and',
    'in',
    'like',
    'is',
    'not',
    'union',
    'select',
  ],
  ...[
    'from',
    'where',
    'order by 1',
    'if',
    'sleep(5)',
    'updatexml(',
    'xp_cmdshell',
    'version()',
    'drop table',
    'null',
    'as',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    '$',
    '_',
    '1=1',
    "'a'='a",
    'exec',
    'waitfor delay',
    'having',
    'count(*)',
    'information_schema.tables',
  ],
]
const values = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 12 }).map(parts => parts.join(''))

test('joints that the scan does not mark are none', () => {
  fc.assert(
    fc.property(values, value => {
      const marks = scanSql(value)
      const all = marks | SqlMark.joint | SqlMark.harmful
      assert.deepEqual(findSql(value, marks), findSql(value, all))
    }),
    { numRuns: 20_000 },
  )
})

test('sentences with numbers and joining words have no joint', () => {
  for (const text of [
    'paper or nothing at all, in line 4 of basket 5',
    'If it is sold out, send 2 others and call me (after 5 pm).',
  ]) {
    assert.equal(scanSql(text) & (SqlMark.joint | SqlMark.harmful), 0, text)
  }
  for (const text of [
    '1 or 2',
    '1) or (1',
    "x' or 'a'='a",
    '1,(select 2)',
    'a updatexml(',
    '0x1f or 1',
    '1e5or 1',
    '\\N or 1',
  ]) {
    assert.notEqual(scanSql(text) & (SqlMark.joint | SqlMark.harmful), 0, text)
  }
})
