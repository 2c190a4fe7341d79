import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deviceOf, setDevice } from './device-cookie.ts'
import { readLook } from './layout.ts'
import { cookieOf, isProof, networkOf, proofOf, readOwnForm } from './request.ts'

function requestOf(headers: Record<string, string>, body = ''): IncomingMessage {
  const req = new IncomingMessage(new Socket())
  Object.assign(req.headers, headers)
  req.push(body)
  req.push(null)
  return req
}

const place = { issuer: 'https://api.test', key: 'k', about: 'sign-in-1' }
const csrf = proofOf('k', 'csrf', 'sign-in-1')
const type = { 'content-type': 'application/x-www-form-urlencoded' }

test('a form is read when a page of ours sent it, up to 64 KiB', async () => {
  const full = (bytes: number) => `csrf=${csrf}&a=`.padEnd(bytes, 'x')
  const good: [Record<string, string>, string][] = [
    [type, `csrf=${csrf}&a=1`],
    [{ ...type, origin: 'https://api.test', 'sec-fetch-site': 'same-origin' }, `csrf=${csrf}`],
    [{ 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, full(65_536)],
  ]
  for (const [headers, body] of good)
    assert.equal((await readOwnForm(requestOf(headers, body), place)).get('csrf'), csrf)
  const bad: [Record<string, string>, string][] = [
    [type, full(65_537)],
    [type, ''],
    [type, 'csrf='],
    [type, `csrf=${proofOf('k', 'csrf', 'sign-in-2')}`],
    [type, `csrf=${proofOf('other', 'csrf', 'sign-in-1')}`],
    [type, `csrf=${proofOf('k', 'device', 'sign-in-1')}`],
    [{ 'content-type': 'text/plain' }, `csrf=${csrf}`],
    [{ ...type, origin: 'null' }, `csrf=${csrf}`],
    [{ ...type, origin: 'https://api.test.evil' }, `csrf=${csrf}`],
    [{ ...type, 'sec-fetch-site': 'same-site' }, `csrf=${csrf}`],
  ]
  for (const [headers, body] of bad) {
    await assert.rejects(readOwnForm(requestOf(headers, body), place), { code: 'invalid' }, body.slice(0, 80))
  }
})

test('the cookie of a device is about one user, for its time, and can’t be made up', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const res = new ServerResponse(requestOf({}))
  setDevice(requestOf({}), res, 'k', 'usr_1', nowMs)
  const line = String(res.getHeader('set-cookie'))
  assert.match(line, /^merlon_device=usr_1~.*; Path=\/oauth; Max-Age=15552000; HttpOnly; SameSite=Lax$/)
  const cookie = line.split(';', 1)[0] ?? ''
  const device = deviceOf(requestOf({ cookie: `a=b; ${cookie}` }), 'k', 'usr_1', nowMs)
  assert.match(device ?? '', /^[\w-]{16}$/)
  const again = new ServerResponse(requestOf({}))
  setDevice(requestOf({ cookie }), again, 'k', 'usr_1', nowMs)
  assert.ok(String(again.getHeader('set-cookie')).includes(`~${device}~`), 'it stays the same device')
  const day = 86_400_000
  const no: [string, string, string, number][] = [
    [cookie, 'k', 'usr_2', nowMs],
    [cookie, 'other', 'usr_1', nowMs],
    [cookie, 'k', 'usr_1', nowMs + 180 * day + 1000],
    [cookie.replace('usr_1', 'usr_2'), 'k', 'usr_2', nowMs],
    [`${cookie}~x`, 'k', 'usr_1', nowMs],
    ['merlon_device=~~~', 'k', '', nowMs],
    ['', 'k', 'usr_1', nowMs],
  ]
  for (const [text, key, user, atMs] of no)
    assert.equal(deviceOf(requestOf({ cookie: text }), key, user, atMs), undefined)
  assert.ok(deviceOf(requestOf({ cookie }), 'k', 'usr_1', nowMs + 180 * day - 1000))
})

test('proofs, cookies, networks', () => {
  assert.equal(isProof('k', 'a', 'bc', proofOf('k', 'ab', 'c')), false, 'purpose and text are kept apart')
  assert.equal(cookieOf(requestOf({ cookie: 'x=1;y=2=3; z' }), 'y'), '2=3')
  assert.equal(cookieOf(requestOf({ cookie: 'xy=1' }), 'y'), undefined)
  const networks: [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['', 'unknown'],
    ['evil', 'unknown'],
  ]
  for (const [ip, network] of networks) assert.equal(networkOf(requestOf({ 'merlon-client-ip': ip })), network)
})

test('a theme has 64 KiB at the most', t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-look-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'theme.css')
  writeFileSync(file, 'x'.repeat(65_536))
  assert.equal(readLook('T', file).theme?.length, 65_536)
  writeFileSync(file, 'x'.repeat(65_537))
  assert.throws(() => readLook('T', file), /65536 bytes at most/)
  assert.throws(() => readLook('T', join(dir, 'none.css')), /ENOENT/)
})
