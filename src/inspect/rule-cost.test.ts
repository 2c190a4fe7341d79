import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWaf, type Waf } from '../waf/index.ts'
import { nodePorts } from '../waf/node.ts'
import { parseRow, type Row } from './row.ts'
import { measureRuleCost, sampleRows } from './rule-cost.ts'

function load(text: string): Waf {
  const made = createWaf({ rules: [{ name: 'r', text }], ports: nodePorts() })
  assert.ok(made.ok, JSON.stringify(made))
  return made.waf
}

function row(fields: object): Row {
  const parsed = parseRow(JSON.stringify({ id: 'r', method: 'GET', path: '/', ...fields }))
  assert.ok('method' in parsed)
  return parsed
}

test('each rule is told with the requests that it was evaluated for, those it matched, and the longest', () => {
  const waf = load(`SecRule ARGS:a "@rx ^x" "id:1,phase:2,pass,t:none,t:lowercase"
SecRule ARGS:a "@detectSQLi" "id:2,phase:2,pass"
SecRule ARGS:a "@streq never" "id:3,phase:3,pass"`)
  const rows = [
    row({ id: 'small', path: '/?a=X' }),
    row({ id: 'large', path: `/?a=${'1%20or%202;'.repeat(400)}` }),
    row({ id: 'none' }),
  ]
  const report = measureRuleCost(waf, rows, 5)
  const byId = new Map(report.rules.map(cost => [cost.rule.id, cost]))
  assert.equal(report.requests, 3)
  assert.equal(byId.get(1)?.matches, 1)
  assert.equal(byId.get(2)?.longest.id, 'large')
  assert.equal(byId.get(2)?.evaluations, 1)
  assert.ok(!byId.has(3), 'phase 3 did not run')
  assert.ok(report.rules.every((cost, i, all) => i === 0 || cost.us <= (all[i - 1]?.us ?? 0)))
  const inRules = report.rules.reduce((sum, { us }) => sum + us, 0)
  assert.ok(inRules > 0 && inRules + report.sharedUs <= report.us * 1.1, JSON.stringify(report))
})

test('rules run on after a decision, so that all are told', () => {
  const waf = load('SecAction "id:1,phase:1,deny"\nSecRule ARGS:a "x" "id:2,phase:2,pass"')
  const report = measureRuleCost(waf, [row({ path: '/?a=x' })], 2)
  assert.deepEqual(report.rules.map(({ rule, matches }) => [rule.id, matches]).sort(), [
    [1, 1],
    [2, 1],
  ])
})

test('the samples are requests as they come', () => {
  const waf = load(`SecRule REQUEST_HEADERS:Content-Type "json" "id:1,phase:1,pass,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR|MULTIPART_STRICT_ERROR "!@eq 0" "id:2,phase:2,deny"
SecRule ARGS:/sku/ "@streq A-107" "id:3,phase:2,pass"
SecRule FILES "@streq a.txt" "id:4,phase:2,pass"`)
  const report = measureRuleCost(waf, sampleRows, 2)
  const matches = new Map(report.rules.map(cost => [cost.rule.id, cost.matches]))
  assert.ok(!matches.get(2), 'no sample is malformed')
  assert.deepEqual([matches.get(3), matches.get(4)], [1, 1])
})
