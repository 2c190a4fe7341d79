// Payloads of many classes as they are, and honest values that resemble them, in a query, a form and JSON.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createInspector } from '../../src/inspect/inspector.ts'
import { places, requestWith } from './requests.ts'
import { vectorsOf } from './vectors.ts'

const created = createInspector({ rules: ['builtin'] })
assert.ok(created.ok)
const { inspector } = created

/** Of each class; what passes is printed. */
const leastShare = 0.95

describe('attacks', () => {
  for (const [name, values] of vectorsOf('attacks')) {
    test(name, () => {
      const passed = values.flatMap(value =>
        places
          .filter(place => inspector.inspect(requestWith(place, value)).action !== 'block')
          .map(place => `${place}: ${JSON.stringify(value)}`),
      )
      const share = 1 - passed.length / (values.length * places.length)
      console.log(`${name}: ${values.length} payloads, ${(share * 100).toFixed(1)} % blocked`)
      assert.ok(share >= leastShare, `${(share * 100).toFixed(1)} %; passed:\n${passed.join('\n')}`)
    })
  }
})

describe('honest values', () => {
  for (const [name, values] of vectorsOf('honest')) {
    test(name, () => {
      const blocked = values.flatMap(value =>
        places
          .filter(place => inspector.inspect(requestWith(place, value)).action === 'block')
          .map(place => `${place}: ${JSON.stringify(value)}`),
      )
      assert.deepEqual(blocked, [])
    })
  }
})
