// Keys of other systems: they count as their entry says, but their owner is not known from who guesses at them. And keys,
// of whatever system, that stand in the query.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCheckedToken } from '../../lib/checked-token.ts'
import type { KnownKey } from '../../pipeline/identity.ts'
import { authnOptions } from './options.ts'
import { nowMs, open } from './testing.ts'

const foreign = 'AKX-71c2-old-system'
const quota = { limit: 10, per: 'day' } as const
const known: KnownKey = {
  id: 'key_old',
  scopes: ['read'],
  expiresAtMs: undefined,
  networks: [],
  isCanary: false,
  quota,
}
const badCredentials = { slowAfter: 2, blockAfter: 4, window: '10m', delay: '300ms' }
const asKey = (secret: string) => ['X-Api-Key', secret]

describe('a key in the query', () => {
  const ours = createCheckedToken('mk_live', 160)
  const keys = { [ours]: { ...known, id: 'key_own' } }
  const options = { require: ['apiKey'], keyParameter: 'api_key' }
  const cases: [string, string, readonly string[], object, number][] = [
    ['good', `/a?x=1&api_key=${ours}`, [], options, 200],
    ['written in other letters', `/a?api%5Fkey=${ours.replaceAll('_', '%5f')}`, [], options, 200],
    ['of another system', `/a?api_key=${foreign}`, [], options, 200],
    ['where it was not allowed', `/a?api_key=${ours}`, [], { require: ['apiKey'] }, 401],
    ['under another name', `/a?apikey=${ours}`, [], options, 401],
    ['unknown', `/a?api_key=${ours.slice(0, -1)}x`, [], options, 401],
    ['empty', '/a?api_key=', [], options, 401],
    ['without a value', '/a?api_key', [], options, 401],
    ['twice', `/a?api_key=${ours}&api_key=${ours}`, [], options, 400],
    ['twice, once in other letters', `/a?api_key=${ours}&%61pi_key=x`, [], options, 400],
    ['beside one in a header', `/a?api_key=${ours}`, asKey(ours), options, 400],
    ['badly encoded', '/a?api_key=%zz&%=1', [], options, 401],
    ['none, but in a header', '/a?api=1', asKey(ours), options, 200],
  ]
  for (const [name, target, headers, given, status] of cases) {
    test(name, async () => {
      const { send } = open(given, { keys, imported: { [foreign]: known } })
      assert.equal((await send(headers, { target })).status, status)
    })
  }

  test('it must be one that is masked, and go where the query goes', () => {
    for (const wrong of [{ keyParameter: 'k' }, { require: ['oauth2'] }, { forwardCredential: false }]) {
      assert.equal(authnOptions.safeParse({ ...options, ...wrong }).success, false, JSON.stringify(wrong))
    }
  })
})

describe('imported keys', () => {
  const cases: [string, object, Partial<KnownKey> | undefined, number, string | undefined][] = [
    ['good', {}, {}, 200, undefined],
    ['unknown', {}, undefined, 401, 'authn.invalid-key'],
    ['a scope is lacking', { scopes: ['write'] }, {}, 403, 'authn.scope'],
    ['good until now', {}, { expiresAtMs: nowMs + 1 }, 200, undefined],
    ['expired at this moment', {}, { expiresAtMs: nowMs }, 401, 'authn.invalid-key'],
    ['from its network', {}, { networks: ['192.0.2.0/24'] }, 200, undefined],
    ['from elsewhere', {}, { networks: ['198.51.100.0/24'] }, 401, 'authn.invalid-key'],
    ['where keys do not count', { require: ['oauth2'] }, {}, 401, 'authn.invalid-token'],
  ]
  for (const [name, options, change, status, code] of cases) {
    test(name, async () => {
      const imported: Record<string, KnownKey> = change ? { [foreign]: { ...known, ...change } } : {}
      const { send, used } = open({ require: ['apiKey'], ...options }, { imported })
      const { ex, verdict, status: got } = await send(asKey(foreign))
      assert.deepEqual([got, verdict?.reason.code], [status, code])
      const isUsed = status === 200 || status === 403
      assert.deepEqual(used, isUsed ? ['key_old'] : [], 'when it was used last')
      if (isUsed) assert.deepEqual([ex.principal?.kind, ex.principal?.id], ['apiKey', 'key_old'])
      if (isUsed) assert.deepEqual(ex.principal?.quota, quota)
    })
  }

  test('in Authorization they are tokens, and none that anybody knows', async () => {
    const { bearer } = open({ require: ['apiKey', 'oauth2'] }, { imported: { [foreign]: known } })
    assert.equal((await bearer(foreign)).status, 401)
  })

  test('from a network with too many bad credentials they are refused even when right, and ours go on', async () => {
    const ours = createCheckedToken('mk_live', 160)
    const own: KnownKey = { ...known, id: 'key_own' }
    const { send, clock } = open(
      { require: ['apiKey'], badCredentials },
      { keys: { [ours]: own }, imported: { [foreign]: known } },
    )
    for (let i = 1; i < badCredentials.blockAfter; i++) assert.equal((await send(asKey(`guess-${i}`))).status, 401)
    assert.equal((await send(asKey(foreign))).status, 200, 'one guess before the bound')
    assert.equal((await send(asKey('guess-last'))).status, 401)
    const blocked = await send(asKey(foreign))
    assert.deepEqual([blocked.status, blocked.verdict?.reason.code], [429, 'authn.blocked'])
    assert.equal((await send(asKey(ours))).status, 200)
    clock.ms += 600_000
    assert.equal((await send(asKey(foreign))).status, 200, 'heard again in time')
  })
})
