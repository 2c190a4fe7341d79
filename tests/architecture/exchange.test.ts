// The exchange keeps one hidden class from its making to its end: every field is set in the constructor, none is added
// later, so that the code that every request runs stays monomorphic.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { GatewayError } from '../../src/lib/errors.ts'
import { Exchange } from '../../src/pipeline/exchange.ts'
import { HeaderList } from '../../src/pipeline/headers.ts'
import { runDone, runPhase } from '../../src/pipeline/run.ts'
import { testRoute } from '../../src/pipeline/testing.ts'
import type { Verdict } from '../../src/pipeline/verdict.ts'

setFlagsFromString('--allow-natives-syntax')
const haveSameMap = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: object, b: object) => boolean

function exchange(reference: string): Exchange {
  const ipBytes = new Uint8Array(4)
  const client = { ip: '192.0.2.1', ipBytes, key: '192.0.2.1', port: 1, peerIp: '192.0.2.1', secure: false }
  const headers = new HeaderList(['host', 'a.example.com'])
  const request = { method: 'GET', target: '/a?b', protocol: 'HTTP/1.1', headers, localIp: '127.0.0.1', localPort: 80 }
  return new Exchange(reference, 1.5e12, client, request, 'a.example.com', testRoute())
}

test('an exchange that has lived looks like a new one', () => {
  const lived = Array.from({ length: 50 }, (_, i) => exchange(`R${i}`))
  const verdicts: (Verdict | undefined)[] = [
    undefined,
    { kind: 'flag', points: 3, reason: { code: 'test.odd', detail: 'odd' } },
    { kind: 'deny', status: 403, reason: { code: 'test.no', detail: 'no' } },
  ]
  for (const [i, ex] of lived.entries()) {
    const stats = { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 }
    const guard = { onHeaders: () => verdicts[i % 3], onDone: () => undefined }
    const step = { name: 'test', guard, mode: 'protect', onError: 'deny', stats } as const
    ex.verdict = runPhase('onHeaders', [step], ex) as Verdict | undefined
    ex.body = { bytes: new Uint8Array(i), complete: true }
    ex.response = { status: 200, statusText: 'OK', headers: new HeaderList([]) }
    ex.responseBody = new Uint8Array(i)
    ex.status = 200
    ex.failure = i % 2 ? new GatewayError('NO_ROUTE', 'client', 'x') : undefined
    ex.uninspectedBytes += i
    runDone(ex)
  }
  const fresh = exchange('new')
  for (const ex of lived) {
    assert.deepEqual(Object.keys(ex), Object.keys(fresh))
    assert.ok(haveSameMap(ex, fresh))
  }
})
