// The patterns of the Core Rule Set, where one is installed, on values of the shared corpora, against V8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { corpusValues, crsPatterns } from './crs.test-helper.ts'
import { compileRegex } from './index.ts'
import { toV8 } from './oracle.test-helper.ts'

const patterns = crsPatterns()
const noRules = patterns.length === 0 && 'no Core Rule Set installed'
const values = corpusValues(60, 400)
const noValues = values.length === 0 && 'no corpora'

test('every pattern compiles', { skip: noRules }, () => {
  for (const { id, pattern } of patterns) {
    const result = compileRegex(pattern, { dotAll: true, multiline: true })
    assert.ok(result.ok, result.ok ? '' : `rule ${id}: ${result.message} at ${result.offset}`)
  }
})

/** ModSecurity 3 and Coraza compile with the first, PCRE alone with the second. */
for (const { m, s } of [
  { m: true, s: true },
  { m: false, s: false },
]) {
  test(`agrees with V8 on ${values.length} values, multiline ${m}, dotAll ${s}`, { skip: noRules || noValues }, () => {
    let matches = 0
    for (const { id, pattern } of patterns) {
      const result = compileRegex(pattern, { dotAll: s, multiline: m })
      assert.ok(result.ok)
      const oracle = toV8(pattern, { m, s })
      for (const value of values) {
        const want = oracle.exec(value)
        assert.equal(result.regex.test(value), want !== null, `rule ${id} on ${JSON.stringify(value)}`)
        if (want === null || matches++ % 8 !== 0) continue
        const got: ArrayLike<number> = result.regex.exec(value) ?? []
        const spans = Array.from({ length: want.length }, (_, group) => {
          const start = got[group * 2] ?? -1
          return start === -1 ? undefined : value.slice(start, got[group * 2 + 1])
        })
        assert.equal(got[0], want.index, `rule ${id} on ${JSON.stringify(value)}`)
        assert.deepEqual(spans, [...want], `rule ${id} on ${JSON.stringify(value)}`)
      }
    }
    assert.ok(matches > 1000)
  })
}
