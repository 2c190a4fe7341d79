// What an event tells about the exclusion that would have let its request pass.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exclusionsOf } from './events-filter.ts'

const finding = {
  evidence: [
    { rule: '5050010', where: 'ARGS:json.body', points: 5 },
    { rule: '5050010', where: 'LAYERS:ARGS:json.body', points: 0 },
  ],
}
const json = JSON.stringify({ http: { request: { method: 'POST' } }, merlon: { findings: [finding] } })
const event = {
  timeMs: 0,
  action: 'deny',
  guard: 'waf',
  clientIp: '192.0.2.1',
  path: '/articles',
  reference: 'r',
  json,
} as Parameters<typeof exclusionsOf>[0]

test('one rule, one field, one method and path, with an end', () => {
  const [first, ...others] = exclusionsOf(event)
  assert.deepEqual(others, [])
  const { expires, ...rest } = first ?? {}
  assert.deepEqual(rest, { rule: 5050010, field: 'ARGS:json.body', method: 'POST', path: '/articles' })
  assert.match(String(expires), /^\d{4}-\d\d-\d\d$/)
})

test('other guards have no rules to exclude', () => {
  assert.deepEqual(exclusionsOf({ ...event, guard: 'rate' }), [])
})
