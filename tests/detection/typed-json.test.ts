// Members of a JSON body that choose the class to build: found by name, however the name is written, and not by what
// honest documents put under the same names.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createInspector } from '../../src/inspect/inspector.ts'
import { rowOf } from './requests.ts'

const created = createInspector({ rules: ['builtin'], full: true })
assert.ok(created.ok)
const { inspector } = created
const json = 'application/json'

function rulesFor(body: string): { readonly action: string; readonly rules: readonly string[] } {
  const { action, findings } = inspector.inspect(rowOf('POST', '/objects', json, body))
  return { action, rules: findings.map(({ rule }) => rule) }
}

describe('bodies that name a class are blocked', () => {
  const cases: readonly (readonly [body: string, rule: string])[] = [
    ['{"@type":"com.example.rowset.Source","name":"x"}', '5048010'],
    ['{"a":{"b":[{"@type":"java.util.HashMap"}]}}', '5048010'],
    ['{"\\u0040type":"org.example.beans.Factory"}', '5048010'],
    ['{"@\\u0074ype" : "Lcom.example.Source;"}', '5048010'],
    ['{"@type":["[com.example.Source"]}', '5048010'],
    ['{"@class":"javax.example.naming.Context"}', '5048010'],
    ['{"^o":"oracle.example.pool.Source"}', '5048010'],
    ['{"$type":"System.Windows.Data.Provider, Presentation","m":"Start"}', '5048011'],
    ['{"x":{"$type":"Example.Tools.Runner, Example.Tools"}}', '5048011'],
    ['{"py/object":"__main__.Shell"}', '5048012'],
    ['{"a":[{"py/reduce":[1]}]}', '5048012'],
    ['{"json_class":"Shell"}', '5048012'],
    ['["org.apache.example.Source",{"url":"x"}]', '5048013'],
  ]
  for (const [body, rule] of cases) {
    test(body, () => {
      const { action, rules } = rulesFor(body)
      assert.equal(action, 'block')
      assert.ok(rules.includes(rule), rules.join(' '))
    })
  }
})

describe('documents with members of these names pass', () => {
  for (const body of [
    '{"@context":"https://schema.org","@type":"Person","name":"Kim"}',
    '{"@graph":[{"@type":["Product","Offer"]}]}',
    '{"@type":"list of things"}',
    '{"$type":"circle","r":3}',
    '{"$type":"a sentence. It has a full stop"}',
    '{"@class":"btn btn-primary"}',
    '{"type":"com.example.app.Started"}',
    '["org","example","one"]',
    '["orgchart.pdf"]',
  ]) {
    test(body, () => {
      const { action, rules } = rulesFor(body)
      assert.equal(action, 'allow', rules.join(' '))
    })
  }
})
