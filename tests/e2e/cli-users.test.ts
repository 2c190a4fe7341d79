// `merlon users`, without a gateway and with one; secrets come by stdin and go nowhere else.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cli, emptyFolder, lineOf, spawnCli } from './cli-run.ts'

const password = 'vague-otter-lamp-41'

test('users: add, list, show, change, set-password, disable, enable, unlock, mfa reset, delete', async () => {
  const folder = emptyFolder()
  const config = {
    listen: [{ http: '127.0.0.1:0' }],
    upstreams: { app: { servers: ['http://127.0.0.1:9'] } },
    routes: [{ to: 'app' }],
    accounts: { oauth: { issuer: 'http://127.0.0.1:8080' } },
    workers: 1,
  }
  writeFileSync(join(folder, 'merlon.yaml'), JSON.stringify(config))
  const users = (args: string[], input = '') => cli(['users', ...args], folder, input)
  const good = async (args: string[], input = '') => {
    const { code, stdout, stderr } = await users(args, input)
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    return stdout
  }

  const added = JSON.parse(await good(['add', 'alice', '--email', 'alice@example.com', '--role', 'admin', '--json']))
  assert.deepEqual([added.user.username, added.user.roles, added.user.totp], ['alice', ['admin'], false])
  assert.match(added.password, /^[0-9A-Za-z]{17}$/)
  const shown = await good(['add', 'bob', '--secret-stdin'], `${password}\n`)
  assert.ok(!shown.includes(password))
  assert.ok(!(await good(['show', 'bob', '--json'])).includes('argon2'), 'no hash is shown')

  const child = spawnCli(['run', '--json'], folder)
  try {
    await lineOf(child, line => line.startsWith('{'))
    assert.match(await good(['list']), /alice {2}admin\n.*bob\n$/)
    const changed = JSON.parse(
      await good(['change', 'ALICE', '--role', 'editor', '--group', 'staff', '--email', '', '--json']),
    )
    assert.deepEqual([changed.roles, changed.groups, changed.email], [['editor'], ['staff'], undefined])
    const link = ['--issuer', 'https://id.example.com', '--subject', '42']
    assert.match(await good(['link', 'alice', ...link]), /linked +42 at https:\/\/id\.example\.com/)
    assert.equal((await users(['link', 'bob', ...link])).code, 1)
    assert.match(await good(['disable', 'alice']), /disabled +20\d\d-/)
    assert.match(await good(['enable', 'alice']), /disabled\n$/)
    for (const args of [
      ['unlock', 'alice'],
      ['sign-out', 'alice'],
      ['mfa', 'reset', 'alice'],
    ])
      await good(args)
    await good(['set-password', 'alice', '--secret-stdin'], password)

    const bad: [string[], string, number, RegExp][] = [
      [['set-password', 'alice'], '', 2, /--secret-stdin/],
      [['set-password', 'alice', '--secret-stdin'], 'short', 2, /at least 10 characters/],
      [['set-password', 'alice', '--secret-stdin'], 'Password123!', 2, /guessed first/],
      [['add', 'alice'], '', 1, /belongs to a user already/],
      [['add', 'no spaces'], '', 2, /username: may hold/],
      [['add', 'x', '--role', 'a b'], '', 2, /roles\.0: may hold/],
      [['show', 'nobody'], '', 1, /there is no user nobody/],
      [['change', 'alice'], '', 2, /nothing to change/],
      [['add', 'x', '--secret-stdin'], '', 2, /no secret on stdin/],
      [['add', 'x', '--secret-stdin'], 'x'.repeat(4097), 2, /longer than 4096/],
    ]
    for (const [args, input, code, why] of bad) {
      const result = await users(args, input)
      assert.equal(result.code, code, args.join(' '))
      assert.match(result.stderr, why)
    }
    await good(['delete', 'alice'])
    assert.equal((await users(['show', 'alice'])).code, 1)
  } finally {
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
  }
})
