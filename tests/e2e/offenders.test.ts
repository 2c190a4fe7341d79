// Clients that guess: their refusals take longer, at most so many at a time, on all workers together, and then they are
// not listened to any more.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, call, createClient, start, tokenOf } from './identity-harness.ts'

const guess = (i: number) => ({ 'x-api-key': `guess-${i}`, connection: 'close' })

test('guessing is slowed, then blocked, whichever worker is met; who is known goes on', async t => {
  const badCredentials = { slowAfter: 4, blockAfter: 8, window: '10m', delay: '300ms' }
  const running = await start(t, { require: ['oauth2', 'apiKey'], badCredentials }, { workers: 1 })
  const token = await tokenOf(running, await createClient(running))
  assert.equal((await call(running, bearer(token))).status, 200)
  const took: number[] = []
  for (let i = 0; i < 8; i++) {
    const startMs = performance.now()
    assert.equal((await call(running, guess(i))).status, 401)
    took.push(performance.now() - startMs)
  }
  assert.ok(
    took.slice(4).every(ms => ms >= 290),
    `${took}`,
  )
  // A token that nobody has seen is not even verified now.
  const fresh = await tokenOf(running, await createClient(running))
  const blocked = await call(running, bearer(fresh))
  assert.deepEqual([blocked.status, Number(blocked.headers.get('retry-after')) > 0], [429, true])
  assert.equal((await call(running, bearer(token))).status, 200)
  const events = (await running.events(9)).map(({ json }) => JSON.parse(json).merlon.code)
  assert.equal(events.at(-1), 'authn.blocked')
  const metrics = await running.gateway.metrics()
  assert.match(metrics, /merlon_rule_matches_total\{guard="authn",rule="slowed"\} 4/)
  assert.match(metrics, /merlon_rule_matches_total\{guard="authn",rule="blocked"\} 1/)
})

test('no more refusals are kept back than limits.delayedAnswers', async t => {
  const badCredentials = { slowAfter: 0, blockAfter: 1000, delay: '2s' }
  const limits = { delayedAnswers: 2 }
  const running = await start(t, { require: ['apiKey'], badCredentials }, { workers: 1, limits })
  const startMs = performance.now()
  const took = await Promise.all(
    Array.from({ length: 3 }, async (_, i) => {
      await call(running, guess(i))
      return performance.now() - startMs
    }),
  )
  assert.equal(took.filter(ms => ms > 1900).length, 2, `${took}`)
})
