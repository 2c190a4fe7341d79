// Which requests show that a field holds rich text, and what is told of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RichTextSighting } from '../../pipeline/learned.ts'
import { defaultLimits } from '../../pipeline/limits.ts'
import { type TestRequest, testExchange } from '../../pipeline/testing.ts'
import { createSharedCounters, SharedCounters } from '../../store/counters-shared.ts'
import { waf } from './index.ts'
import { wafOptions } from './options.ts'

const seen: RichTextSighting[] = []
const offended: string[] = []

function guardOf(mode: string) {
  const made = waf.create(wafOptions.parse({ learnRichText: { mode } }), {
    now: Date.now,
    counters: new SharedCounters(createSharedCounters(64)),
    limits: defaultLimits,
    configDir: '/',
    stateDir: '/',
    richTextReports: { seen: one => seen.push(one), offended: client => offended.push(client) },
  })
  assert.ok(made.ok)
  return made.guard
}
const guard = guardOf('propose')

const text = (bytes: number) => `# Title\n\n- one\n${'x'.repeat(bytes - 15)}`
const fields = (count: number) => Array.from({ length: count }, (_, i) => [`f${i}`, text(120)])

function run(parameters: readonly (readonly string[])[], status = 200, by = guard, more: TestRequest = {}) {
  seen.length = 0
  offended.length = 0
  const body = new URLSearchParams(
    parameters.map(([name = '', value = '']): [string, string] => [name, value]),
  ).toString()
  const headers = ['Content-Type', 'application/x-www-form-urlencoded']
  const ex = testExchange({ method: 'POST', target: '/notes/7', headers, body, ...more })
  by.onHeaders?.(ex)
  by.onBody?.(ex)
  ex.status = status
  by.onDone?.(ex)
  return seen.map(({ field }) => field)
}

const cases: [name: string, found: string[], want: string[]][] = [
  ['a text with marks', run([['body', text(120)]]), ['ARGS:body']],
  ['a shorter one', run([['body', text(119)]]), []],
  ['lines without marks', run([['body', 'one\ntwo\nthree '.repeat(20)]]), []],
  ['one line', run([['body', `**${'x'.repeat(200)}**`]]), []],
  ['a name that no config takes', run([['a b', text(120)]]), []],
  ['a list', run([['json.array_3.text', text(120)]]), ['ARGS:json.array_*.text']],
  ['a request that the upstream refused', run([['body', text(120)]], 400), []],
  ['a redirect', run([['body', text(120)]], 302), ['ARGS:body']],
  ['a request that was refused', run([['body', `${text(120)}<script>alert(1)</script>`]], 403), []],
  ['four fields', run(fields(4)), ['ARGS:f0', 'ARGS:f1', 'ARGS:f2', 'ARGS:f3']],
  ['five fields', run(fields(5)), ['ARGS:f0', 'ARGS:f1', 'ARGS:f2', 'ARGS:f3']],
  ['the 200th argument', run([...Array(199).fill(['a', 'b']), ['t', text(120)]]), ['ARGS:t']],
  ['the 201st argument', run([...Array(200).fill(['a', 'b']), ['t', text(120)]]), []],
  ['nothing, when it is off', run([['body', text(120)]], 200, guardOf('off')), []],
]
for (const [name, found, want] of cases) test(name, () => assert.deepEqual(found, want))

test('who was refused is told by network', () => {
  run([['body', '<script>alert(1)</script>']], 403)
  assert.deepEqual(offended, ['network c00002'])
  run([['body', '<script>alert(1)</script>']], 403, guard, { ip: '2001:db8:1:2::3' })
  assert.deepEqual(offended, ['network 20010db80001'])
})

test('a sighting says where, and what the options ask for', () => {
  run([['body', text(120)]])
  const { route, method, path, clients, days } = seen[0] as RichTextSighting
  assert.deepEqual([route, method, path, clients, days], ['test', 'POST', '/notes/{}', 20, 7])
})
