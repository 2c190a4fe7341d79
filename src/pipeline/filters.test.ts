import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseFilters } from './filters.ts'
import type { ResponseFilter } from './guard.ts'
import type { Step } from './route.ts'
import { testExchange } from './testing.ts'
import type { Verdict } from './verdict.ts'

const flag: Extract<Verdict, { kind: 'flag' }> = {
  kind: 'flag',
  points: 0,
  reason: { code: 'test.changed', detail: 'changed' },
}

function step(filter: ResponseFilter | undefined, overrides: Partial<Step> = {}): Step {
  const stats = { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 }
  return {
    name: 'test',
    guard: { filterResponse: () => filter },
    mode: 'protect',
    onError: 'deny',
    stats,
    ...overrides,
  }
}

/** Replaces letters, and keeps the last back. */
function replacing(from: string, to: string): ResponseFilter {
  let held = ''
  return {
    push: chunk => {
      const text = (held + Buffer.from(chunk).toString()).replaceAll(from, to)
      held = text.slice(-1)
      return Buffer.from(text.slice(0, -1))
    },
    end: () => Buffer.from(held),
    found: () => flag,
  }
}

const failing: ResponseFilter = {
  push: () => {
    throw new Error('broken')
  },
  end: () => new Uint8Array(0),
  found: () => undefined,
}

function run(steps: readonly Step[], pieces: readonly string[]) {
  const ex = testExchange()
  const filters = new ResponseFilters(steps, ex)
  const out = [...pieces.map(piece => filters.push(Buffer.from(piece))), filters.end()]
  filters.tell()
  const told = ex.findings.map(({ guard, mode, verdict }) => [guard, mode, verdict.reason.code])
  return { text: Buffer.concat(out).toString(), told, ex, enforced: filters.areEnforced }
}

test('one after the other, in order, with all that was kept back', () => {
  const { text, told, enforced } = run(
    [step(replacing('a', 'b'), { name: 'one' }), step(undefined), step(replacing('b', 'c'), { name: 'two' })],
    ['xa', 'y', 'ba'],
  )
  assert.equal(text, 'xcycc')
  assert.deepEqual(told, [
    ['one', 'protect', 'test.changed'],
    ['two', 'protect', 'test.changed'],
  ])
  assert.ok(enforced)
})

test('in monitor mode nothing is changed, and it is told all the same', () => {
  const { text, told, enforced } = run([step(replacing('a', 'b'), { mode: 'monitor' })], ['aa', 'a'])
  assert.deepEqual([text, told, enforced], ['aaa', [['test', 'monitor', 'test.changed']], false])
})

test('one that fails ends the response; in monitor mode it is left out', () => {
  assert.throws(() => run([step(failing)], ['a']), /broken/)
  const steps = [step(failing, { mode: 'monitor' }), step(replacing('a', 'b'))]
  const { text, ex } = run(steps, ['a', 'a'])
  assert.deepEqual([text, steps[0]?.stats.errors, String(ex.failure)], ['bb', 1, 'Error: broken'])
})

test('what was found is told once, also when the end never comes', () => {
  const ex = testExchange()
  const filters = new ResponseFilters([step(replacing('a', 'b'))], ex)
  filters.push(Buffer.from('a'))
  for (let i = 0; i < 2; i++) filters.tell()
  assert.equal(ex.findings.length, 1)
})
