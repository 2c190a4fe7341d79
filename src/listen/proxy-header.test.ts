import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ProxyHeader, readProxyHeader } from './proxy-header.ts'

const ends = { remoteAddress: '192.0.2.1', remotePort: 56_324, localAddress: '192.0.2.9', localPort: 443 }
const ends6 = { remoteAddress: '2001:db8::1', remotePort: 1, localAddress: '2001:db8::2', localPort: 65_535 }

/** Version 2: command, family, then the body with its length before it. */
function v2(command: number, family: number, body: readonly number[], length = body.length): Buffer {
  const head = [...Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), command, family, length >> 8, length & 255]
  return Buffer.from([...head, ...body])
}

const tcp4 = [192, 0, 2, 1, 192, 0, 2, 9, 0xdc, 0x04, 0x01, 0xbb]
const ip6 = (last: number) => [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]
const tcp6 = [...ip6(1), ...ip6(2), 0, 1, 255, 255]

const good: [string, Buffer, ProxyHeader][] = [
  ['v1 TCP4', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n'), ends],
  ['v1 TCP6', Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n'), ends6],
  ['v1 UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['v1 UNKNOWN with text', Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), undefined],
  ['v2 TCP4', v2(0x21, 0x11, tcp4), ends],
  ['v2 TCP6', v2(0x21, 0x21, tcp6), ends6],
  ['v2 with extensions', v2(0x21, 0x11, [...tcp4, 4, 0, 1, 9]), ends],
  ['v2 LOCAL', v2(0x20, 0x00, []), undefined],
  ['v2 unspecified', v2(0x21, 0x00, [1, 2, 3]), undefined],
  ['v2 at its limit', v2(0x21, 0x11, [...tcp4, ...new Array(4096 - 12).fill(0)]), ends],
]
for (const [name, bytes, value] of good) {
  test(`PROXY ${name}`, () => {
    const rest = Buffer.from('GET / HTTP/1.1\r\n')
    const found = { kind: 'found', value, usedBytes: bytes.length }
    assert.deepEqual(readProxyHeader(Buffer.concat([bytes, rest])), found)
    for (let end = 0; end < bytes.length; end++) {
      const part = readProxyHeader(bytes.subarray(0, end))
      assert.ok(part.kind === 'more' && part.wantedBytes > end, `${end} of ${bytes.length} bytes: ${part.kind}`)
    }
  })
}

const bad: [string, Buffer][] = [
  ['no header', Buffer.from('GET / HTTP/1.1\r\n')],
  ['another word', Buffer.from('PROXX TCP4')],
  ['lower case', Buffer.from('proxy TCP4 192.0.2.1 192.0.2.9 1 2\r\n')],
  ['v1 leading zero', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.9 01 443\r\n')],
  ['v1 port too large', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.9 65536 443\r\n')],
  ['v1 no address', Buffer.from('PROXY TCP4 192.0.2 192.0.2.9 1 443\r\n')],
  ['v1 address of the other family', Buffer.from('PROXY TCP4 ::1 ::2 1 443\r\n')],
  ['v1 too many words', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.9 1 443 9\r\n')],
  ['v1 two spaces', Buffer.from('PROXY TCP4  192.0.2.1 192.0.2.9 1 443\r\n')],
  ['v1 without end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(93)}`)],
  ['v2 version', v2(0x11, 0x11, tcp4)],
  ['v2 command', v2(0x22, 0x11, tcp4)],
  ['v2 UDP', v2(0x21, 0x12, tcp4)],
  ['v2 Unix', v2(0x21, 0x31, new Array(216).fill(0))],
  ['v2 too short', v2(0x21, 0x11, tcp4.slice(0, 11))],
  ['v2 over its limit', v2(0x21, 0x11, tcp4, 4097)],
]
for (const [name, bytes] of bad) {
  test(`PROXY refused: ${name}`, () => assert.equal(readProxyHeader(bytes).kind, 'fault'))
}

test('PROXY: any bytes have an answer', () => {
  const start = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    '\r\n\r\n\0\r\nQUIT\n',
    '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c',
  )
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (head, tail) => {
      const bytes = Buffer.concat([Buffer.from(head, 'latin1'), tail])
      const look = readProxyHeader(bytes)
      if (look.kind === 'more') assert.ok(look.wantedBytes > bytes.length)
      if (look.kind === 'found') assert.ok(look.usedBytes <= bytes.length)
    }),
  )
})
