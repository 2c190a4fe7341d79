import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIdentify } from '../client/identify.ts'
import { defaultBodyPolicy } from '../pipeline/body.ts'
import { Exchange } from '../pipeline/exchange.ts'
import { noHeaderRules } from '../pipeline/header-rules.ts'
import { HeaderList } from '../pipeline/headers.ts'
import { defaultLimits } from '../pipeline/limits.ts'
import type { OutgoingBody, Route } from '../pipeline/route.ts'
import { requestHeaders } from './request-headers.ts'
import { reasonPhrase, responseHeaders, responseTrailers } from './response-headers.ts'

const route: Route = {
  name: 'test',
  mode: 'protect',
  phases: { onHeaders: [], onBody: [], onResponseHeaders: [], onResponseBody: [] },
  done: [],
  destination: { name: 'x', send: async () => {}, upgrade: async () => false },
  limits: defaultLimits,
  body: defaultBodyPolicy,
  paths: 'normalize',
  headers: noHeaderRules,
}

function sent(raw: readonly string[], options: { peer?: string; trusted?: string[]; body?: OutgoingBody } = {}) {
  const headers = new HeaderList(raw)
  const identify = createIdentify(options.trusted ?? [])
  const client = identify.client(identify.peer(options.peer ?? '192.0.2.1', 1, false), headers)
  const request = { method: 'POST', target: '/', protocol: 'HTTP/1.1', headers, localIp: '127.0.0.1', localPort: 8080 }
  const ex = new Exchange('REF', 0, client, request, 'a', route)
  const out = requestHeaders(ex, options.body)
  const pairs: [string, string][] = []
  for (let i = 0; i < out.length; i += 2) pairs.push([out[i] ?? '', out[i + 1] ?? ''])
  return pairs
}

const forwarded = [
  ['x-forwarded-for', '192.0.2.1'],
  ['x-forwarded-proto', 'http'],
  ['x-forwarded-host', 'a'],
  ['x-forwarded-port', '8080'],
  ['forwarded', 'for=192.0.2.1;host=a;proto=http'],
  ['x-request-id', 'REF'],
]

for (const [name, raw, options, want] of [
  ['plain', ['Host', 'a'], {}, [['Host', 'a'], ...forwarded]],
  [
    'Connection names headers',
    ['Host', 'a', 'Connection', 'close, X-A', 'x-a', '1', 'x-b', '2'],
    {},
    [['Host', 'a'], ['x-b', '2'], ...forwarded],
  ],
  [
    'two Connection lines',
    ['Host', 'a', 'Connection', 'x-a', 'connection', 'X-B', 'x-a', '1', 'X-b', '2'],
    {},
    [['Host', 'a'], ...forwarded],
  ],
  [
    'Connection takes no credentials away',
    ['Host', 'a', 'Connection', 'authorization', 'Authorization', 'x'],
    {},
    [['Host', 'a'], ['Authorization', 'x'], ...forwarded],
  ],
  [
    'forged',
    ['Host', 'a', 'X-Forwarded-User', 'root', 'MERLON-verdict', 'x', 'True-Client-IP', '1.1.1.1'],
    {},
    [['Host', 'a'], ...forwarded],
  ],
  [
    'forged with underscores, which CGI reads as dashes',
    [
      'Host',
      'a',
      'X_Forwarded_For',
      '1.1.1.1',
      'X-Real_IP',
      '1',
      'Content_Length',
      '3',
      'Transfer_Encoding',
      'x',
      'a_b',
      'c',
    ],
    {},
    [['Host', 'a'], ['a_b', 'c'], ...forwarded],
  ],
  [
    'what names another client or another path than was inspected',
    ['Host', 'a', 'X-Original-URL', '/admin', 'X-Rewrite-URL', '/admin', 'X-Client-IP', '1', 'CF-Connecting-IP', '1'],
    {},
    [['Host', 'a'], ...forwarded],
  ],
  [
    'buffered body',
    ['Host', 'a', 'Transfer-Encoding', 'chunked'],
    { body: new Uint8Array(3) },
    [['Host', 'a'], ['content-length', '3'], ...forwarded],
  ],
  [
    'streamed body',
    ['Host', 'a', 'Content-Length', '7'],
    { body: (async function* () {})() },
    [['Host', 'a'], ['content-length', '7'], ...forwarded],
  ],
] as const) {
  test(`request headers: ${name}`, () => assert.deepEqual(sent(raw, options), want))
}

test('request headers: IPv6 and ports are quoted in Forwarded', () => {
  const headers = Object.fromEntries(sent(['Host', '[::1]:99'], { peer: '2001:db8::1' }))
  assert.equal(headers['forwarded'], 'for="[2001:db8::1]";host="[::1]:99";proto=http')
  assert.equal(headers['x-forwarded-port'], '99')
})

test('request headers: lists of a trusted proxy are continued', () => {
  const raw = ['Host', 'a', 'X-Forwarded-For', '1.1.1.1', 'X-Forwarded-For', '2.2.2.2', 'X-Forwarded-Port', '443']
  const headers = Object.fromEntries(sent(raw, { trusted: ['192.0.2.0/24'] }))
  assert.equal(headers['x-forwarded-for'], '1.1.1.1, 2.2.2.2, 192.0.2.1')
  assert.equal(headers['X-Forwarded-Port'], '443')
  assert.equal(headers['x-forwarded-port'], undefined)
})

const bytes = (lines: readonly string[]) => lines.map(line => Buffer.from(line, 'latin1'))

for (const [name, lines, want] of [
  ['end-to-end', ['A', '1', 'Set-Cookie', 'x', 'Set-Cookie', 'y'], ['A', '1', 'Set-Cookie', 'x', 'Set-Cookie', 'y']],
  ['hop-by-hop', ['Connection', 'A', 'A', '1', 'Keep-Alive', 'x', 'Proxy-Authenticate', 'x', 'B', '2'], ['B', '2']],
  ['chunked', ['Transfer-Encoding', 'Chunked'], []],
  ['other coding', ['Transfer-Encoding', 'gzip'], undefined],
  ['line break', ['A', 'x\r\nB: y'], undefined],
  ['control', ['A', 'x\x01'], undefined],
  ['name with a space', ['A b', 'x'], undefined],
  ['no name', ['', 'x'], undefined],
  ['latin1', ['A', '\xe9\t'], ['A', '\xe9\t']],
] as const) {
  test(`response headers: ${name}`, () => assert.deepEqual(responseHeaders(bytes(lines)), want))
}

test('response trailers: framing and cookies are no trailers', () => {
  assert.deepEqual(responseTrailers(bytes(['X', '1', 'Content-Length', '5', 'Set-Cookie', 'a'])), ['X', '1'])
  assert.deepEqual(responseTrailers(bytes(['X', 'a\nb'])), [])
  assert.deepEqual(responseTrailers(undefined), [])
})

test('reason phrase', () => {
  assert.equal(reasonPhrase('Très bon'), 'Très bon')
  assert.equal(reasonPhrase('a\nb'), '')
  assert.equal(reasonPhrase('\u2713'), '')
})
