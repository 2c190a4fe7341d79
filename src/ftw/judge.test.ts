import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from './judge.ts'
import { applyOverride, parseOverrides, readSkips } from './lists.ts'
import { parseTests } from './parse.ts'
import type { FtwOutput, Observation } from './types.ts'

const seen: Observation = {
  refused: false,
  error: undefined,
  status: 200,
  response: 'HTTP/1.1 200\r\n\r\nhello',
  ids: [1, 2],
  log: ['Matched at ARGS:a. [id "1"] [msg "One"]', 'Matched at ARGS:b. [id "2"]'],
  location: undefined,
  cookies: [],
}
const refused: Observation = { ...seen, refused: true, status: 400 }
const silent: Observation = { ...seen, error: 'the body has 0 of 50 bytes', status: 0 }

function parseTest(output: string) {
  return parseTests('1.yaml', `rule_id: 1\ntests: [{ stages: [{ input: {}, output: ${output} }] }]`).tests[0]!
}

function output(yaml: string): FtwOutput {
  return parseTest(yaml).stages[0]!.output
}

const cases: [output: string, observation: Observation, want: RegExp | undefined][] = [
  ['{}', seen, undefined],
  ['{ status: 200 }', seen, undefined],
  ['{ status: [403, 200] }', seen, undefined],
  ['{ status: 403 }', seen, /expected status 403, got 200; matched 1, 2/],
  ['{ response_contains: h.llo }', seen, undefined],
  ['{ response_contains: bye }', seen, /expected the answer to match bye/],
  ['{ log: { expect_ids: [2, 1] } }', seen, undefined],
  ['{ log: { expect_ids: [1, 3, 4] } }', seen, /expected 3, 4; matched 1, 2/],
  ['{ log: { no_expect_ids: [3] } }', seen, undefined],
  ['{ log: { no_expect_ids: [3, 2] } }', seen, /expected no 2; got Matched at ARGS:b/],
  ['{ log: { expect_ids: [1] }, isolated: true }', seen, /expected 1 alone/],
  ['{ log: { match_regex: "ARGS:a.*One" } }', seen, undefined],
  ['{ log: { match_regex: "ARGS:b.*One" } }', seen, /expected a log line like/],
  ['{ log: { no_match_regex: "One" } }', seen, /expected no log line like One; got/],
  ['{ log_contains: id "1" }', seen, undefined],
  ['{ no_log_contains: id "1" }', seen, /expected no log line/],
  ['{ log_contains: id "9", log: { match_regex: One } }', seen, undefined],
  ['{ expect_error: true }', seen, /expected no answer, got status 200/],
  ['{ expect_error: true, log: { expect_ids: [9] } }', silent, undefined],
  ['{}', silent, /expected an answer, got none: the body/],
  ['{ status: 400, log: { no_expect_ids: [1] } }', refused, undefined],
  ['{ log: { expect_ids: [1] } }', refused, undefined],
]
for (const [yaml, observation, want] of cases) {
  test(`${yaml} on ${observation.error ?? observation.status}`, () => {
    const wrong = judge(output(yaml), observation)
    if (want === undefined) assert.equal(wrong, undefined)
    else assert.match(wrong ?? '', want)
  })
}

test('overrides replace the output of all stages, or of those that they name', () => {
  const list = `test_overrides: [{ rule_id: 1, test_ids: [1], stage_ids: [1], reason: r, output: { status: 400 } }]`
  const { overrides, problems } = parseOverrides('o.yaml', list)
  assert.deepEqual(problems, [])
  const override = overrides.get('1-1')
  assert.ok(override)
  const stage = parseTest('{ status: 200 }').stages[0]!
  const changed = applyOverride({ ...parseTest('{}'), stages: [stage, stage] }, override)
  assert.deepEqual(
    changed.stages.map(({ output: { status } }) => status),
    [[200], [400]],
  )
})

test('a list that is none is a problem with its place', () => {
  const of = (text: string) => parseOverrides('o.yaml', text).problems.map(({ line, code }) => `${code} ${line}`)
  assert.match(of('a: [').join(), /^ftw\.yaml 1/)
  assert.deepEqual(of('other: []'), ['ftw.override 1'])
  assert.deepEqual(of('test_overrides:\n  - { rule_id: x, test_ids: [1] }'), ['ftw.override 2'])
})

test('every skip has a reason, and there are few', () => {
  for (const version of ['3.3.4', '4.28.0']) {
    for (const where of ['engine', 'live'] as const) {
      const skips = readSkips(version, where)
      assert.ok(skips.size > 0 && skips.size <= (where === 'live' ? 23 : 6), `${version} ${where}`)
      for (const [id, reason] of skips) assert.ok(/^\d{6}-\d+$/.test(id) && reason.length > 20, id)
    }
  }
  assert.equal(readSkips('../../etc', 'engine').size, 0)
  assert.equal(readSkips(undefined, 'engine').size, 0)
})
