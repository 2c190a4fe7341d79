// At least 95 of 100 variants of each class of attack are blocked, wherever they stand.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInspector } from '../../src/inspect/inspector.ts'
import { mutators } from './mutants.ts'
import { payloads } from './payloads.ts'
import { type Place, places, requestWith } from './requests.ts'

const leastShare = 0.95
const created = createInspector({ rules: ['builtin'] })
assert.ok(created.ok)
const { inspector } = created

for (const [name, list] of Object.entries(payloads)) {
  test(`variants of ${name} are blocked`, () => {
    const passed: string[] = []
    let count = 0
    for (const payload of list) {
      for (const mutator of mutators) {
        if (mutator.classes !== 'all' && !mutator.classes.includes(name)) continue
        const variant = mutator.apply(payload)
        if (variant === undefined) continue
        for (const place of places) {
          count++
          if (inspector.inspect(requestWith(place, variant)).action !== 'block') {
            passed.push(`${place}, ${mutator.name}: ${variant}`)
          }
        }
      }
    }
    const share = 1 - passed.length / count
    console.log(`${name}: ${list.length} payloads, ${count} variants, ${(share * 100).toFixed(1)} % blocked`)
    assert.ok(share >= leastShare, `${(share * 100).toFixed(1)} % of ${count} blocked; passed:\n${passed.join('\n')}`)
  })
}

test('there are some two hundred payloads of more than ten classes', () => {
  const lists = Object.values(payloads)
  assert.ok(lists.length > 10 && lists.flat().length >= 200, `${lists.length} classes, ${lists.flat().length} payloads`)
})

test('places hold what they are given', () => {
  const place: Place = 'query'
  assert.ok(requestWith(place, "a'b").target.includes('a%27b'))
})
