// Rule texts that load and rule texts that don't: testdata/good has no problem, testdata/bad has exactly those of its
// .expected file. And whatever bytes a rule file holds, loading returns.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatProblem, type Problem } from '../../lib/problem.ts'
import { createWaf } from '../index.ts'
import { testPorts } from '../rules/engine.test-helper.ts'

const testdata = join(import.meta.dirname, 'testdata')

function problemsOf(name: string, text: string, files: Record<string, string> = {}): readonly Problem[] {
  const result = createWaf({ rules: [{ name, text }], ports: testPorts({ files }) })
  return result.ok ? result.warnings : result.problems
}

describe('good rule files load without a problem', () => {
  for (const path of globSync(join(testdata, 'good', '*.conf')).sort()) {
    it(basename(path), () => {
      assert.deepEqual(problemsOf(basename(path), readFileSync(path, 'utf8')).map(formatProblem), [])
    })
  }
})

describe('bad rule files have all their problems told at once', () => {
  for (const path of globSync(join(testdata, 'bad', '*.conf')).sort()) {
    it(basename(path), () => {
      const got = problemsOf(basename(path), readFileSync(path, 'utf8')).map(formatProblem)
      const want = readFileSync(path.replace(/conf$/, 'expected'), 'utf8').trimEnd().split('\n')
      assert.deepEqual(got, want)
    })
  }
})

describe('Include', () => {
  const text = (rules: string, files: Record<string, string>) =>
    problemsOf('main.conf', rules, files).map(formatProblem)

  it('reads files in the order of their names', () => {
    const files = { 'r/b.conf': 'SecAction "id:2,phase:1,pass"', 'r/a.conf': 'SecAction "id:1,phase:1,pass"' }
    const result = createWaf({ rules: [{ name: 'm', text: 'Include r/*.conf' }], ports: testPorts({ files }) })
    assert.ok(result.ok)
    assert.deepEqual(
      result.waf.rules.map(rule => [rule.id, rule.file]),
      [
        [1, 'r/a.conf'],
        [2, 'r/b.conf'],
      ],
    )
  })

  it('a missing file is an error, but not for IncludeOptional', () => {
    assert.deepEqual(text('Include none.conf', {}), ['main.conf:1:1: no file matches none.conf'])
    assert.deepEqual(text('IncludeOptional none.conf', {}), [])
  })

  it('a file that includes itself is an error', () => {
    assert.deepEqual(text('Include a.conf', { 'a.conf': 'Include a.conf' }), ['a.conf:1:1: a.conf includes itself'])
  })

  it('depth is bounded', () => {
    const files = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${i}.conf`, `Include ${i + 1}.conf`]))
    assert.deepEqual(text('Include 0.conf', files), ['14.conf:1:1: more than 16 files deep'])
  })
})

it('four backslashes are one for the regular expression, two stay as they are', () => {
  const rules =
    'SecRule ARGS:a "@rx ^[\\\\/]$" "id:1,phase:2,pass"\nSecRule ARGS:b "@rx ^\\\\\\\\$" "id:2,phase:2,pass"'
  const result = createWaf({ rules: [{ name: 'm', text: rules }], ports: testPorts() })
  assert.ok(result.ok)
  const transaction = result.waf.transaction()
  transaction.uri('GET', '/?a=%5C&b=%5C', 'HTTP/1.1')
  transaction.requestBodyDone()
  assert.deepEqual(
    transaction.matches.map(match => match.rule.id),
    [1, 2],
  )
})

it('loading never throws, whatever the text', () => {
  const pieces = [
    'SecRule ',
    'SecAction ',
    'ARGS',
    '|',
    '!',
    '&',
    ':/a/',
    '"',
    "'",
    '@rx ',
    '@pm ',
    '(',
    ')',
    '\\',
    '\n',
    '#',
  ]
  const words = [
    'id:1',
    'phase:2',
    ',',
    'chain',
    't:none',
    'setvar:tx.a=1',
    'ctl:ruleRemoveById=1',
    '%{',
    '}',
    'msg:',
    ' ',
  ]
  const directive = fc.constantFrom(
    'SecMarker ',
    'SecDefaultAction ',
    'SecRuleUpdateTargetById ',
    'Include ',
    'SecRuleEngine ',
  )
  const rule = fc.array(fc.oneof(fc.constantFrom(...pieces, ...words), directive, fc.string({ maxLength: 4 })), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(rule, parts => {
      problemsOf('fuzz.conf', parts.join(''))
    }),
    { numRuns: 500 },
  )
})
