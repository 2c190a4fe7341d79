import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../pipeline/headers.ts'
import { createIdentify } from './identify.ts'

interface Case {
  readonly name: string
  readonly trusted?: readonly string[]
  readonly peer?: string
  readonly headers?: readonly string[]
  readonly ip: string
  readonly key?: string
  readonly port?: number
  readonly secure?: boolean
}

const xff = (value: string, ...more: string[]) => ['X-Forwarded-For', value, ...more]
const fwd = (value: string) => ['Forwarded', value]

const cases: readonly Case[] = [
  { name: 'no header', ip: '10.0.0.1', key: '10.0.0.1' },
  { name: 'IPv4-mapped peer', peer: '::ffff:192.0.2.7', ip: '192.0.2.7' },
  { name: 'IPv6 peer counts as its /64', peer: '2001:db8:0:1:2::3', ip: '2001:db8:0:1:2::3', key: '2001:db8:0:1::/64' },
  {
    name: 'untrusted peer: headers say nothing',
    headers: xff('192.0.2.1', 'x-forwarded-proto', 'https'),
    ip: '10.0.0.1',
    secure: false,
  },
  { name: 'trusted peer', trusted: ['10.0.0.0/8'], headers: xff('192.0.2.1'), ip: '192.0.2.1' },
  {
    name: 'what the client wrote is left of the truth',
    trusted: ['10.0.0.0/8'],
    headers: xff('1.1.1.1, 192.0.2.1'),
    ip: '192.0.2.1',
  },
  { name: 'two proxies', trusted: ['10.0.0.0/8'], headers: xff('1.1.1.1, 192.0.2.1, 10.9.9.9'), ip: '192.0.2.1' },
  { name: 'two lines', trusted: ['10.0.0.0/8'], headers: [...xff('1.1.1.1'), ...xff('192.0.2.1')], ip: '192.0.2.1' },
  { name: 'all trusted: the farthest', trusted: ['10.0.0.0/8'], headers: xff('10.1.1.1, 10.2.2.2'), ip: '10.1.1.1' },
  { name: 'port', trusted: ['10.0.0.1'], headers: xff('192.0.2.1:4711'), ip: '192.0.2.1', port: 4711 },
  {
    name: 'bracketed IPv6 with port',
    trusted: ['10.0.0.1'],
    headers: xff('[2001:db8::1]:4711'),
    ip: '2001:db8::1',
    port: 4711,
  },
  { name: 'bare IPv6', trusted: ['10.0.0.1'], headers: xff('2001:DB8:0::1'), ip: '2001:db8::1', key: '2001:db8::/64' },
  {
    name: 'nonsense stops the walk',
    trusted: ['10.0.0.0/8'],
    headers: xff('1.1.1.1, nonsense, 10.2.2.2'),
    ip: '10.2.2.2',
  },
  { name: 'empty items are no hops', trusted: ['10.0.0.0/8'], headers: xff(' , 192.0.2.1 , '), ip: '192.0.2.1' },
  {
    name: 'Forwarded',
    trusted: ['10.0.0.1'],
    headers: fwd('for=192.0.2.1;proto=https'),
    ip: '192.0.2.1',
    secure: true,
  },
  {
    name: 'Forwarded, quoted IPv6',
    trusted: ['10.0.0.1'],
    headers: fwd('For="[2001:db8:cafe::17]:4711"'),
    ip: '2001:db8:cafe::17',
    port: 4711,
  },
  {
    name: 'Forwarded, comma in quotes',
    trusted: ['10.0.0.1'],
    headers: fwd('for="1.1.1.1, 2.2.2.2";by=x, for=192.0.2.1'),
    ip: '192.0.2.1',
  },
  { name: 'Forwarded, obfuscated', trusted: ['10.0.0.1'], headers: fwd('for=_hidden, for=unknown'), ip: '10.0.0.1' },
  { name: 'Forwarded, open quote', trusted: ['10.0.0.1'], headers: fwd('for="192.0.2.1'), ip: '10.0.0.1' },
  {
    name: 'Forwarded, an open quote hides nothing',
    trusted: ['10.0.0.1'],
    headers: fwd('for="x\\, for=192.0.2.1'),
    ip: '192.0.2.1',
  },
  {
    name: 'X-Forwarded-For goes first',
    trusted: ['10.0.0.1'],
    headers: [...fwd('for=1.1.1.1'), ...xff('192.0.2.1')],
    ip: '192.0.2.1',
  },
  { name: 'proto alone', trusted: ['10.0.0.1'], headers: ['x-forwarded-proto', 'HTTPS'], ip: '10.0.0.1', secure: true },
  {
    name: 'one proto for all hops',
    trusted: ['10.0.0.0/8'],
    headers: xff('192.0.2.1, 10.2.2.2', 'x-forwarded-proto', 'https'),
    ip: '192.0.2.1',
    secure: true,
  },
  {
    name: 'a proto for each hop',
    trusted: ['10.0.0.0/8'],
    headers: xff('192.0.2.1, 10.2.2.2', 'x-forwarded-proto', 'https, http'),
    ip: '192.0.2.1',
    secure: true,
  },
]

for (const { name, trusted = [], peer = '10.0.0.1', headers = [], ...want } of cases) {
  test(`identify: ${name}`, () => {
    const identify = createIdentify(trusted)
    const client = identify.client(identify.peer(peer, 1234, false), new HeaderList(headers))
    assert.equal(client.ip, want.ip)
    if (want.key) assert.equal(client.key, want.key)
    if (want.port !== undefined) assert.equal(client.port, want.port)
    if (want.secure !== undefined) assert.equal(client.secure, want.secure)
    assert.equal(client.peerIp, peer.replace('::ffff:', ''))
  })
}

test('identify: a very long list is read from its end', () => {
  const identify = createIdentify(['10.0.0.0/8'])
  const list = `${'1.1.1.1,'.repeat(10_000)}10.0.0.2`
  const client = identify.client(identify.peer('10.0.0.1', 1, false), new HeaderList(xff(list)))
  assert.equal(client.ip, '1.1.1.1')
})

for (const [name, raw, disputed] of [
  ['the same client', ['X-Forwarded-For', '198.51.100.7', 'Forwarded', 'for=198.51.100.7'], undefined],
  ['two clients', ['X-Forwarded-For', '198.51.100.7', 'Forwarded', 'for=198.51.100.8'], true],
  [
    'the same by way of a proxy',
    ['X-Forwarded-For', '198.51.100.7, 192.0.2.9', 'Forwarded', 'for=198.51.100.7'],
    undefined,
  ],
  ['a hidden name', ['X-Forwarded-For', '198.51.100.7', 'Forwarded', 'for=_hidden'], undefined],
  ['one alone', ['Forwarded', 'for=198.51.100.8'], undefined],
] as const) {
  test(`X-Forwarded-For and Forwarded: ${name}`, () => {
    const identify = createIdentify(['192.0.2.0/24'])
    const peer = identify.peer('192.0.2.1', 1, false)
    assert.equal(identify.client(peer, new HeaderList(raw)).isDisputed, disputed)
    const stranger = identify.peer('203.0.113.1', 1, false)
    assert.equal(identify.client(stranger, new HeaderList(raw)).isDisputed, undefined)
  })
}
