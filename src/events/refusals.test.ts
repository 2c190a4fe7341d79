import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusals } from './refusals.ts'

test('refusals: one event a cause and ten seconds, with the number of all', () => {
  const details: string[] = []
  const refusals = new Refusals(
    ({ json }) => details.push(JSON.parse(json).merlon.detail),
    () => 'REF',
  )
  for (const nowMs of [0, 1, 9_999, 10_000, 10_001]) refusals.add('limits.connectionsPerIp', '192.0.2.1', nowMs)
  refusals.add('limits.connectionsTotal', '192.0.2.2', 5)
  assert.deepEqual(details, [
    'a connection was refused by limits.connectionsPerIp, the last one of 192.0.2.1',
    '3 connections were refused by limits.connectionsPerIp, the last one of 192.0.2.1',
    'a connection was refused by limits.connectionsTotal, the last one of 192.0.2.2',
  ])
})
