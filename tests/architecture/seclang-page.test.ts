// docs/generated/seclang.md: each documented name either works, or the load says why not; none is accepted and ignored.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kinds, tryName } from '../../tools/generate/seclang.ts'

/** Codes of problems that say "known, and not done for this reason". */
const reasons = {
  supported: [undefined],
  warning: ['seclang.ignored-directive', 'seclang.idle-operator'],
  'left out': ['seclang.unsupported-operator'],
  'load error': [
    'seclang.unsupported-directive',
    'seclang.unsupported-variable',
    'seclang.unsupported-action',
    'seclang.bad-value', // a setting with one value only, and ctl
  ],
} as const

for (const kind of kinds) {
  describe(kind.title, () => {
    for (const [name, example] of Object.entries(kind.documented)) {
      it(name, () => {
        const { state, code, reason } = tryName(kind, name, example)
        assert.ok((reasons[state] as readonly unknown[]).includes(code), `${code}: ${reason}`)
        if (state === 'supported') return
        assert.match(reason, new RegExp(name.replaceAll(/[^\w]/g, '.'), 'i'), 'it names what it is about')
        assert.match(reason, /[:;] .|; only|is not supported: ./, 'it has a reason')
        assert.doesNotMatch(reason, /^ctl has no /, 'the name is known')
      })
    }

    it('an unknown name is an error', () => {
      assert.equal(tryName(kind, 'noSuchThing', '').state, 'load error')
    })
  })
}
