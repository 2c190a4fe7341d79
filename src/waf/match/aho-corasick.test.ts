import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lowerAscii } from '../../lib/bytes.ts'
import { createMatcher } from './aho-corasick.ts'

const table = [
  { literals: ['abcd', 'c'], value: 'xabcd', want: [0, 1, 5] },
  { literals: ['abcd', 'c'], value: 'xabce', want: [1, 3, 4] },
  { literals: ['ab', 'abc'], value: 'zabcz', want: [1, 1, 4] },
  { literals: ['ab', 'bc'], value: 'ABC', want: [0, 0, 2] },
  { literals: ['he', 'she', 'his', 'hers'], value: 'ushers', want: [1, 1, 4] },
  { literals: ['', 'x'], value: 'yx', want: [1, 1, 2] },
  { literals: [''], value: 'y', want: undefined },
  { literals: [], value: 'y', want: undefined },
  { literals: ['\xe9'], value: '\xc9', want: undefined },
  { literals: ['\x00\xff'], value: 'a\x00\xff', want: [0, 1, 3] },
  { literals: ['dup', 'DUP'], value: 'dup', want: [0, 0, 3] },
] as const

for (const { literals, value, want } of table) {
  test(`firstMatch of ${JSON.stringify(literals)} in ${JSON.stringify(value)}`, () => {
    const match = createMatcher(literals, { caseInsensitive: true }).firstMatch(value)
    assert.deepEqual(match && [match.index, match.start, match.end], want)
  })
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'c', '\xff'), maxLength: 5 })
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'B', 'c', 'd', '\xff'), maxLength: 30 })

test('agrees with indexOf on every literal, folded and not', () => {
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 12 }), text, fc.boolean(), (literals, value, caseInsensitive) => {
      const fold = (bytes: string) => (caseInsensitive ? lowerAscii(bytes) : bytes)
      const matcher = createMatcher(literals, { caseInsensitive })
      const found = new Int32Array(1)
      const any = matcher.scan(value, found)
      let best: [number, number] | undefined
      literals.forEach((literal, i) => {
        const at = literal === '' ? -1 : fold(value).indexOf(fold(literal))
        assert.equal(((found[0] ?? 0) >>> i) & 1, at === -1 ? 0 : 1)
        if (at === -1) return
        if (best === undefined || at < best[0] || (at === best[0] && at + literal.length > best[1])) {
          best = [at, at + literal.length]
        }
      })
      assert.equal(any, best !== undefined)
      const match = matcher.firstMatch(value)
      assert.deepEqual(match && [match.start, match.end], best)
      if (match !== undefined)
        assert.equal(fold(value.slice(match.start, match.end)), fold(literals[match.index] ?? ''))
    }),
    { numRuns: 1000 },
  )
})

test('all 256 bytes in use', () => {
  const literals = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte, byte))
  const matcher = createMatcher(literals, { caseInsensitive: false })
  for (const [index, literal] of literals.entries()) assert.equal(matcher.firstMatch(`${literal}`)?.index, index)
})
