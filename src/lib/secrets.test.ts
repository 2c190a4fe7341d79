import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createCheckedToken } from './checked-token.ts'
import { findKnownSecrets, hintOfSecret, openSecretStart, secretGroups, secretOpenMax } from './secrets.ts'

const all = new Set(secretGroups)
const own = createCheckedToken('mk_live', 160)
const a = (n: number) => 'a1B2'.repeat(n).slice(0, n)
const hex = (n: number) => 'a1b2'.repeat(n).slice(0, n)
const upper = (n: number) => 'A1B2'.repeat(n).slice(0, n)
/** Written in parts, so that other scanners leave this file alone. */
const join = (...parts: string[]) => parts.join('')

const found: [string, string][] = [
  [own, 'Merlon API key'],
  [createCheckedToken('mk_test', 160), 'Merlon API key'],
  [createCheckedToken('mcs', 256), 'Merlon client secret'],
  [join('AK', 'IA', upper(16)), 'AWS access key'],
  [join('gh', 'p_', a(36)), 'GitHub token'],
  [join('github', '_pat_', a(22), '_', a(59)), 'GitHub token'],
  [join('glp', 'at-', a(20)), 'GitLab token'],
  [join('xo', 'xb-', '1234567890-', a(24)), 'Slack token'],
  [join('sk', '_live_', a(24)), 'Stripe key'],
  [join('AI', 'za', a(35)), 'Google API key'],
  [join('np', 'm_', a(36)), 'npm token'],
  [join('S', 'G.', a(22), '.', a(43)), 'SendGrid key'],
  [join('dop', '_v1_', hex(64)), 'DigitalOcean token'],
  [join('-----BEGIN ', 'RSA PRIVATE KEY-----'), 'private key'],
  [join('-----BEGIN ', 'PRIVATE KEY-----'), 'private key'],
  [join('AccountKey=', a(86), '=='), 'Azure storage key'],
  [join('eyJ', a(20), '.eyJ', a(40), '.', a(43)), 'JWT'],
]

describe('found, alone and in the middle of things', () => {
  for (const [secret, kind] of found) {
    test(`${kind}: ${hintOfSecret(secret)}`, () => {
      for (const [before, after] of [
        ['', ''],
        ['key = "', '"\n'],
        ['{"k":"', '"}'],
        ['?key=', '&x=1'],
        ['\n', '\r\n'],
      ] as const) {
        const [hit, ...more] = findKnownSecrets(`${before}${secret}${after}`, all, 10)
        assert.deepEqual(
          [hit?.kind, hit?.start, hit?.end, more.length],
          [kind, before.length, before.length + secret.length, 0],
        )
      }
    })
  }

  test('a password in a URL', () => {
    const [hit] = findKnownSecrets('url: postgres://app:hunter22@db.internal:5432/app', all, 10)
    assert.equal(hit?.kind, 'password in a URL')
  })
})

const nothing: string[] = [
  own.slice(0, -1),
  `${own.slice(0, -1)}${own.endsWith('x') ? 'y' : 'x'}`,
  `x${own}`,
  `${own}x`,
  join('AK', 'IA', upper(15)),
  join('AK', 'IA', upper(17)),
  join('X', 'AK', 'IA', upper(16)),
  join('gh', 'p_', a(35)),
  '-----BEGIN CERTIFICATE-----',
  '-----BEGIN PUBLIC KEY-----',
  'https://example.com/a:b@c',
  'https://user@example.com/',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder as files hold it
  'postgres://app:${PASSWORD}@db/app',
  'postgres://app:***@db/app',
  'eyJhbGciOiJub25lIn0',
  'mk_live_',
  'task_mk_',
]

describe('nothing to be found', () => {
  for (const text of nothing) test(text.slice(0, 40), () => assert.deepEqual(findKnownSecrets(text, all, 10), []))
})

test('only what is asked for, and not more than that', () => {
  const text = `${own} ${own} ${join('AK', 'IA', upper(16))}`
  assert.equal(findKnownSecrets(text, new Set(['vendors']), 10).length, 1)
  assert.equal(findKnownSecrets(text, all, 2).length, 2)
  assert.equal(findKnownSecrets(text, all, 3).length, 3)
})

test('a hint is not the secret', () => {
  for (const [secret, kind] of found) {
    if (kind !== 'private key') assert.ok(hintOfSecret(secret).length <= secret.length / 2, secret)
  }
  assert.match(hintOfSecret(own), /^mk_live_[0-9A-Za-z]{4}…$/)
})

test('time is linear in the text, whatever it repeats', () => {
  const time = (text: string) => {
    const startMs = process.cpuUsage().user
    findKnownSecrets(text, all, 100)
    return (process.cpuUsage().user - startMs) / 1000
  }
  for (const unit of ['eyJ', '.eyJ', 'mk_', '-mk_', '://a', '-----BEGIN ', 'AKIA', 'SG.', 'ghp_a']) {
    const ms = time(unit.repeat(Math.ceil(1_000_000 / unit.length)))
    assert.ok(ms < 3000, `${unit}: ${ms} ms`)
  }
})

test('what may become a secret with more text is known from its first letter on', () => {
  for (const [secret] of found) {
    for (const before of ['', 'x = ', '"']) {
      for (let length = 1; length <= secret.length; length++) {
        const start = openSecretStart(before + secret.slice(0, length), all)
        assert.ok(start <= before.length, `${secret.slice(0, length)}: ${start}`)
      }
      for (const end of ['"', ' ', '\n', '<']) {
        const text = before + secret + end
        // A label of a PEM may hold spaces.
        if (!secret.startsWith('---')) assert.equal(openSecretStart(text, all), text.length, text)
      }
    }
  }
  assert.equal(openSecretStart('plain words, no more', all), 20)
  assert.equal(openSecretStart('', all), 0)
})

test('no more is kept back than the longest secret, and one letter more is none', () => {
  const longest = `eyJ${'a'.repeat(secretOpenMax - 3)}`
  assert.equal(openSecretStart(`x ${longest}`, all), 2)
  assert.equal(openSecretStart(`x ${longest}a`, all), longest.length + 3)
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 6000 }), fc.constantFrom(...found), (text, [secret]) => {
      const open = openSecretStart(text + secret.slice(0, 9), all)
      assert.ok(text.length + 9 - open <= secretOpenMax)
    }),
    { numRuns: 100 },
  )
})

test('any text is only read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...found), (text, [secret, kind]) => {
      for (const { start, end } of findKnownSecrets(text, all, 10)) assert.ok(start < end && end <= text.length)
      assert.ok(findKnownSecrets(`${text}\n${secret}\n${text}`, all, 10).some(hit => hit.kind === kind))
    }),
    { numRuns: 200 },
  )
})
