// No method of a transaction throws, whatever the bytes and in whatever order it is called; and base.conf loads alone.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createWaf } from '../index.ts'
import { nodePorts } from '../node.ts'
import { fired, run } from './engine.test-helper.ts'

const rulesDir = join(import.meta.dirname, '../../../rules')
const text =
  `SecRule REQUEST_LINE|REQUEST_URI|ARGS|ARGS_NAMES|REQUEST_HEADERS|REQUEST_COOKIES|REQUEST_BODY|FILES|FULL_REQUEST|XML:/* "@rx (.)(.)"
  "id:1,phase:2,pass,capture,multiMatch,t:urlDecodeUni,t:htmlEntityDecode,t:jsDecode,t:cssDecode,t:base64Decode,\
  logdata:'%{MATCHED_VAR} %{TX.0}',setvar:'tx.x_%{MATCHED_VAR_NAME}=%{MATCHED_VAR}',setvar:tx.anomaly_score=+%{TX.1}"
SecRule TX:/./|MULTIPART_PART_HEADERS|RESPONSE_BODY "!@streq %{TX.0}" "id:2,phase:4,pass,t:sha1,t:hexEncode"`.replace(
    '\n  "',
    ' "',
  )

const base = createWaf({
  rules: [{ path: join(rulesDir, 'base.conf') }, { name: 'test.conf', text }],
  ports: nodePorts(),
})

describe('base.conf', () => {
  it('loads without a warning', () => {
    assert.ok(base.ok)
    assert.deepEqual(base.warnings, [])
  })

  it('chooses JSON and XML by Content-Type and refuses what cannot be parsed', () => {
    assert.ok(base.ok)
    for (const [type, body, id] of [
      ['application/json', '{"a":', 200002],
      ['application/problem+json; charset=utf-8', '[1', 200002],
      ['text/xml', '<a', 200002],
      ['application/soap+xml', '<a></b>', 200002],
      ['multipart/form-data; boundary=x', 'nothing', 200002],
    ] as const) {
      const transaction = run(base.waf, { method: 'POST', headers: [['Content-Type', type]], body })
      assert.ok(fired(transaction).includes(id), type)
      assert.equal(transaction.interruption?.status, 400)
    }
    for (const [type, body] of [
      ['application/json', '{"a":1}'],
      ['application/jsonp', '{"a":'],
      ['text/plain', '{'],
    ] as const) {
      const transaction = run(base.waf, { method: 'POST', headers: [['Content-Type', type]], body })
      assert.equal(transaction.interruption, undefined, type)
    }
  })
})

it('no transaction method throws', () => {
  assert.ok(base.ok)
  const { waf } = base
  const bytes = fc
    .oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('--b\r\n', '{"a":[', '<a b="', '%u0041%', 'a=b&a', '\\x41\\', '&#x'),
    )
    .map(value => (typeof value === 'string' ? value : Buffer.from(value).toString('latin1')))
  const type = fc.constantFrom(
    'application/json',
    'text/xml',
    'multipart/form-data; boundary=b',
    'application/x-www-form-urlencoded',
    'x',
  )
  const call = fc.oneof(
    fc.tuple(fc.constant('uri' as const), bytes, bytes),
    fc.tuple(fc.constant('header' as const), bytes, bytes),
    fc.tuple(fc.constant('type' as const), type, bytes),
    fc.tuple(fc.constant('body' as const), bytes, bytes),
    fc.tuple(
      fc.constantFrom('headers', 'bodyDone', 'response', 'responseBody', 'responseDone', 'logging'),
      bytes,
      bytes,
    ),
  )
  fc.assert(
    fc.property(fc.array(call, { maxLength: 12 }), calls => {
      const transaction = waf.transaction({ explain: true, full: true })
      for (const [method, a, b] of calls) {
        if (method === 'uri') transaction.uri(a, `/${b}`, b)
        else if (method === 'header') transaction.requestHeader(a, b)
        else if (method === 'type') transaction.requestHeader('content-type', a)
        else if (method === 'body') transaction.requestBody(Buffer.from(a + b, 'latin1'))
        else if (method === 'headers') transaction.requestHeaders()
        else if (method === 'bodyDone') transaction.requestBodyDone()
        else if (method === 'response') transaction.responseHeaders(200, a)
        else if (method === 'responseBody') transaction.responseBody(Buffer.from(a, 'latin1'))
        else if (method === 'responseDone') transaction.responseBodyDone()
        else transaction.logging()
      }
    }),
    { numRuns: 400 },
  )
})
