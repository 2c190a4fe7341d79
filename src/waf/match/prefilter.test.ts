import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lowerAscii } from '../../lib/bytes.ts'
import { addByte, emptySet } from '../regex/byte-set.ts'
import { corpusValues, crsPatterns } from '../regex/crs.test-helper.ts'
import { compileRegex } from '../regex/index.ts'
import { flags, pattern, text } from '../regex/random-pattern.test-helper.ts'
import type { Regex } from '../regex/types.ts'
import { createPrefilter } from './prefilter.ts'
import { maxProfiles } from './profiles.ts'

function compiled(source: string, options = {}): Regex {
  const result = compileRegex(source, options)
  assert.ok(result.ok, source)
  return result.regex
}

/** Pattern, value, whether it should be a candidate. A yes is a must when it matches; a no is the point of it all. */
const table: readonly (readonly [pattern: string, value: string, candidate: boolean])[] = [
  ['union\\s+select', 'Union Select', true],
  ['union\\s+select', 'union', false],
  ['union\\s+select', '', false],
  ['(?i)<script', '<SCRIPT>', true],
  ['(?i)<script', 'script', false],
  ["c['\\\\]*u['\\\\]*r['\\\\]*l", 'curl', true],
  ["c['\\\\]*u['\\\\]*r['\\\\]*l", "c'url", true],
  ["c['\\\\]*u['\\\\]*r['\\\\]*l", 'colour', false],
  ['\\d+-\\d+', '10-20', true],
  ['\\d+-\\d+', 'a-b', false],
  ['^$', '', true],
  ['^a{3}$', 'aa', false],
  ['[\\n\\r]', 'x\ny', true],
  ['[\\n\\r]', 'xy', false],
  ['(?:a|b)(?:c|d)x?', 'zbd', true],
  ['(?:a|b)(?:c|d)x?', 'zcb', false],
  ['.*', 'anything', true],
  ['[^\\x00-\\xff]', 'anything', false],
  ['(foo)bar\\1', 'foobarfoo', true],
]

for (const [source, value, candidate] of table) {
  test(`${source} ${candidate ? 'may' : "can't"} match ${JSON.stringify(value)}`, () => {
    const prefilter = createPrefilter([{ id: 5, ast: compiled(source).ast }])
    prefilter.scan(value)
    assert.equal(prefilter.has(5), candidate)
    assert.equal(prefilter.has(4), false)
  })
}

test('phrases and bytes', () => {
  const prefilter = createPrefilter([
    { id: 40, literals: ['Nikto', 'a phrase that is quite long'] },
    { id: 41, literals: ['//'], bytes: bytesOf('%') },
    { id: 42, literals: [] },
    { id: 43, literals: [], bytes: bytesOf('Q') },
  ])
  const scan = (value: string) => {
    prefilter.scan(value)
    return [40, 41, 42, 43].filter(id => prefilter.has(id))
  }
  assert.deepEqual(scan('a nikto'), [40])
  assert.deepEqual(scan('A PHRASE that is quite LONG'), [40, 43])
  assert.deepEqual(scan('100%'), [41])
  assert.deepEqual(scan('a//b'), [41])
  assert.deepEqual(scan('a/b'), [])
  assert.deepEqual(scan(''), [])
  assert.deepEqual(scan('q'), [43], 'whatever case a transformation leaves')
})

function bytesOf(text: string): Uint32Array {
  const set = emptySet()
  for (let i = 0; i < text.length; i++) addByte(set, text.charCodeAt(i))
  return set
}

test('says what no literal can change', () => {
  const prefilter = createPrefilter([
    { id: 0, ast: compiled('a(?:b|=)').ast },
    { id: 1, ast: compiled('\\([^x]*\\)').ast },
    { id: 2, ast: compiled('union').ast },
  ])
  const possible = (value: string, more = '') => {
    prefilter.scan(value)
    const masks = prefilter.masksOf(bytesOf(more))
    return prefilter.possibleFor(prefilter.lowMask, prefilter.highMask, value.length, masks)[0] ?? 0
  }
  assert.equal(possible('foo(') & 2, 0)
  assert.equal(possible('foo(', ')') & 2, 2)
  assert.equal(possible('uni') & 4, 0, 'too short')
  assert.equal(possible('noinu') & 4, 4)
})

test('tells no more profiles apart than it keeps, and is right beyond', () => {
  const marks = Array.from({ length: 20 }, (_, i) => String.fromCharCode(0x80 + i))
  const prefilter = createPrefilter(marks.map((mark, id) => ({ id, literals: [], bytes: bytesOf(mark) })))
  const textOf = (bits: number) => `${marks.filter((_, i) => (bits >> i) & 1).join('')}a long tail of letters`
  for (let bits = 0; bits < maxProfiles; bits++) prefilter.scan(textOf(bits))
  assert.equal(prefilter.profileCount, maxProfiles)
  for (const bits of [maxProfiles, 0xfffff, 0xabcde, 5]) {
    prefilter.scan(textOf(bits))
    assert.equal(prefilter.candidates[0], bits)
  }
  assert.equal(prefilter.profileCount, maxProfiles)
})

test('never loses a match of random patterns', () => {
  let matches = 0
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 5 }),
      flags,
      fc.array(text, { maxLength: 8 }),
      (sources, { i, m, s }, values) => {
        const regexes = sources.map(source => compiled(source, { caseInsensitive: i, multiline: m, dotAll: s }))
        const prefilter = createPrefilter(regexes.map((regex, id) => ({ id, ast: regex.ast })))
        for (const value of values) {
          prefilter.scan(value)
          const before = Int32Array.from(prefilter.candidates)
          regexes.forEach((regex, id) => {
            if (!regex.test(value)) return
            matches++
            assert.ok(prefilter.has(id), `${regex.source} on ${JSON.stringify(value)}`)
          })
          prefilter.scan(lowerAscii(value))
          assert.deepEqual(prefilter.candidates, before)
        }
      },
    ),
    { numRuns: 3000 },
  )
  assert.ok(matches > 3000)
})

const rules = crsPatterns()
const values = corpusValues(40, 2000)
const skip = (rules.length === 0 && 'no Core Rule Set installed') || (values.length === 0 && 'no corpora')

test(`never loses a match of the CRS on ${values.length} values`, { skip }, () => {
  const regexes = rules.map(rule => compiled(rule.pattern, { dotAll: true, multiline: true }))
  const prefilter = createPrefilter(regexes.map((regex, id) => ({ id, ast: regex.ast })))
  let matches = 0
  for (const value of values) {
    prefilter.scan(value)
    regexes.forEach((regex, id) => {
      if (!regex.test(value)) return
      matches++
      assert.ok(prefilter.has(id), `rule ${rules[id]?.id} on ${JSON.stringify(value)}`)
    })
  }
  assert.ok(matches > 10_000)
})

test('is worth its while: few candidates for harmless arguments', { skip }, () => {
  const wanted = rules.filter(rule => rule.paranoia === 1 && !rule.negated && /\bARGS\b/.test(rule.variables))
  const prefilter = createPrefilter(
    wanted.map((rule, id) => ({ id, ast: compiled(rule.pattern, { dotAll: true, multiline: true }).ast })),
  )
  let candidates = 0
  const harmless = [
    'red shoes 42',
    'price_asc',
    '2',
    'kim@example.com',
    'Please ring the bell twice.',
    'de-DE',
    'f47ac10b58cc',
  ]
  for (const value of harmless) {
    prefilter.scan(value)
    candidates += wanted.filter((_, id) => prefilter.has(id)).length
  }
  assert.ok(candidates <= harmless.length, `${candidates} candidates`)
})
