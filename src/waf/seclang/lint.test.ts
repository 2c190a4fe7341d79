// What the lint says beyond loading: rule text, and each complaint.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatProblem } from '../../lib/problem.ts'
import { testPorts } from '../rules/engine.test-helper.ts'
import { lintRules } from './lint.ts'

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ['a good rule', 'SecRule ARGS "a" "id:1,phase:2,deny"', []],
  ['no phase', 'SecRule ARGS "a" "id:1,deny"', ['r:1:1: warning rule 1 names no phase and runs in phase 2']],
  [
    'a body in phase 1',
    'SecRule REQUEST_BODY|ARGS "a" "id:1,phase:1,pass"',
    ['r:1:1: warning REQUEST_BODY is empty in phase 1: it is known from phase 2 on'],
  ],
  ['no target left', 'SecRule ARGS|!ARGS "a" "id:1,phase:2,pass"', ['r:1:1: warning rule 1 looks at nothing']],
  [
    'never matches',
    'SecRule ARGS "@noMatch" "id:1,phase:2,pass"',
    ['r:1:1: warning rule 1 can never match: its operator is @noMatch'],
  ],
  [
    'block without a default',
    'SecAction "id:1,phase:2,block"',
    [
      'r:1:1: warning block means pass in phase 2: there is no SecDefaultAction for it above (SecDefaultAction "phase:2,log,deny")',
    ],
  ],
  [
    'removal that comes too late',
    'SecAction "id:1,phase:1,pass"\nSecAction "id:2,phase:2,pass,ctl:ruleRemoveById=1"',
    ['r:2:1: warning rule 2 removes id 1, which has run before it'],
  ],
  [
    'dead rules',
    'SecAction "id:1,phase:2,pass,skip:1"\nSecAction "id:2,phase:2,pass"\nSecAction "id:3,phase:2,deny"\nSecAction "id:4,phase:2,pass"',
    [
      'r:2:1: warning nothing reaches rule 2: rules above always skip or end the phase',
      'r:4:1: warning nothing reaches rule 4: rules above always skip or end the phase',
    ],
  ],
  [
    'markers',
    'SecMarker M\nSecAction "id:1,phase:2,pass,skipAfter:M"\nSecMarker M\nSecMarker N',
    [
      'r:1:1: warning no skipAfter above goes to SecMarker M',
      'r:3:1: warning SecMarker M stands above already',
      'r:4:1: warning no skipAfter above goes to SecMarker N',
    ],
  ],
  [
    'what loading says, too',
    'SecRuleRemoveById 7\nSecAction "id:1,phase:2,pass,skipAfter:X"\nSecAction "id:1,phase:2,pass"\nSecDebugLogLevel 3',
    [
      'r:1:1: warning no rule has id 7',
      'r:2:40: warning no SecMarker X stands below: the rest of the phase is skipped',
      'r:3:1: id 1 is taken by the rule at r:2',
      'r:3:1: warning nothing reaches rule 1: rules above always skip or end the phase',
      'r:4:1: warning SecDebugLogLevel: logging is configured in merlon.yaml, this has no effect',
    ],
  ],
]

describe('lint', () => {
  for (const [name, text, want] of cases) {
    it(name, () => {
      assert.deepEqual(lintRules({ rules: [{ name: 'r', text }], ports: testPorts() }).map(formatProblem), want)
    })
  }
})
