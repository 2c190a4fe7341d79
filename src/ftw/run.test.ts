import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { reportFtw } from './report.ts'
import { type FtwOptions, runFtw } from './run.ts'

const at = (path: string) => fileURLToPath(new URL(`./testdata/${path}`, import.meta.url))
const defaults: FtwOptions = { paths: [at('tests')], rules: { rules: [at('rules.conf')] } }

/** `1001-1 passed`, … and what was written. */
async function run(options: Partial<FtwOptions>): Promise<{ outcomes: string[]; text: string }> {
  const started = runFtw({ ...defaults, ...options })
  assert.ok(started.ok, JSON.stringify(started))
  const outcomes: string[] = []
  async function* noted() {
    assert.ok(started.ok)
    for await (const result of started.results) {
      outcomes.push(`${result.test.id} ${result.outcome}`)
      yield result
    }
  }
  let text = ''
  await reportFtw(noted(), { total: started.total, write: piece => (text += piece) })
  return { outcomes, text }
}

test('tests of both forms run in the engine', async () => {
  const { outcomes, text } = await run({})
  assert.deepEqual(outcomes, [
    '1001-1 passed',
    '1001-2 passed',
    '1001-3 failed',
    '1001-4 passed',
    '1001-5 passed',
    '1001-6 passed',
    '1001-7 skipped',
    '1001-8 passed',
    '1002-1 passed',
    '1002-2 passed',
  ])
  assert.match(text, /^failed 1001-3 src\/ftw\/testdata\/tests\/1001\.yaml\n.*\n {2}expected 1001; no rule matched\n/)
  assert.match(text, /\n8 passed, 1 failed, 1 skipped\n$/)
})

test('an override list replaces what is expected, or skips', async () => {
  const { outcomes } = await run({ overrides: at('overrides.yaml'), only: /^1001-[123]$/ })
  assert.deepEqual(outcomes, ['1001-1 skipped', '1001-2 skipped', '1001-3 passed'])
})

test('what is wrong is a problem, not a crash', () => {
  const problem = (options: Partial<FtwOptions>) => {
    const started = runFtw({ ...defaults, ...options })
    return started.ok ? undefined : started.problems[0]?.code
  }
  assert.equal(problem({ paths: [at('none')] }), 'ftw.unreadable')
  assert.equal(problem({ only: /^none$/ }), 'ftw.none')
  assert.equal(problem({ rules: { rules: [at('none.conf')] } }), 'rules.not-found')
  assert.equal(problem({ overrides: at('rules.conf') }), 'ftw.override')
})
