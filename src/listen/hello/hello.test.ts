// ClientHellos as they were recorded from clients (testdata/hellos.json), whole and mangled. Their JA4 was computed by
// another program when they were recorded, and is computed here in another way once more.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ClientHello, readClientHello } from './client-hello.ts'
import { ja4 } from './ja4.ts'

interface Recorded {
  readonly name: string
  readonly ja4: string
  readonly hex: string
}

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/hellos.json'), 'utf8')) as Recorded[]
const limit = 64 * 1024

function parsed(bytes: Uint8Array): ClientHello {
  const result = readClientHello(bytes, limit)
  assert.ok(result.kind === 'hello', JSON.stringify(result))
  return result.hello
}

/** JA4 out of the hex text of a hello, by cutting strings. */
function ja4OfHex(hex: string): string {
  let rest = hex.slice(2 * (5 + 4))
  const cut = (bytes: number) => {
    const piece = rest.slice(0, 2 * bytes)
    rest = rest.slice(2 * bytes)
    return piece
  }
  const long = (bytes: number) => cut(Number.parseInt(cut(bytes), 16))
  const fours = (text: string) => (text.match(/..../g) ?? []).filter(value => !/^(.a)\1$/.test(value))
  let version = cut(2)
  cut(32)
  long(1)
  const ciphers = fours(long(2))
  long(1)
  if (rest !== '') rest = long(2)
  const extensions = new Map<string, string>()
  while (rest !== '') extensions.set(cut(2), long(2))
  const offered = extensions.get('002b')
  if (offered) version = fours(offered.slice(2)).sort().at(-1) ?? version
  const types = [...extensions.keys()].filter(type => !/^(.a)\1$/.test(type)).sort()
  const protocol = extensions.get('0010')?.slice(4) ?? '00'
  const first = Buffer.from(protocol.slice(2, 2 + 2 * Number.parseInt(protocol.slice(0, 2), 16)), 'hex').toString(
    'latin1',
  )
  const alpn =
    first === '' ? '00' : /^[a-z0-9](.*[a-z0-9])?$/i.test(first) ? first : Buffer.from(first, 'latin1').toString('hex')
  const pad = (list: readonly unknown[]) => String(list.length).padStart(2, '0')
  const hash = (text: string) =>
    text === '' ? '0'.repeat(12) : createHash('sha256').update(text).digest('hex').slice(0, 12)
  const algorithms = fours(extensions.get('000d')?.slice(4) ?? '')
  const tail = [
    types.filter(type => type !== '0000' && type !== '0010').join(),
    ...(algorithms.length ? [algorithms.join()] : []),
  ]
  const name = extensions.has('0000') ? 'd' : 'i'
  const tls = { '0304': '13', '0303': '12', '0302': '11', '0301': '10' }[version] ?? '00'
  return `t${tls}${name}${pad(ciphers)}${pad(types)}${alpn.at(0)}${alpn.at(-1)}_${hash([...ciphers].sort().join())}_${hash(tail.join('_'))}`
}

for (const { name, hex, ja4: want } of recorded) {
  test(`ja4 of ${name}`, () => {
    const bytes = Buffer.from(hex, 'hex')
    assert.equal(ja4(parsed(bytes)), want)
    assert.equal(ja4OfHex(hex), want)
    for (let end = 0; end < bytes.length; end += 7) {
      const part = readClientHello(bytes.subarray(0, end), limit)
      assert.ok(part.kind === 'more' && part.wantedBytes > end, `${end} bytes: ${JSON.stringify(part)}`)
    }
  })
}

const list = (text: string) => text.split(',').map(value => Number.parseInt(value, 16))

/** What FoxIO's description of JA4 shows of a Chrome, with made-up values in between. */
const chrome: ClientHello = {
  legacyVersion: 0x0303,
  cipherSuites: list('1a1a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035'),
  extensions: list('0a0a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015,fafa'),
  hasServerName: true,
  serverName: 'a.example',
  alpn: ['h2', 'http/1.1'],
  supportedVersions: [0x4a4a, 0x0304, 0x0303],
  signatureAlgorithms: list('0403,0804,0401,0503,0805,0501,0806,0601'),
}

for (const [name, change, want] of [
  ['the published one', {}, 't13d1516h2_8daaf6152771_e5627efa2ab1'],
  ['another order', { extensions: [...chrome.extensions].reverse() }, 't13d1516h2_8daaf6152771_e5627efa2ab1'],
  ['no ciphers', { cipherSuites: [0x2a2a] }, 't13d0016h2_000000000000_e5627efa2ab1'],
  ['no extensions', { extensions: [], hasServerName: false, alpn: [] }, 't13i150000_8daaf6152771_000000000000'],
  ['an unknown version', { supportedVersions: [0x7f1c] }, 't00d1516h2_8daaf6152771_e5627efa2ab1'],
  ['more than 99 ciphers', { cipherSuites: Array.from({ length: 120 }, (_, i) => i + 1) }, 't13d9916h2_'],
  ['ALPN \\xab', { alpn: ['\xab'] }, 't13d1516ab_'],
  ['ALPN \\xab\\xcd', { alpn: ['\xab\xcd'] }, 't13d1516ad_'],
  ['ALPN 0\\xab', { alpn: ['0\xab'] }, 't13d15163b_'],
  ['ALPN 01\\xab\\xcd', { alpn: ['01\xab\xcd'] }, 't13d15163d_'],
] as const) {
  test(`ja4: ${name}`, () => assert.ok(ja4({ ...chrome, ...change }).startsWith(want), ja4({ ...chrome, ...change })))
}

test('name, protocols and what was offered', () => {
  const hello = parsed(Buffer.from(recorded.find(({ name }) => name === 'openssl -alpn h2')?.hex ?? '', 'hex'))
  assert.deepEqual(
    [hello.serverName, hello.alpn, hello.supportedVersions],
    ['a.example', ['h2'], [0x304, 0x303, 0x302, 0x301]],
  )
})

const whole = Buffer.from(recorded[0]?.hex ?? '', 'hex')

/** The same message cut into records of so many bytes. */
function inRecords(bytesPerRecord: number): Buffer {
  const message = whole.subarray(5)
  const parts: Buffer[] = []
  for (let at = 0; at < message.length; at += bytesPerRecord) {
    const part = message.subarray(at, at + bytesPerRecord)
    parts.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part)
  }
  return Buffer.concat(parts)
}

test('a hello over several records is one', () => {
  assert.deepEqual(readClientHello(inRecords(10), limit), readClientHello(whole, limit))
  assert.equal(readClientHello(inRecords(9), limit).kind, 'fault', 'more records than any client makes')
})

function changed(at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(whole)
  copy.set(bytes, at)
  return copy
}

for (const [name, bytes] of [
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
  ['an alert record', changed(0, 21)],
  ['an unknown version', changed(1, 2)],
  ['an empty record', changed(3, 0, 0)],
  ['a record that is too long', changed(3, 0x40, 0x01)],
  ['no ClientHello', changed(5, 2)],
  ['a message over the limit', changed(6, 1)],
  ['a session id past the end', changed(43, 255, 255)],
  ['cipher suites of an odd length', changed(76, 0, 61)],
  ['an SSL 2 hello', Buffer.from('802e010301', 'hex')],
] as const) {
  test(`a fault: ${name}`, () => assert.equal(readClientHello(bytes, limit).kind, 'fault'))
}

/** A small hello with these extensions, in hex. */
function helloWith(extensions: string): Buffer {
  const length = (hex: string, digits: number) => (hex.length / 2).toString(16).padStart(digits, '0')
  const body = `0303${'00'.repeat(32)}00000200350100${length(extensions, 4)}${extensions}`
  const message = `01${length(body, 6)}${body}`
  return Buffer.from(`160301${length(message, 4)}${message}`, 'hex')
}

for (const [name, extensions, want] of [
  ['one', '00170000', 'hello'],
  ['the same twice', '0017000000170000', 'fault'],
  ['one that ends too early', '00170001', 'fault'],
  ['ALPN of nothing', '00100003000100', 'fault'],
  ['ALPN past its end', '0010000500030568', 'fault'],
  ['a name that is none', '0000000800060000032f2e2e', 'hello'],
] as const) {
  test(`extensions: ${name}`, () => assert.equal(readClientHello(helloWith(extensions), limit).kind, want))
}

test('any bytes have an answer, and never a throw', () => {
  const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(edits, changes => {
      const bytes = Buffer.from(whole)
      for (const [at, value] of changes) bytes[at] = value
      const result = readClientHello(bytes, limit)
      if (result.kind === 'more') assert.ok(result.wantedBytes > bytes.length && result.wantedBytes <= limit)
      if (result.kind === 'hello') assert.match(ja4(result.hello), /^t..[di]\d{4}.{2}_[0-9a-f]{12}_[0-9a-f]{12}$/s)
    }),
    { numRuns: 2000 },
  )
})
