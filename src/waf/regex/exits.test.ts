import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Exits } from './exits.ts'
import { compileRegex } from './index.ts'

test('finds the next of its bytes, wherever it starts to look', () => {
  const exits = new Exits([0x3d, 0x0a])
  exits.begin('ab=cd\n=')
  assert.deepEqual(
    [0, 2, 3, 5, 6, 7].map(from => exits.next(from)),
    [2, 2, 5, 5, 6, 7],
  )
  exits.begin('=')
  assert.equal(exits.next(0), 0)
  exits.end()
})

// Patterns that few bytes begin, by V8's engine as well; texts longer than those that are read byte by byte.
for (const pattern of [
  '(?:^|=)ab',
  '\\(a*\\)',
  'x\\d+y|=a',
  '\\bab',
  '=[^=]*=b',
  '^a',
  'a=$',
  '\\na',
  '[=(]{2}',
  '=\\B',
]) {
  test(`skips nothing of ${pattern}`, () => {
    const compiled = compileRegex(pattern, { multiline: true })
    assert.ok(compiled.ok)
    const text = fc.string({ unit: fc.constantFrom(...'aabx12=y()\n '), minLength: 16, maxLength: 60 })
    fc.assert(
      // PCRE and V8 differ on a newline that ends the text, so something follows.
      fc.property(text, value => compiled.regex.test(`${value}.`) === new RegExp(pattern, 'm').test(`${value}.`)),
      { numRuns: 500 },
    )
  })
}
