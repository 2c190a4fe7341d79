// The directory of users, passwords, second factors and the throttle, on a real store.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { hash } from '@node-rs/argon2'
import { generateSync } from 'otplib'
import { openSqliteRecords } from '../../store/records-sqlite.ts'
import { openKeyring } from '../keyring.ts'
import { isCommonPassword } from './common-passwords.ts'
import { canHavePasskeys, passkeysMax, withPasskey } from './passkeys.ts'
import { argon2Parameters, isOutdated, PasswordHasher, waitingMax } from './password-hash.ts'
import { passwordCharactersMax } from './password-rules.ts'
import { recoveryCodesCount } from './second-factors.ts'
import { forgetAfterMs, LoginThrottle, throttleLimits } from './throttle.ts'
import { Users } from './users.ts'

const start = Date.UTC(2026, 0, 1)
const good = 'vague-otter-lamp-41'

async function open(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-users-'))
  const records = openSqliteRecords(join(dir, 'accounts.db'))
  t.after(async () => {
    await records.close()
    rmSync(dir, { recursive: true })
  })
  const clock = { now: start }
  const problems: string[] = []
  const keyring = await openKeyring(records, { stateDir: dir, key: undefined })
  const users = new Users(
    records,
    keyring,
    () => clock.now,
    message => problems.push(message),
  )
  const add = (username: string, rest: object = {}) =>
    users.create({ username, email: undefined, roles: [], groups: [], links: [], password: good, ...rest })
  return { users, records, clock, problems, add }
}

test('a name belongs to one user, whatever its case, and is free when the user is gone', async t => {
  const { users, add } = await open(t)
  const { user } = await add('Alice', { email: 'alice@example.com' })
  for (const taken of ['alice', 'ALICE', 'Alice@Example.com']) {
    await assert.rejects(add(taken), { code: 'conflict' }, taken)
  }
  await assert.rejects(add('bob', { email: 'ALICE' }), { code: 'conflict' })
  const { user: bob } = await add('bob')
  assert.equal((await users.directory.find('aLiCe@example.COM'))?.userId, user.userId)
  assert.equal((await users.directory.find(user.userId))?.username, 'Alice')
  await users.changeProfile(user, { email: 'a@example.com' })
  assert.equal(await users.directory.find('alice@example.com'), undefined)
  await users.changeProfile(bob, { email: 'alice@example.com' })
  await users.directory.delete(user.userId)
  assert.equal((await add('alice')).user.username, 'alice')
  for (const name of ['eve', 'dan', 'carol', 'frank']) await add(name)
  const names = (await users.directory.list()).map(({ username }) => username)
  assert.deepEqual(names, ['alice', 'bob', 'carol', 'dan', 'eve', 'frank'])
})

test('a name whose user was never written is free after a minute', async t => {
  const { records, clock, add } = await open(t)
  const claim = JSON.stringify({ userId: 'usr_gone', atMs: start })
  await records.put({ kind: 'user-name', id: 'carol', json: claim }, 0)
  await assert.rejects(add('carol'), { code: 'conflict' })
  clock.now += 60_001
  assert.equal((await add('carol')).user.username, 'carol')
})

test('passwords: right, wrong, disabled, none, unknown user', async t => {
  const { users, add } = await open(t)
  const { user } = await add('alice')
  assert.match(user.password ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal(await users.checkPassword(user, good), true)
  assert.equal(await users.checkPassword(user, `${good}x`), false)
  assert.equal(await users.checkPassword(undefined, good), false)
  assert.equal(await users.checkPassword(await users.setDisabled(user, true), good), false)
  assert.equal(await users.checkPassword(await users.setDisabled(user, false), good), true)
  const { user: bare } = await add('bare', { password: { kind: 'none' } })
  assert.equal(await users.checkPassword(bare, ''), false)
  const made = await add('made', { password: { kind: 'generate' } })
  assert.equal(await users.checkPassword(made.user, made.password ?? ''), true)
})

test('a hash of other parameters is made anew when its owner signs in', async t => {
  const { users, add } = await open(t)
  const { user } = await add('alice')
  const old = await hash(good, { ...argon2Parameters, memoryCost: 8192 })
  assert.equal(isOutdated(old), true)
  const before = await users.directory.change(user.userId, data => ({ ...data, password: old }))
  assert.equal(await users.checkPassword(before, 'wrong'), false)
  assert.equal((await users.directory.get(user.userId))?.password, old)
  assert.equal(await users.checkPassword(before, good), true)
  const after = await users.directory.get(user.userId)
  assert.equal(isOutdated(after?.password ?? ''), false)
  assert.equal(await users.checkPassword(after, good), true)
})

test('hashing is bounded: two at once, a short queue, the rest is told to come again', async () => {
  const hasher = new PasswordHasher()
  const all = Array.from({ length: waitingMax + 3 }, () =>
    hasher.verify('$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA', 'x'),
  )
  const results = await Promise.allSettled(all)
  const busy = results.filter(it => it.status === 'rejected' && it.reason.code === 'busy').length
  assert.equal(busy, 1, 'at the bound all are served, one past it is not')
})

test('which passwords are taken', async t => {
  const { users, add } = await open(t)
  const { user } = await add('margarethe', { email: 'm.lind@example.com' })
  const refused = [
    'short-pw9',
    `${'x9-Q'.repeat(64)}z`,
    'Password123!',
    'P@ssw0rd2024',
    'qwertyuiop12',
    '1q2w3e4r5t6y',
    'abcabcabcabc',
    'Margarethe1',
    'welcome-welcome',
    'iloveyou!!!!',
    '99999999999999',
  ]
  for (const password of refused) await assert.rejects(users.setPassword(user, password), { code: 'invalid' }, password)
  assert.equal([...(refused[1] ?? '')].length, passwordCharactersMax + 1)
  for (const password of [
    'x9-Q'
      .repeat(64)
      .slice(0, passwordCharactersMax)
      .replace(/^.{20}/, 'a real sentence here'),
    'correct horse battery',
    'ünïcödé ist lang',
    good,
  ]) {
    await users.setPassword(user, password)
  }
})

test('common passwords, and others that only look like them', () => {
  for (const text of [
    'letmein',
    'dragon1999',
    '123456789',
    'zaq12wsx'.split('').reverse().join(''),
    'asdfghjkl;',
    'admin@123',
    'Summer2025!',
    'passpass',
    'aaaaaaab',
  ]) {
    assert.equal(isCommonPassword(text), true, text)
  }
  for (const text of ['tr0ub4dor&3', 'lamp-otter-vague', 'mountain goat tea', 'zk4!vv09ptq']) {
    assert.equal(isCommonPassword(text), false, text)
  }
})

test('a breached password is refused; a service that fails is told of and refuses nothing', async t => {
  const { users, problems, add } = await open(t)
  const { user } = await add('alice')
  const digest = createHash('sha1').update('breached-but-long').digest('hex').toUpperCase()
  const asked: string[] = []
  let reply = (): [number, string] => [200, `${'0'.repeat(35)}:0\r\n${digest.slice(5)}:42\r\n`]
  const server = createServer((req, res) => {
    asked.push(String(req.url))
    const [status, body] = reply()
    res.writeHead(status).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const breached = `http://127.0.0.1:${(server.address() as { port: number }).port}/range/`
  users.useRules({ charactersMin: 10, breached })
  await assert.rejects(users.setPassword(user, 'breached-but-long'), { code: 'invalid' })
  assert.deepEqual(asked, [`/range/${digest.slice(0, 5)}`], 'five digits leave the house')
  reply = () => [200, `${digest.slice(5)}:0`] // padding
  await users.setPassword(user, 'breached-but-long')
  reply = () => [500, '']
  await users.setPassword(user, 'breached-but-long')
  reply = () => [200, 'A'.repeat(1024 * 1024 + 1)]
  await users.setPassword(user, 'breached-but-long')
  assert.equal(problems.length, 2)
})

test('an authenticator app: the right code, within a step, once', async t => {
  const { users, clock, add } = await open(t)
  const { user } = await add('alice')
  const { secret, uri } = users.factors.offerTotp('alice', 'Example')
  assert.match(uri, /^otpauth:\/\/totp\/Example:alice\?/)
  const code = (offsetS = 0) => generateSync({ secret, epoch: clock.now / 1000 + offsetS })
  assert.equal(await users.factors.addTotp(user.userId, secret, '000000', false), false)
  assert.equal(await users.factors.addTotp(user.userId, secret, code(), false), true)
  const use = async (text: string) => {
    const now = await users.directory.get(user.userId)
    assert.ok(now)
    return users.factors.useTotp(now, text)
  }
  assert.equal(await use(code()), false, 'the code of the enrolment counts no second time')
  clock.now += 30_000
  const at = code()
  assert.equal(await use(code(60)), false, 'two steps ahead')
  const both = await Promise.all([use(at), use(at)])
  assert.deepEqual(both.sort(), [false, true], 'once, at the same time too')
  clock.now += 30_000
  assert.equal(await use(at), false, 'replayed within its step')
  assert.equal(await use(code(30)), true, 'one step ahead')
  assert.equal(await use(code()), false, 'a code before the one that was taken')
  clock.now += 90_000
  assert.equal(await use(`${code(-30).slice(0, 3)} ${code(-30).slice(3)}`), true, 'one step late, with a space')
  for (const bad of ['', '12345', 'abcdef', '１２３４５６', '1'.repeat(10_000)]) assert.equal(await use(bad), false)
  const stored = JSON.stringify(await users.directory.get(user.userId))
  assert.ok(!stored.includes(secret), 'it is sealed')
})

test('recovery codes: ten, each once, new ones void the old', async t => {
  const { users, add } = await open(t)
  const { user } = await add('alice')
  const codes = await users.factors.createRecoveryCodes(user.userId)
  assert.equal(new Set(codes).size, recoveryCodesCount)
  const [first = '', second = ''] = codes
  assert.ok(!JSON.stringify(await users.directory.get(user.userId)).includes(first))
  const uses = await Promise.all([1, 2].map(() => users.factors.useRecoveryCode(user.userId, first)))
  assert.deepEqual(uses.sort(), [false, true])
  assert.equal(await users.factors.useRecoveryCode(user.userId, second.replaceAll('-', ' ')), true)
  await users.factors.createRecoveryCodes(user.userId)
  assert.equal(await users.factors.useRecoveryCode(user.userId, codes[2] ?? ''), false)
})

test('a user has so many passkeys, each once', () => {
  const passkey = (id: number) => {
    const rest = { publicKey: '', counter: 0, transports: [], synced: false, name: 'n', createdAtMs: 0 }
    return { id: String(id), ...rest }
  }
  const ids = Array.from({ length: passkeysMax }, (_, id) => id)
  const all = ids.reduce((before, id) => withPasskey(before, passkey(id)), [] as ReturnType<typeof withPasskey>)
  assert.equal(all.length, passkeysMax)
  assert.throws(() => withPasskey(all, passkey(-1)), { code: 'conflict' })
  assert.throws(() => withPasskey(all.slice(1), passkey(1)), { code: 'conflict' })
})

test('passkeys need a name', () => {
  assert.equal(canHavePasskeys('http://localhost:8080'), true)
  assert.equal(canHavePasskeys('http://127.0.0.1:8080'), false)
  assert.equal(canHavePasskeys('http://[::1]:8080'), false)
})

test('guessing is slowed; the owner is not', () => {
  let nowMs = start
  const throttle = new LoginThrottle(() => nowMs)
  const from = (network: string, account = 'alice', device?: string) => throttle.begin({ network, account, device })
  const { pair, network, account, device } = throttleLimits
  for (let i = 0; i < pair.free; i++) assert.equal(from('a').waitMs, 0, 'free misses')
  assert.equal(from('a').waitMs, 1000, 'one past them waits')
  nowMs += 1000
  assert.equal(from('a').waitMs, 0)
  assert.equal(from('a').waitMs, 2000, 'longer each time')
  assert.equal(from('b').waitMs, 0, 'others do not wait for them')
  for (let i = 0; i < 30; i++) {
    nowMs += 3_600_000 - 1
    from('a')
  }
  assert.equal(from('a').waitMs, pair.delayMaxMs)

  for (let i = 0; i < network.free; i++) from('many', `name-${i}`)
  assert.equal(from('many', 'another').waitMs, 1000, 'one network, many names')

  for (let i = 0; i < account.free; i++) from(`bot-${i}`, 'bob')
  assert.ok(from('elsewhere', 'bob').waitMs > 0, 'many networks, one name')
  const turn = from('elsewhere', 'bob', 'laptop')
  assert.equal(turn.waitMs, 0, 'but not where bob signed in before')
  for (let i = 1; i < device.free; i++) from('elsewhere', 'bob', 'laptop')
  assert.equal(from('elsewhere', 'bob', 'laptop').waitMs, 1000, 'a stolen device is slowed too')
  throttle.unlock('bob')
  assert.equal(from('elsewhere', 'bob').waitMs, 0)
})

test('what succeeds leaves no mark, and marks fade', () => {
  let nowMs = start
  const throttle = new LoginThrottle(() => nowMs)
  for (let i = 0; i < 1000; i++) {
    const turn = throttle.begin({ network: 'a', account: 'alice', device: undefined })
    assert.equal(turn.waitMs, 0)
    if ('succeeded' in turn) turn.succeeded()
  }
  for (let i = 0; i < throttleLimits.pair.free; i++)
    throttle.begin({ network: 'a', account: 'alice', device: undefined })
  assert.ok(throttle.begin({ network: 'a', account: 'alice', device: undefined }).waitMs > 0)
  nowMs += forgetAfterMs
  assert.equal(throttle.begin({ network: 'a', account: 'alice', device: undefined }).waitMs, 0)
})

test('the table is bounded', () => {
  const throttle = new LoginThrottle(() => start, 300)
  for (let i = 0; i < 100_000; i++) throttle.begin({ network: `n${i}`, account: `a${i}`, device: undefined })
  assert.equal(throttle.size, 300)
})
