// The rule of tools/tests/second-chance.ts as a table, and the runner itself over folders of small test files: what it
// prints, counts and exits with.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { FileResult } from '../../tools/tests/run-files.ts'
import { chancesMax, giveSecondChance } from '../../tools/tests/second-chance.ts'

function result(file: string, failed: number): FileResult {
  const failures = failed > 0 ? [{ name: 'x', text: 'first' }] : []
  return { file, passed: 1, failed, skipped: 0, ms: 1, failures, skips: [], output: '' }
}

describe('who is run again', () => {
  const many = Array.from({ length: chancesMax + 1 }, (_, i) => `bad-${i}`)
  const rows: {
    name: string
    first: string[]
    badAgain?: string[]
    again: string[]
    flaky: string[]
    failed: string[]
  }[] = [
    { name: 'nobody when all is good', first: [], again: [], flaky: [], failed: [] },
    { name: 'one that passes then', first: ['a'], again: ['a'], flaky: ['a'], failed: [] },
    { name: 'one that fails again', first: ['a'], badAgain: ['a'], again: ['a'], flaky: [], failed: ['a'] },
    { name: 'each by itself', first: ['a', 'b'], badAgain: ['a'], again: ['a', 'b'], flaky: ['b'], failed: ['a'] },
    { name: 'as many as may', first: many.slice(1), again: many.slice(1), flaky: many.slice(1), failed: [] },
    { name: 'none of more', first: many, again: [], flaky: [], failed: many },
    { name: 'no failure of the runner', first: ['a', ''], again: [], flaky: [], failed: ['a', ''] },
  ]
  for (const { name, first, badAgain = [], again, flaky, failed } of rows) {
    test(name, async () => {
      const ran: string[] = []
      const given = [result('good', 0), ...first.map(file => result(file, 1)), result('good too', 0)]
      const judged = await giveSecondChance(given, async file => {
        ran.push(file)
        return [result(file, badAgain.includes(file) ? 2 : 0)]
      })
      assert.deepEqual(ran, again)
      assert.deepEqual(
        judged.flaky,
        flaky.map(file => result(file, 1)),
        'with what it failed of first',
      )
      assert.deepEqual(
        judged.results.filter(({ failed }) => failed > 0).map(({ file }) => file),
        failed,
      )
      assert.deepEqual(
        judged.results.map(({ file }) => file),
        given.map(({ file }) => file),
      )
    })
  }

  test('a second run that says nothing, or tells of another trouble, is none that passed', async () => {
    for (const again of [[], [result('a', 0), result('', 1)], [result('b', 0)]]) {
      const judged = await giveSecondChance([result('a', 1)], async () => again)
      assert.deepEqual(judged, { results: [result('a', 1)], flaky: [] })
    }
  })
})

describe('the runner', () => {
  const good = `import { test } from 'node:test'\ntest('good', () => {})\ntest('left out', { skip: 'why' }, () => {})\n`
  const bad = `import { test } from 'node:test'\ntest('bad', () => { throw new Error('always so') })\n`
  // Fails, or dies, the first time that it is run.
  const once = (how: string) => `import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
const mark = import.meta.filename + '.mark'
const isFirst = !existsSync(mark)
writeFileSync(mark, '')
console.log('said by the file')
test('steady', () => {})
test('at times', () => { if (isFirst) ${how} })
`
  const run = (files: Record<string, string>, args: string[] = []) => {
    const root = mkdtempSync(join(tmpdir(), 'merlon-runner-'))
    try {
      mkdirSync(join(root, 'tests'))
      writeFileSync(join(root, 'package.json'), '{"type":"module"}')
      for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'tests', `${name}.test.ts`), text)
      const runner = join(import.meta.dirname, '../../tools/test.ts')
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      const ran = spawnSync(process.execPath, [runner, `--root=${root}`, ...args], { env, encoding: 'utf8' })
      return { code: ran.status, lines: ran.stdout.trimEnd().split('\n'), all: `${ran.stdout}${ran.stderr}` }
    } finally {
      rmSync(root, { recursive: true })
    }
  }

  test('counts what passes, and says what was left out', () => {
    const { code, lines, all } = run({ good })
    assert.equal(code, 0, all)
    assert.ok(lines.includes('skipped tests/good.test.ts: left out (why)'), all)
    assert.equal(lines.at(-1), '1 passed, 0 failed, 1 skipped')
  })

  test('prints a file that failed and then passed as flaky, with its first failure, and counts it as passed', () => {
    for (const [how, text] of [
      ["throw new Error('only now')", 'Error: only now'],
      ['process.exit(3)', 'test failed'],
    ] as const) {
      const { code, lines, all } = run({ good, odd: once(how) }, ['--failures-only'])
      assert.equal(code, 0, all)
      assert.ok(lines.includes('flaky: tests/odd.test.ts (failed, then passed alone)'), all)
      assert.ok(all.includes(text), all)
      assert.ok(all.includes('| said by the file'), all)
      assert.ok(!lines.some(line => line.startsWith('FAILED')), all)
      assert.equal(lines.at(-1), '3 passed, 0 failed, 1 skipped, 1 flaky')
    }
  })

  test('fails for what fails twice', () => {
    const { code, lines, all } = run({ bad, odd: once("throw new Error('only now')") })
    assert.equal(code, 1, all)
    assert.ok(lines.includes('FAILED tests/bad.test.ts: bad (line 2)'), all)
    assert.ok(lines.includes('flaky: tests/odd.test.ts (failed, then passed alone)'), all)
    assert.equal(lines.at(-1), '2 passed, 1 failed, 1 flaky')
  })

  test('runs none again of more than three', () => {
    const how = once("throw new Error('only now')")
    const { code, lines, all } = run({ a: how, b: how, c: how, d: how })
    assert.equal(code, 1, all)
    assert.ok(!/flaky|again/.test(all), all)
    assert.equal(lines.at(-1), '4 passed, 4 failed')
  })

  test('tells when no file was chosen', () => {
    const { code, all } = run({ good }, ['nothing-like-it'])
    assert.equal(code, 2)
    assert.match(all, /no test file matches nothing-like-it/)
  })
})
