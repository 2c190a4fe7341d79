// How surely and how lately a person must have signed in (RFC 9470), and what a token must be for (RFC 8707).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { meetsAcr } from '../../lib/acr.ts'
import { authnOptions } from './options.ts'
import { issuer, nowS, open, own, token } from './testing.ts'

const user = (change: object) => token({ sub: 'usr_1', ...change })

describe('step-up', () => {
  const cases: [string, object, object, boolean][] = [
    ['the level itself', { acr: ['mfa'] }, { acr: 'mfa' }, true],
    ['a level above', { acr: ['mfa'] }, { acr: 'phr' }, true],
    ['a level below', { acr: ['phr'] }, { acr: 'mfa' }, false],
    ['no level', { acr: ['1fa'] }, {}, false],
    ['a level that is no text', { acr: ['1fa'] }, { acr: ['phr'] }, false],
    ['a value of others, by itself', { acr: ['urn:x:silver'] }, { acr: 'urn:x:silver' }, true],
    ['a value of others is above nothing', { acr: ['1fa'] }, { acr: 'urn:x:gold' }, false],
    ['ours is above no value of others', { acr: ['urn:x:bronze'] }, { acr: 'phr' }, false],
    ['one of two', { acr: ['urn:x:gold', 'mfa'] }, { acr: 'mfa' }, true],
    ['fresh', { maxAge: '5m' }, { auth_time: nowS - 300 }, true],
    ['fresh within the skew', { maxAge: '5m' }, { auth_time: nowS - 330 }, true],
    ['too old', { maxAge: '5m' }, { auth_time: nowS - 331 }, false],
    ['no time', { maxAge: '366d' }, {}, false],
    ['a time that is no number', { maxAge: '5m' }, { auth_time: String(nowS) }, false],
    ['sure but old', { acr: ['mfa'], maxAge: '5m' }, { acr: 'phr', auth_time: nowS - 1000 }, false],
  ]
  for (const [name, options, claims, passes] of cases) {
    test(name, async () => {
      const { bearer } = open({ require: ['oauth2'], ...options })
      const { status, verdict, challenge } = await bearer(user(claims))
      assert.equal(status, passes ? 200 : 401)
      if (passes) return
      assert.equal(verdict?.reason.code, 'authn.step-up')
      assert.match(challenge ?? '', /^Bearer realm="api", error="insufficient_user_authentication"/)
    })
  }

  test('the challenge says what would do', async () => {
    const { bearer } = open({ require: ['oauth2'], acr: ['mfa', 'urn:x:gold'], maxAge: '90s' })
    const { challenge } = await bearer(user({}))
    assert.match(challenge ?? '', /, acr_values="mfa urn:x:gold", max_age="90"$/)
  })

  test('a missing scope comes first: another sign-in would not help', async () => {
    const { bearer } = open({ require: ['oauth2'], acr: ['mfa'], scopes: ['admin'] })
    assert.equal((await bearer(user({}))).verdict?.reason.code, 'authn.scope')
  })

  test('values that would break out of the header are refused by the config', () => {
    for (const acr of ['a b', 'a"', 'a\\', '', 'a\n', 'x'.repeat(129)]) {
      assert.equal(authnOptions.safeParse({ require: ['oauth2'], acr: [acr] }).success, false, acr)
    }
    assert.equal(authnOptions.safeParse({ require: ['oauth2'], acr: ['x'.repeat(128)] }).success, true)
    for (const maxAge of ['999ms', '367d']) {
      assert.equal(authnOptions.safeParse({ require: ['oauth2'], maxAge }).success, false, maxAge)
    }
    for (const maxAge of ['1s', '366d']) assert.ok(authnOptions.safeParse({ require: ['oauth2'], maxAge }).success)
  })

  test('nobody is nothing', () => assert.equal(meetsAcr(undefined, ['1fa']), false))
})

describe('audience', () => {
  const billing = 'https://billing.test'
  const cases: [string, string[], string | string[], boolean][] = [
    ['the issuer’s own', [], issuer, true],
    ['another resource, where none is asked for', [], billing, false],
    ['another resource, asked for', [billing], billing, true],
    ['one of several', [billing], [issuer, billing], true],
    ['the issuer’s own, where another is asked for', [billing], issuer, false],
    ['what nobody knows', [], 'https://elsewhere.test', false],
  ]
  for (const [name, audience, aud, passes] of cases) {
    test(name, async () => {
      const { bearer, issuers } = open({ require: ['oauth2'], audience })
      issuers.set(issuer, { ...own, otherAudience: [billing] })
      const { status, challenge } = await bearer(user({ aud }))
      assert.equal(status, passes ? 200 : 401)
      if (!passes) assert.match(challenge ?? '', /error="invalid_token"/)
    })
  }
})
