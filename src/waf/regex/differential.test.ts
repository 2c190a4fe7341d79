// Random patterns of the syntax that PCRE and V8 share, against V8. The oracle gets every class spelt out.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileRegex } from './index.ts'
import { toV8 } from './oracle.test-helper.ts'
import { flags, pattern, text } from './random-pattern.test-helper.ts'

test('agrees with V8 on match, place and captures', () => {
  let matches = 0
  fc.assert(
    fc.property(pattern, flags, fc.array(text, { minLength: 1, maxLength: 6 }), (source, { i, m, s }, inputs) => {
      const result = compileRegex(source, { caseInsensitive: i, multiline: m, dotAll: s })
      assert.ok(result.ok, result.ok ? '' : result.message)
      const oracle = toV8(source, { i, m, s })
      for (const input of inputs) {
        const want = oracle.exec(input)
        assert.equal(result.regex.test(input), want !== null)
        const got: Int32Array | undefined = result.regex.exec(input)
        if (want === null) {
          assert.equal(got, undefined)
          continue
        }
        matches++
        assert.ok(got)
        assert.deepEqual([got[0], got[1]], [want.index, want.index + want[0].length])
        for (let group = 1; group < want.length; group++) {
          const start: number = got[group * 2] ?? -1
          assert.equal(start === -1 ? undefined : input.slice(start, got[group * 2 + 1]), want[group])
        }
      }
    }),
    { numRuns: 4000 },
  )
  assert.ok(matches > 2000)
})

test('never throws, whatever the pattern and the bytes', () => {
  const anything = fc.string({
    unit: fc.constantFrom(...'ab()[]{}?*+|^$\\.-:<>!=,123xQERbBkgdw#iP\n\xff'),
    maxLength: 24,
  })
  fc.assert(
    fc.property(anything, text, (source, input) => {
      const result = compileRegex(source)
      if (!result.ok) {
        assert.ok(result.offset >= 0 && result.offset <= source.length)
        return
      }
      const match = result.regex.exec(input)
      assert.equal(match !== undefined, result.regex.test(input))
      if (match !== undefined) assert.equal(match.length, (result.regex.groupCount + 1) * 2)
    }),
    { numRuns: 20_000 },
  )
})
