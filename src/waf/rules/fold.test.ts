// What is worked out at load time and what has to stay: rules, the ids that are left, TX as transactions start with it.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testPorts } from './engine.test-helper.ts'
import { loadProgram } from './program.ts'

const set = (id: number, variable: string, phase = 1) =>
  `SecAction "id:${id},phase:${phase},nolog,pass,setvar:tx.${variable}"`
const when = (id: number, target: string, operator: string, actions: string, phase = 1) =>
  `SecRule ${target} "${operator}" "id:${id},phase:${phase},nolog,pass,${actions}"`
const stays = (id: number, phase = 1) => when(id, 'REQUEST_METHOD', '@streq GET', 't:none', phase)
const logs = (id: number, phase = 1) => `SecAction "id:${id},phase:${phase},pass"`

const cases: readonly (readonly [string, readonly string[], readonly number[], Readonly<Record<string, string>>])[] = [
  ['settings become the start', [set(1, 'a=1'), set(2, 'b=%{tx.a}2'), set(3, 'b=+3')], [], { a: '1', b: '15' }],
  [
    'a default only where nothing is set',
    [set(1, 'a=1'), when(2, '&TX:a', '@eq 0', 'setvar:tx.a=2'), when(3, '&TX:b', '@eq 0', 'setvar:tx.b=3')],
    [],
    { a: '1', b: '3' },
  ],
  [
    'a jump takes out what it jumps over',
    [set(1, 'a=1'), when(2, 'TX:a', '@lt 2', 'skipAfter:M', 2), stays(3, 2), 'SecMarker M', stays(4, 2)],
    [4],
    { a: '1' },
  ],
  [
    'a jump that is not taken is gone',
    [set(1, 'a=3'), when(2, 'TX:a', '@lt 2', 'skipAfter:M', 2), stays(3, 2), 'SecMarker M'],
    [3],
    { a: '3' },
  ],
  ['rules that log stay', [logs(1), `SecRule TX:a "@eq 1" "id:2,phase:1,pass"`], [1], {}],
  [
    'what a request may set is not known',
    [set(1, 'a=1'), when(2, 'ARGS', '@rx x', 'setvar:tx.a=2'), when(3, 'TX:a', '@eq 1', 'setvar:tx.b=1')],
    [2, 3],
    { a: '1' },
  ],
  [
    'nor what a name with macros may mean',
    [when(2, 'ARGS', '@rx x', 'setvar:tx.a_%{MATCHED_VAR}=2'), when(3, '&TX:a_b', '@eq 0', 'setvar:tx.c=1')],
    [2, 3],
    {},
  ],
  [
    'but other names are',
    [when(2, 'ARGS', '@rx x', 'setvar:tx.a_%{MATCHED_VAR}=2'), when(3, '&TX:b', '@eq 0', 'setvar:tx.b=1')],
    [2],
    { b: '1' },
  ],
  [
    'what was read before it is set stays',
    [when(1, 'REQUEST_METHOD', '@streq %{tx.a}', 't:none'), set(2, 'a=1')],
    [1, 2],
    {},
  ],
  [
    'captures are not known',
    ['SecRule ARGS "(x)" "id:1,phase:1,nolog,pass,capture"', when(2, 'TX:1', '@streq x', 'setvar:tx.a=1')],
    [1, 2],
    {},
  ],
  [
    'a rule that may be jumped over stays',
    [when(1, 'REQUEST_METHOD', '@streq GET', 'skipAfter:M'), set(2, 'a=1'), 'SecMarker M', set(3, 'b=1')],
    [1, 2],
    { b: '1' },
  ],
  [
    'unless it can never match',
    [when(1, 'REQUEST_METHOD', '@streq GET', 'skipAfter:M'), when(2, 'TX:a', '@eq 1', 'setvar:tx.a=1'), 'SecMarker M'],
    [1],
    {},
  ],
  [
    'a jump inside what may be jumped over takes out its rules',
    [
      set(1, 'a=1'),
      when(2, 'REQUEST_METHOD', '@streq GET', 'skipAfter:N'),
      when(3, 'TX:a', '@eq 1', 'skipAfter:M'),
      stays(4),
      'SecMarker M',
      stays(5),
      'SecMarker N',
    ],
    [2, 5],
    { a: '1' },
  ],
  [
    'unless another jump lands among them',
    [
      set(1, 'a=1'),
      when(2, 'REQUEST_METHOD', '@streq GET', 'skipAfter:L'),
      when(3, 'TX:a', '@eq 1', 'skipAfter:M'),
      'SecMarker L',
      stays(4),
      'SecMarker M',
    ],
    [2, 3, 4],
    { a: '1' },
  ],
  [
    'a rule that a ctl may remove stays',
    [when(1, 'REQUEST_METHOD', '@streq GET', 'ctl:ruleRemoveById=2'), set(2, 'a=1')],
    [1, 2],
    {},
  ],
  [
    'a jump that a ctl may remove goes when all that it jumps over is removed with it',
    [
      set(1, 'a=1'),
      when(2, 'REQUEST_METHOD', '@streq GET', 'ctl:ruleRemoveByTag=x'),
      when(3, 'TX:a', '@eq 1', 'tag:x,skipAfter:M'),
      when(4, 'ARGS', '@rx a', 'tag:x'),
      'SecMarker M',
    ],
    [2],
    { a: '1' },
  ],
  [
    'and stays when something would be left',
    [
      set(1, 'a=1'),
      when(2, 'REQUEST_METHOD', '@streq GET', 'ctl:ruleRemoveByTag=x'),
      when(3, 'TX:a', '@eq 1', 'tag:x,skipAfter:M'),
      stays(4),
      'SecMarker M',
    ],
    [2, 3, 4],
    { a: '1' },
  ],
  [
    'allow:phase makes the rest of its phase uncertain',
    [when(1, 'ARGS', '@rx x', 'allow:phase'), set(2, 'a=1'), set(3, 'b=1', 2)],
    [1, 2],
    { b: '1' },
  ],
  [
    'chains of settings',
    [set(1, 'a=1'), `${when(2, 'TX:a', '@eq 1', 'chain,setvar:tx.b=1')}\nSecRule TX:b "@eq 1" "setvar:tx.c=1"`],
    [],
    { a: '1', b: '1', c: '1' },
  ],
]

describe('constants', () => {
  for (const [name, rules, ids, initial] of cases) {
    it(name, () => {
      const loaded = loadProgram({ rules: [{ name: 'r', text: rules.join('\n') }], ports: testPorts() })
      assert.ok(loaded.ok)
      const { phases, names, initialTx } = loaded.program
      assert.deepEqual(
        phases.flat().map(rule => rule.info.id),
        ids,
      )
      const got = Object.fromEntries(
        names.names.map((key, slot) => [key, initialTx[slot]]).filter(([, value]) => value !== undefined),
      )
      assert.deepEqual(got, initial)
    })
  }
})

describe('what a rule compares with', () => {
  const fixedText = (rules: readonly string[]) => {
    const loaded = loadProgram({ rules: [{ name: 'r', text: rules.join('\n') }], ports: testPorts() })
    assert.ok(loaded.ok)
    return loaded.program.phases.flat().at(-1)?.links[0]?.argument?.fixedText
  }
  const compares = when(9, 'REQUEST_METHOD', '@within %{tx.a} %{tx.b}', 't:none', 5)

  it('is fixed where it is made of settings', () => {
    assert.equal(fixedText([set(1, 'a=GET'), set(2, 'b=%{tx.a}S'), compares]), 'GET GETS')
  })
  it('is open where a rule may write one of them, even later', () => {
    assert.equal(fixedText([set(1, 'a=1'), when(2, 'ARGS', '@rx x', 'setvar:tx.b=2'), compares]), undefined)
    const counts = when(10, 'ARGS', '@rx x', 'setvar:tx.a=+1', 4)
    assert.equal(fixedText([set(1, 'a=1'), counts, compares]), undefined)
  })
  it('is open where it names something else', () => {
    assert.equal(fixedText([when(9, 'REQUEST_METHOD', '@within %{REQUEST_PROTOCOL}', 't:none', 5)]), undefined)
  })
})
