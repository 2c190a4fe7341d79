// Whole transactions: requests with bytes changed, through builtin and the Core Rule Set. None throws; the same request
// has the same matches when it comes again (caches change nothing), and however its body is cut into chunks.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { resolveRules } from '../../../src/rulesets/resolve.ts'
import { createWaf } from '../../../src/waf/index.ts'
import { nodePorts } from '../../../src/waf/node.ts'
import type { Waf } from '../../../src/waf/types.ts'
import { input, mutated } from '../inputs.ts'
import { fuzzTarget } from '../target.ts'

const targetsOfUri = [
  '/products?q=red+shoes&page=2',
  "/a/b.php?id=1'+or+1=1--&x=%3Cscript%3E",
  '/?a=1;b=../../etc/passwd',
]
const headers = [
  'Host: shop.example.com\nUser-Agent: Mozilla/5.0\nAccept: */*\nCookie: a=b; c="d"',
  'Host: 127.0.0.1\nReferer: https://example.com/?q=<x>\nX-Forwarded-For: 10.0.0.1\nRange: bytes=0-1,2-3',
]
const bodies = [
  ['application/json', '{"a":["b",{"c":"<script>alert(1)</script>"}],"d":1}'],
  ['application/x-www-form-urlencoded', "q=1' union select password from users--&b=%u0041%2541"],
  ['text/xml', '<?xml version="1.0"?><a b="#{x} jndi:ldap://x">; cat /etc/passwd</a>'],
  [
    'multipart/form-data; boundary=b',
    '--b\r\nContent-Disposition: form-data; name="a"; filename="a.php"\r\n\r\n<?php system(1);\r\n--b--\r\n',
  ],
  ['text/plain', '{{7*7}} $(id) O:8:"stdClass":0:{}'],
] as const

interface FuzzRequest {
  readonly method: string
  readonly target: string
  readonly headers: string
  readonly type: string
  readonly body: string
  readonly cut: number
}

const request: fc.Arbitrary<FuzzRequest> = fc
  .tuple(
    fc.constantFrom(...bodies),
    fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'X\0'),
      target: mutated(targetsOfUri),
      headers: mutated(headers),
      cut: fc.nat({ max: 200 }),
    }),
  )
  .chain(([[type, body], rest]) =>
    fc.record({
      method: fc.constant(rest.method),
      target: fc.constant(rest.target),
      headers: fc.constant(rest.headers),
      cut: fc.constant(rest.cut),
      type: mutated([type]),
      body: fc.oneof({ weight: 3, arbitrary: mutated([body]) }, input),
    }),
  )

function send(waf: Waf, { method, target, headers: lines, type, body, cut }: FuzzRequest): unknown {
  const transaction = waf.transaction({ id: 'fuzz', full: true })
  transaction.connection({ ip: '198.51.100.7', port: 1 }, { ip: '127.0.0.1', port: 80 })
  transaction.uri(method, target, 'HTTP/1.1')
  for (const line of lines.split('\n')) {
    const colon = line.indexOf(':')
    transaction.requestHeader(line.slice(0, Math.max(0, colon)), line.slice(colon + 1).trim())
  }
  transaction.requestHeader('Content-Type', type)
  transaction.requestHeaders()
  const bytes = Buffer.from(body, 'latin1')
  transaction.requestBody(bytes.subarray(0, cut))
  transaction.requestBody(bytes.subarray(cut))
  transaction.requestBodyDone()
  transaction.responseHeaders(200, 'HTTP/1.1')
  transaction.responseBody(bytes)
  transaction.responseBodyDone()
  transaction.logging()
  return transaction.matches.map(match => [
    match.rule.id,
    match.points,
    match.logData,
    match.targets.map(each => [each.name, each.value, each.span]),
  ])
}

function load(rules: string): (() => Waf) | undefined {
  const resolved = resolveRules({ rules: [rules] })
  if (!resolved.ok) return undefined
  let waf: Waf | undefined
  return () => {
    if (waf === undefined) {
      const made = createWaf({ rules: resolved.sources, ports: { ...nodePorts(), now: () => 1_700_000_000_000 } })
      if (!made.ok) throw new Error(made.problems[0]?.message)
      waf = made.waf
    }
    return waf
  }
}

export const transactions = ['builtin', 'crs'].flatMap(rules => {
  const waf = load(rules)
  if (waf === undefined) return []
  return fuzzTarget(`transaction-${rules}`, 1000, request, value => {
    const first = send(waf(), value)
    assert.deepEqual(send(waf(), { ...value, cut: 0 }), first)
  })
})
