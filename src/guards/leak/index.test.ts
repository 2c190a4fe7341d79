import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCheckedToken } from '../../lib/checked-token.ts'
import { secretGroups } from '../../lib/secrets.ts'
import type { Identity } from '../../pipeline/identity.ts'
import { defaultLimits } from '../../pipeline/limits.ts'
import { testExchange } from '../../pipeline/testing.ts'
import type { Verdict } from '../../pipeline/verdict.ts'
import { leak } from './index.ts'
import { leakOptions } from './options.ts'

const own = createCheckedToken('mk_live', 160)
const foreign = createCheckedToken('mk_live', 160)
const pem = ['-----BEGIN ', 'PRIVATE KEY-----\nMII'].join('')

function judge(body: string, secrets: readonly string[] = secretGroups) {
  const identity = {
    findKey: (secret: string) => (secret === own ? { id: 'key_1', isCanary: false } : undefined),
  } as unknown as Identity
  const made = leak.create(leakOptions.parse({ secrets }), {
    now: () => 0,
    counters: { take: () => ({ allowed: true, remaining: 0, resetMs: 0, retryAfterMs: 0 }) },
    limits: defaultLimits,
    configDir: '/',
    stateDir: '/',
    identity,
  })
  assert.ok(made.ok)
  const ex = testExchange()
  ex.responseBody = Buffer.from(body)
  return made.guard.onResponseBody?.(ex) as Extract<Verdict, { kind: 'deny' }> | undefined
}

const cases: [string, string, readonly string[], RegExp | undefined][] = [
  ['nothing', '{"a":1}', secretGroups, undefined],
  ['an empty body', '', secretGroups, undefined],
  ['a key of ours', `{"key":"${own}"}`, ['merlon'], /Merlon API key key_1, which is good/],
  ['a key of ours that nobody knows any more', foreign, ['merlon'], /Merlon API key"/],
  ['a private key', pem, ['privateKeys'], /private key/],
  ['what is not looked for', pem, ['merlon', 'vendors'], undefined],
]

describe('responses', () => {
  for (const [name, body, secrets, want] of cases) {
    test(name, () => {
      const verdict = judge(body, secrets)
      if (!want) return assert.equal(verdict, undefined)
      assert.deepEqual([verdict?.status, verdict?.reason.code, verdict?.reason.isIncident], [502, 'leak.secret', true])
      const text = JSON.stringify(verdict)
      assert.match(text, want)
      assert.ok(!text.includes(own) && !text.includes(foreign))
    })
  }

  test('a page full of them is told of sixteen', () => {
    assert.equal(judge(`${own} `.repeat(16))?.reason.evidence?.length, 16)
    assert.equal(judge(`${own} `.repeat(17))?.reason.evidence?.length, 16)
  })
})

for (const options of [{}, { secrets: [] }, { secrets: ['all'] }]) {
  test(`refused: ${JSON.stringify(options)}`, () => assert.equal(leakOptions.safeParse(options).success, false))
}
