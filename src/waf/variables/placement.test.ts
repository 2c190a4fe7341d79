// Which rules pass over a value of which something is known, and where it is seen instead.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWaf } from '../index.ts'
import { nodePorts } from '../node.ts'
import type { Placement } from '../types.ts'

const rules = `
SecRequestBodyAccess On
SecRule ARGS|REQUEST_HEADERS|REQUEST_COOKIES|LAYERS "@contains bad" "id:1,phase:2,pass,log,t:none,tag:'attack-sqli'"
SecRule ARGS "@contains bad" "id:2,phase:2,pass,log,t:none,tag:'policy'"
SecRule ARGS "@contains bad" "id:3,phase:2,pass,log,t:none,tag:'attack-fixation'"
SecRule ARGS_GET "@contains bad" "id:4,phase:2,pass,log,t:none,tag:'classifier'"
SecRule ARGS:a "@contains bad" "id:5,phase:2,pass,log,t:none,tag:'policy',chain"
  SecRule ARGS "!@streq good" "t:none"
SecRule BROKEN_FORMS "@unconditionalMatch" "id:10,phase:2,pass,log,t:none"
SecRule RICH_TEXT "@contains bad" "id:11,phase:2,pass,log,t:none"
`
const made = createWaf({ rules: [{ name: 'rules', text: rules }], ports: nodePorts() })
assert.ok(made.ok, JSON.stringify(made))
const { waf } = made

function matched(
  placement: Placement | undefined,
  value = 'bad',
  brokenInPath: { name: string; value: string }[] = [],
) {
  const placements = { of: (_: string, name: string) => (name === 'a' ? placement : undefined), brokenInPath }
  const transaction = waf.transaction({ placements })
  transaction.uri('GET', `/?a=${value}`, 'HTTP/1.1')
  transaction.requestHeader('Host', 'a.example')
  transaction.requestHeaders()
  transaction.requestBodyDone()
  return transaction.matches.map(({ rule, targets }) => `${rule.id} ${targets.map(({ name }) => name).join(' ')}`)
}

const cases: [name: string, placement: Placement | undefined, want: string[]][] = [
  ['nothing known', undefined, ['1 ARGS:a', '2 ARGS:a', '3 ARGS:a', '4 ARGS_GET:a', '5 ARGS:a ARGS:a']],
  ['settled', 'settled', ['2 ARGS:a', '5 ARGS:a ARGS:a']],
  ['rich text', 'richText', ['2 ARGS:a', '3 ARGS:a', '5 ARGS:a ARGS:a', '11 RICH_TEXT:ARGS:a']],
  [
    'broken',
    'broken',
    ['1 ARGS:a', '2 ARGS:a', '3 ARGS:a', '4 ARGS_GET:a', '5 ARGS:a ARGS:a', '10 BROKEN_FORMS:ARGS:a'],
  ],
]
for (const [name, placement, want] of cases) test(name, () => assert.deepEqual(matched(placement), want))

test('readings of rich text are rich text, and seen with it', () => {
  assert.deepEqual(matched('richText', '%2562ad'), ['11 RICH_TEXT:ARGS:a'])
  assert.deepEqual(matched(undefined, '%2562ad'), ['1 LAYERS:ARGS:a'])
})

test('what is settled is not read behind encodings', () => {
  assert.deepEqual(matched('settled', '%2562ad'), [])
})

test('parameters of the path that left their form', () => {
  assert.deepEqual(matched(undefined, 'x', [{ name: 'id', value: 'y' }]), ['10 BROKEN_FORMS:PATH:id'])
})
