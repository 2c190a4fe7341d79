// Where a chain of transformations makes nothing but gaps, the value as it came tells what the outcome cannot match.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { beforeGaps, type Gaps } from '../../match/gaps.ts'
import { createPrefilter, type EntryContent } from '../../match/prefilter.ts'
import { requirementsFor } from '../../match/prefilter-index.ts'
import { compileRegex } from '../../regex/index.ts'
import { transformations } from '../../transforms/index.ts'
import { alwaysTriggeredBytes, gapsOf, makesGapsOnly, triggersOf } from './triggers.ts'

const chains = [
  ['cmdline'],
  ['urldecode'],
  ['urldecodeuni', 'removenulls'],
  ['utf8tounicode', 'urldecodeuni', 'htmlentitydecode', 'jsdecode', 'lowercase'],
  ['urldecodeuni', 'cmdline', 'lowercase'],
  ['urldecode', 'compresswhitespace'],
  ['urldecode', 'replacecomments', 'compresswhitespace'],
  ['replacenulls', 'lowercase'],
]

const patterns = [
  'if not',
  'for ?/l',
  'ping\\s+-',
  'bin/cat',
  'get\\s+/',
  'a\\(',
  'eval \\(',
  '\\s',
  'x  y',
  '/ *x',
  'u',
]
const phrases = [
  'if',
  'not',
  'for',
  '/l',
  'ping',
  '-',
  'bin',
  '/',
  'cat',
  'get',
  'a',
  '(',
  'eval',
  'x',
  'y',
  'u',
  '.',
  '..',
]
const between = [
  ' ',
  '  ',
  ',',
  ';',
  '+',
  '\t',
  '\n',
  '\0',
  '/**/',
  '/*',
  '*/',
  '"',
  "'",
  '^',
  '\\',
  '%20',
  '%4',
  '&#32;',
  '',
]
const text = fc
  .array(fc.oneof(fc.constantFrom(...phrases), fc.constantFrom(...between)), { maxLength: 8 })
  .map(parts => parts.join(''))

function regexOf(pattern: string) {
  const compiled = compileRegex(pattern, {})
  assert.ok(compiled.ok)
  return compiled.regex
}

const entries = patterns.map(pattern => ({
  regex: regexOf(pattern),
  entry: { ast: regexOf(pattern).ast } as EntryContent,
}))

describe('gaps', () => {
  for (const names of chains) {
    it(`of ${names.join(', ')}`, () => {
      const gaps = gapsOf(names)
      assert.ok(gaps)
      const triggers = createPrefilter(triggersOf(names))
      const before = createPrefilter(
        entries.map(({ entry }, id) => ({ id, requirements: beforeGaps(requirementsFor(entry), gaps) })),
      )
      const steps = names.map(name => transformations.get(name))
      let told = 0
      fc.assert(
        fc.property(text, value => {
          if (value.length <= alwaysTriggeredBytes) return
          triggers.scan(value)
          if (!makesGapsOnly(names, triggers.candidates[0] ?? 0)) return
          let outcome = value
          for (const step of steps) outcome = step?.apply(outcome) ?? ''
          before.scan(value)
          for (const [id, { regex }] of entries.entries()) {
            if (!before.has(id)) told++
            else continue
            assert.ok(!regex.test(outcome), `${regex.source} on ${JSON.stringify(outcome)}`)
          }
        }),
        { numRuns: 3000 },
      )
      assert.ok(told > 3000)
    })
  }
})

it('never holds where a gap may give a later step something to do', () => {
  assert.equal(makesGapsOnly(['cmdline', 'normalisepath'], 0), false)
  assert.equal(makesGapsOnly(['urldecode', 'trim'], 0), false)
  assert.equal(makesGapsOnly(['urldecode', 'base64decode'], 0), false)
})

it('asks for less of a literal where a gap may stand in it', () => {
  const cutsOf = (pattern: string, gaps: Gaps) => {
    const wanted = requirementsFor({ ast: regexOf(pattern).ast })
    const before = beforeGaps(wanted, gaps)
    return before === wanted ? 'same' : before.cuts.flatMap(cut => cut.literals)
  }
  const plus = { seams: ' ', bytes: ' +' }
  const shell = { seams: ' /(', bytes: ' ,' }
  assert.equal(cutsOf('union', plus), 'same')
  assert.equal(cutsOf('bin/cat', plus), 'same')
  assert.deepEqual(cutsOf('if exist', plus), [' exist', '+exist'])
  assert.deepEqual(cutsOf('exist if', plus), ['exist ', 'exist+'])
  assert.deepEqual(cutsOf('to/cat', shell), ['/cat'])
  assert.deepEqual(cutsOf('cat/to', shell), ['cat/', 'cat ', 'cat,'])
})
