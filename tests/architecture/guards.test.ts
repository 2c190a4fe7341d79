// What every guard of the chain keeps to.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { chain } from '../../src/guards/chain.ts'

describe('each guard of the chain', () => {
  for (const guard of chain) {
    test(guard.name, () => {
      assert.ok(
        existsSync(join(import.meta.dirname, `../../src/guards/${guard.name}/index.ts`)),
        'its folder has its name',
      )
      assert.ok(/^[A-Z].*\.$/.test(guard.summary), 'its summary is a sentence')

      const strange = guard.options.safeParse({ noSuchOption: 1 })
      const codes = strange.error?.issues.map(issue => issue.code) ?? []
      assert.ok(codes.includes('unrecognized_keys'), 'an unknown option is refused, never ignored')

      const defaults = guard.options.safeParse({})
      if (defaults.success) structuredClone(defaults.data) // options are posted to the workers
      const mode = guard.options.safeParse({ mode: 'monitor' })
      assert.ok(!mode.success, '`mode` belongs to the config, not to the guard')
    })
  }
})
