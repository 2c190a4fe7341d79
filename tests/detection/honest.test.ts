// Honest requests pass, wherever their values stand.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createInspector } from '../../src/inspect/inspector.ts'
import type { Row } from '../../src/inspect/row.ts'
import { honest, honestRequests } from './honest.ts'
import { places, requestWith, rowOf } from './requests.ts'

const created = createInspector({ rules: ['builtin'], full: true })
assert.ok(created.ok)
const { inspector } = created

function assertPasses(row: Row): void {
  const { action, findings } = inspector.inspect(row)
  assert.equal(action, 'allow', findings.map(({ rule, where, match }) => `${rule} ${where} ${match}`).join('; '))
}

for (const { name, values } of honest) {
  describe(name, () => {
    for (const value of values) {
      for (const place of places) test(`${place}: ${value.slice(0, 60)}`, () => assertPasses(requestWith(place, value)))
    }
  })
}

for (const { name, method, target, type, body, headers } of honestRequests) {
  test(name, () => assertPasses(rowOf(method, target, type, body, headers)))
}
