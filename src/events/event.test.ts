import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../pipeline/exchange.ts'
import { HeaderList } from '../pipeline/headers.ts'
import type { Evidence, Verdict } from '../pipeline/verdict.ts'
import { eventOf } from './event.ts'

/** The event of a request that a rule denied with this message. */
function eventText(message: string, evidence: readonly Evidence[]): string {
  const verdict: Verdict = { kind: 'deny', status: 403, reason: { code: 'waf.rule', detail: message, evidence } }
  const ex = {
    reference: 'R',
    startedAtMs: 0,
    startedMs: 0,
    client: { ip: '192.0.2.1', port: 1, secure: false },
    request: { protocol: 'HTTP/1.1' },
    headers: new HeaderList([]),
    method: 'GET',
    path: '/',
    query: '',
    host: 'a',
    route: { name: 'app', mode: 'protect' },
    body: { bytes: new Uint8Array(0) },
    findings: [{ guard: 'waf', phase: 'onHeaders', mode: 'protect', verdict }],
    score: 0,
    verdict,
    status: 403,
    failure: undefined,
    upstream: '',
    uninspectedBytes: 0,
    inspectUs: 0,
  }
  return eventOf(ex as unknown as Exchange)?.json ?? ''
}

const proof = (where: string, match: string, message = ''): Evidence => ({
  rule: '1',
  message,
  where,
  match,
  points: 5,
})

// Rules repeat what they matched in their messages (%{MATCHED_VAR}), and look at it again as MATCHED_VAR.
const cases: [name: string, message: string, evidence: readonly Evidence[]][] = [
  [
    'in the message',
    'found s3cr3t-value here',
    [proof('REQUEST_COOKIES:sid', 's3cr3t-value', 'found s3cr3t-value here')],
  ],
  ['as the variable that matched', 'x', [proof('ARGS:pin', 's3cr3t-value'), proof('MATCHED_VAR', 's3cr3t-value')]],
  ['by its look alone', 'x token=s3cr3t-value', []],
]
for (const [name, message, evidence] of cases) {
  test(`no secret leaves ${name}`, () => {
    const text = eventText(message, evidence)
    assert.match(text, /\[masked\]/)
    assert.doesNotMatch(text, /s3cr3t/)
  })
}

test('what stood in no secret place is shown', () => {
  assert.match(eventText('found <b>', [proof('ARGS:q', '<b>', 'found <b>')]), /"detail":"found <b>".*"match":"<b>"/)
})
