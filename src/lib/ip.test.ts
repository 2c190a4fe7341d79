import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp, inNetwork, ipKey, parseIp, parseNetwork } from './ip.ts'

const addresses: [text: string, want: string | undefined][] = [
  ['127.0.0.1', '127.0.0.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['256.0.0.1', undefined],
  ['1.2.3', undefined],
  ['1.2.3.4.5', undefined],
  ['01.2.3.4', undefined],
  ['1..2.3', undefined],
  ['', undefined],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8::A', '2001:db8::a'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::ffff:0a00:0001', '10.0.0.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['1::2::3', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['12345::', undefined],
  ['g::', undefined],
  ['a'.repeat(10_000), undefined],
]

for (const [text, want] of addresses) {
  test(`parseIp ${JSON.stringify(text.slice(0, 40))}`, () => {
    const ip = parseIp(text)
    assert.equal(ip && formatIp(ip), want)
  })
}

const memberships: [ip: string, network: string, want: boolean][] = [
  ['10.1.2.3', '10.0.0.0/8', true],
  ['11.1.2.3', '10.0.0.0/8', false],
  ['10.0.0.127', '10.0.0.0/25', true],
  ['10.0.0.128', '10.0.0.0/25', false],
  ['1.2.3.4', '0.0.0.0/0', true],
  ['1.2.3.4', '1.2.3.4', true],
  ['2001:db8::1', '2001:db8::/32', true],
  ['2001:db9::1', '2001:db8::/32', false],
  ['::ffff:10.0.0.1', '10.0.0.0/8', true],
  ['::1', '0.0.0.0/0', false],
]

for (const [ip, network, want] of memberships) {
  test(`${ip} in ${network}: ${want}`, () => {
    const bytes = parseIp(ip)
    const range = parseNetwork(network)
    assert.ok(bytes && range)
    assert.equal(inNetwork(bytes, range), want)
  })
}

test('parseNetwork refuses what is no network', () => {
  for (const text of ['10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8x', '::/129', 'x/8', '10.0.0.0/']) {
    assert.equal(parseNetwork(text), undefined, text)
  }
})

test('ipKey counts an IPv6 address as its /64', () => {
  const key = (text: string) => ipKey(parseIp(text) ?? new Uint8Array(4))
  assert.equal(key('2001:db8:1:2:aaaa::1'), key('2001:db8:1:2:bbbb::2'))
  assert.notEqual(key('2001:db8:1:2::1'), key('2001:db8:1:3::1'))
  assert.equal(key('10.0.0.1'), '10.0.0.1')
})
