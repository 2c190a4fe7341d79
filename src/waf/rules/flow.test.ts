// Which rules run and what they do to the transaction: chains, skips, defaults, disruption, phases, ctl, updates.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { engine, fired, run, type TestRequest } from './engine.test-helper.ts'

interface Case {
  readonly name: string
  readonly rules: string
  readonly request?: TestRequest
  readonly fires: readonly number[]
  readonly interrupted?: readonly [action: string, status: number, rule: number]
  readonly variables?: Readonly<Record<string, string | undefined>>
}

const attack: TestRequest = { target: '/path?a=attack&b=two' }

const cases: readonly Case[] = [
  {
    name: 'phase 2 is the default, and deny has status 403',
    rules: 'SecRule ARGS "@rx attack" "id:1,deny"',
    request: attack,
    fires: [1],
    interrupted: ['deny', 403, 1],
  },
  {
    name: 'an interruption ends its phase and all later ones but logging',
    rules: `SecRule ARGS:a "attack" "id:1,phase:1,deny,status:406"
      SecAction "id:2,phase:1,pass"
      SecAction "id:3,phase:2,pass"
      SecAction "id:4,phase:5,pass"`,
    request: attack,
    fires: [1, 4],
    interrupted: ['deny', 406, 1],
  },
  {
    name: 'detection only interrupts nothing',
    rules: 'SecRuleEngine DetectionOnly\nSecRule ARGS "attack" "id:1,deny"\nSecAction "id:2,pass"',
    request: attack,
    fires: [1, 2],
  },
  { name: 'an engine that is off runs nothing', rules: 'SecRuleEngine Off\nSecAction "id:1,deny"', fires: [] },
  {
    name: 'block does what the default action of its phase says',
    rules: `SecDefaultAction "phase:2,log,deny,status:418"
      SecRule ARGS "attack" "id:1,phase:1,block"
      SecRule ARGS "attack" "id:2,phase:2,block"`,
    request: attack,
    fires: [1, 2],
    interrupted: ['deny', 418, 2],
  },
  {
    name: 'default transformations apply unless t:none stands first',
    rules: `SecDefaultAction "phase:2,log,pass,t:lowercase"
      SecRule ARGS "@streq attack" "id:1,phase:2,pass"
      SecRule ARGS "@streq attack" "id:2,phase:2,pass,t:none"
      SecRule ARGS "@streq 61747461636b" "id:3,phase:2,pass,t:hexEncode"`,
    request: { target: '/?a=ATTACK' },
    fires: [1, 3],
  },
  {
    name: 'redirect gives its location, with macros',
    rules: `SecRule ARGS:a "attack" "id:1,phase:2,redirect:'https://example.com/?%{ARGS.b}'"`,
    request: attack,
    fires: [1],
    interrupted: ['redirect', 302, 1],
  },
  {
    name: 'a chain matches only whole; its starter logs and disrupts',
    rules: `SecRule ARGS:a "attack" "id:1,phase:2,deny,chain"
        SecRule ARGS:b "two"
      SecRule ARGS:a "attack" "id:2,phase:2,deny,chain"
        SecRule ARGS:b "three"`,
    request: attack,
    fires: [1],
    interrupted: ['deny', 403, 1],
  },
  {
    name: 'setvar runs for each match of each link, also when the chain fails later',
    rules: `SecRule ARGS "." "id:1,phase:2,pass,setvar:tx.n=+1,chain"
        SecRule REQUEST_METHOD "POST" "setvar:tx.m=1"`,
    request: attack,
    fires: [],
    variables: { 'tx.n': '2', 'tx.m': undefined },
  },
  {
    name: 'skip jumps over rules, a chain being one',
    rules: `SecAction "id:1,phase:2,pass,skip:1"
      SecRule ARGS "attack" "id:2,phase:2,pass,chain"
        SecRule ARGS "attack"
      SecAction "id:3,phase:2,pass"`,
    request: attack,
    fires: [1, 3],
  },
  {
    name: 'skipAfter goes behind the next marker of its phase',
    rules: `SecMarker here
      SecRule ARGS "attack" "id:1,phase:2,pass,skipAfter:here"
      SecAction "id:2,phase:2,pass"
      SecAction "id:3,phase:1,pass"
      SecMarker here
      SecAction "id:4,phase:1,pass"
      SecAction "id:5,phase:2,pass"`,
    request: attack,
    fires: [3, 4, 1, 5],
  },
  {
    name: 'skipAfter without a marker ends the phase',
    rules: `SecAction "id:1,phase:2,pass,skipAfter:nowhere"
      SecAction "id:2,phase:2,pass"
      SecAction "id:3,phase:3,pass"`,
    fires: [1, 3],
  },
  {
    name: 'allow:phase ends its phase alone',
    rules: 'SecAction "id:1,phase:1,allow:phase"\nSecAction "id:2,phase:1,pass"\nSecAction "id:3,phase:2,pass"',
    fires: [1, 3],
  },
  {
    name: 'allow:request ends the request phases',
    rules: `SecAction "id:1,phase:1,allow:request"
      SecAction "id:2,phase:2,deny"
      SecAction "id:3,phase:3,pass"`,
    fires: [1, 3],
  },
  {
    name: 'allow ends all phases but logging',
    rules: 'SecAction "id:1,phase:1,allow"\nSecAction "id:2,phase:4,deny"\nSecAction "id:3,phase:5,pass"',
    fires: [1, 3],
  },
  {
    name: 'nolog keeps a match out of the report',
    rules: 'SecAction "id:1,phase:2,pass,nolog,setvar:tx.seen=1"',
    fires: [],
    variables: { 'tx.seen': '1' },
  },
  {
    name: 'phases have names too',
    rules: `SecAction "id:1,phase:request,pass"
      SecAction "id:2,phase:response,pass"
      SecAction "id:3,phase:logging,pass"`,
    fires: [1, 2, 3],
  },
  {
    name: 'ctl:ruleRemoveById takes ranges',
    rules: `SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveById=2-3"
      SecAction "id:2,phase:2,pass"
      SecAction "id:3,phase:2,pass"
      SecAction "id:4,phase:2,pass"`,
    fires: [4],
  },
  {
    name: 'ctl:ruleRemoveByTag takes the whole tag, ByMsg the whole message',
    rules: `SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveByTag=attack-sqli,ctl:ruleRemoveByMsg=gone"
      SecAction "id:2,phase:2,pass,tag:'attack-sqli'"
      SecAction "id:3,phase:2,pass,tag:'attack-sqli-more'"
      SecAction "id:4,phase:2,pass,msg:'gone'"`,
    fires: [3],
  },
  {
    name: 'ctl:ruleRemoveTargetById takes a member away from one rule',
    rules: `SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetById=2;ARGS:A"
      SecRule ARGS "attack" "id:2,phase:2,pass"
      SecRule ARGS "attack" "id:3,phase:2,pass"`,
    request: attack,
    fires: [3],
  },
  {
    name: 'ctl:ruleRemoveTargetByTag takes regular expressions and whole variables',
    rules: `SecAction "id:1,phase:1,pass,nolog,ctl:ruleRemoveTargetByTag=x;ARGS:/^[a-c]$/,ctl:ruleRemoveTargetByTag=y;ARGS"
      SecRule ARGS "attack" "id:2,phase:2,pass,tag:x"
      SecRule ARGS|REQUEST_URI "attack" "id:3,phase:2,pass,tag:y"`,
    request: attack,
    fires: [3],
  },
  {
    name: 'ctl:ruleEngine=Off ends everything',
    rules:
      'SecAction "id:1,phase:1,pass,ctl:ruleEngine=Off"\nSecAction "id:2,phase:1,deny"\nSecAction "id:3,phase:5,pass"',
    fires: [1],
  },
  {
    name: 'ctl:requestBodyProcessor chooses the parser',
    rules: `SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
      SecRule ARGS:json.a "@streq attack" "id:2,phase:2,pass"`,
    request: { method: 'POST', body: '{"a":"attack"}' },
    fires: [2],
  },
  {
    name: 'ctl:forceRequestBodyVariable shows a body of unknown type',
    rules: `SecRule REQUEST_BODY "attack" "id:1,phase:2,pass"
      SecRule REQUEST_HEADERS:X "1" "id:2,phase:1,pass,nolog,ctl:forceRequestBodyVariable=On"`,
    request: { method: 'POST', body: 'attack', headers: [['x', '1']] },
    fires: [1],
  },
  {
    name: 'SecRuleRemoveById and ByTag count wherever they stand',
    rules: `SecRuleRemoveById 1 4-5
      SecAction "id:1,phase:2,pass"
      SecAction "id:2,phase:2,pass"
      SecAction "id:3,phase:2,pass,tag:away"
      SecAction "id:4,phase:2,pass"
      SecRuleRemoveByTag away`,
    fires: [2],
  },
  {
    name: 'SecRuleUpdateTargetById adds, takes away and replaces targets',
    rules: `SecRule ARGS "attack" "id:1,phase:2,pass"
      SecRule ARGS:b "attack" "id:2,phase:2,pass"
      SecRule REQUEST_URI "attack" "id:3,phase:2,pass"
      SecRuleUpdateTargetById 1 "!ARGS:a"
      SecRuleUpdateTargetById 2 "ARGS:a"
      SecRuleUpdateTargetById 3 "REQUEST_METHOD" "REQUEST_URI"`,
    request: attack,
    fires: [2],
  },
  {
    name: 'SecRuleUpdateActionById changes what a match does',
    rules: `SecRule ARGS "attack" "id:1,phase:2,pass"
      SecRuleUpdateActionById 1 "deny,status:410"`,
    request: attack,
    fires: [1],
    interrupted: ['deny', 410, 1],
  },
  {
    name: 'a body over its limit is refused',
    rules: 'SecRequestBodyLimit 4\nSecRequestBodyLimitAction Reject\nSecAction "id:1,phase:2,pass"',
    request: { method: 'POST', body: '12345' },
    fires: [],
    interrupted: ['deny', 413, 0],
  },
  {
    name: 'or read in part',
    rules: `SecRequestBodyLimit 4
      SecRequestBodyLimitAction ProcessPartial
      SecRule REQUEST_BODY_LENGTH "@eq 4" "id:1,phase:2,pass"
      SecRule INBOUND_DATA_ERROR "@eq 1" "id:2,phase:2,pass"`,
    request: { method: 'POST', body: '12345' },
    fires: [1, 2],
  },
]

describe('rule flow', () => {
  for (const { name, rules, request, fires, interrupted, variables } of cases) {
    it(name, () => {
      const transaction = run(engine(rules), request)
      assert.deepEqual(fired(transaction), fires)
      const { interruption } = transaction
      const got = interruption && [interruption.action, interruption.status, interruption.rule.id]
      assert.deepEqual(got, interrupted)
      for (const [variable, value] of Object.entries(variables ?? {})) {
        assert.equal(transaction.variable(variable), value, variable)
      }
    })
  }

  it('full goes on after a disruption and keeps the first', () => {
    const waf = engine(
      'SecAction "id:1,phase:1,deny,status:401"\nSecAction "id:2,phase:1,deny"\nSecAction "id:3,phase:4,deny"',
    )
    const transaction = run(waf, {}, { full: true })
    assert.deepEqual(fired(transaction), [1, 2, 3])
    assert.equal(transaction.interruption?.status, 401)
  })

  it('a redirect tells where to', () => {
    const waf = engine(`SecAction "id:1,phase:1,redirect:'https://example.com/%{REQUEST_METHOD}'"`)
    assert.equal(run(waf).interruption?.location, 'https://example.com/GET')
  })
})
