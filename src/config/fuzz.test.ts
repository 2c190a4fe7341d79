// Whatever stands in the file, the reader answers: a config or problems with places inside the file, never an exception.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from './load.ts'

const testdata = join(import.meta.dirname, 'testdata')
const seeds = ['good', 'bad'].flatMap(folder =>
  readdirSync(join(testdata, folder))
    .filter(file => file.endsWith('.yaml'))
    .map(file => readFileSync(join(testdata, folder, file), 'utf8')),
)

const pieces = fc.oneof(
  fc.constantFrom(
    '&a ',
    '*a',
    '<<: ',
    '- ',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|\n',
    '!!binary x',
    '? ',
    '#',
    '\t',
    '\u0000',
    '__proto__: ',
    'constructor: 1\n',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
  ),
  fc.constantFrom('mode', 'guards', 'null', '~', 'true', '1e999', '-1', '.nan', '0x10', '1m', '9999999999GiB', ':0'),
  fc.string({ maxLength: 12 }),
)

/** Edits at random places: put in, take out, or both. */
const edits = fc.array(fc.record({ at: fc.nat(2000), cut: fc.nat(20), put: pieces }), { minLength: 1, maxLength: 6 })

test('changed configs never make the reader throw', () => {
  fc.assert(
    fc.property(fc.constantFrom(...seeds), edits, (seed, changes) => {
      let text = seed
      for (const { at, cut, put } of changes) {
        const place = text.length === 0 ? 0 : at % text.length
        text = text.slice(0, place) + put + text.slice(place + cut)
      }
      const result = parseConfig(text, { file: 'f.yaml', dir: '/' })
      if (result.ok) return
      assert.ok(result.problems.some(problem => problem.severity === 'error'))
      const lines = text.split('\n').length
      for (const { line, column, message } of result.problems) {
        assert.ok(line >= 0 && line <= lines + 1 && column >= 0, `${line}:${column} of ${lines} lines`)
        assert.ok(message.length > 0)
      }
    }),
    { numRuns: 400 },
  )
})

test('any text at all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      const result = parseConfig(text, { file: 'f.yaml', dir: '/' })
      assert.ok(!result.ok && result.problems.length > 0)
    }),
    { numRuns: 200 },
  )
})
