// Patterns: an error with a place or an automaton; what matches has the prefilter's requirements, and has its captures
// inside the value.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createPrefilter } from '../../../src/waf/match/prefilter.ts'
import { compileRegex } from '../../../src/waf/regex/index.ts'
import { pattern, text } from '../../../src/waf/regex/random-pattern.test-helper.ts'
import { input } from '../inputs.ts'
import { fuzzTarget } from '../target.ts'

const anything = fc
  .array(
    fc.constantFrom(
      ...'ab()[]{}?*+|^$\\.-:<>!=,123xQERBbkgdw#iP\n\xff',
      ...[
        '(?:',
        '(?i)',
        '(?=',
        '(?<!',
        '(?>',
        '[^',
        '{3,',
        '{0,40}',
        '{1,9}?',
        '\\b',
        '\\x{41}',
        '\\1',
        '[[:alpha:]]',
        '*+',
      ],
    ),
    { maxLength: 24 },
  )
  .map(parts => parts.join(''))
const flags = fc.record({ caseInsensitive: fc.boolean(), multiline: fc.boolean(), dotAll: fc.boolean() })

export const regexes = [
  fuzzTarget(
    'regex',
    4000,
    fc.tuple(fc.oneof(pattern, anything), flags, fc.array(fc.oneof(text, input), { minLength: 1, maxLength: 4 })),
    ([source, options, values]) => {
      const result = compileRegex(source, options)
      if (!result.ok) {
        assert.ok(result.offset >= 0 && result.offset <= source.length)
        return
      }
      const { regex } = result
      const prefilter = createPrefilter([{ id: 1, ast: regex.ast }])
      for (const value of values) {
        const matches = regex.test(value)
        const found = regex.exec(value)
        assert.equal(found !== undefined, matches)
        if (found === undefined) continue
        for (const place of found) assert.ok(place >= -1 && place <= value.length)
        assert.ok((found[0] ?? -1) >= 0 && (found[0] ?? 0) <= (found[1] ?? -1))
        prefilter.scan(value)
        assert.ok(prefilter.has(1), 'the prefilter loses a match')
      }
    },
  ),
]
