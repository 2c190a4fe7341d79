import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8ToBytes } from '../lib/bytes.ts'
import { Backend, type BackendRequest } from './backend.ts'

/** `201 A: b|Content-Length: 1|body` */
function answer(backend: Backend, request: Partial<BackendRequest>): string {
  const { status, headers, body } = backend.answer({ method: 'GET', target: '/', body: '', ...request })
  const lines = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1]}`] : []))
  return `${status} ${[...lines, body].join('|')}`
}

const reflect = (spec: unknown): Partial<BackendRequest> => ({
  method: 'POST',
  target: '/reflect',
  body: utf8ToBytes(typeof spec === 'string' ? spec : JSON.stringify(spec)),
})

const cases: [name: string, request: Partial<BackendRequest>, want: string][] = [
  ['any path', { target: '/get?a=b' }, '200 Content-Length: 0|'],
  ['a status', { target: '/status/418' }, '418 Content-Length: 0|'],
  ['no tunnel', { method: 'CONNECT', target: 'a.example:443' }, '405 Content-Length: 0|'],
  ['GET /reflect is a path like any other', { target: '/reflect' }, '200 Content-Length: 0|'],
  [
    'an answer as asked for',
    reflect({ status: 201, headers: { 'Content-Type': 'text/html' }, body: 'é' }),
    '201 Content-Type: text/html|Content-Length: 2|\xc3\xa9',
  ],
  ['bytes', reflect({ encodedBody: '/w==' }), '200 Content-Type: text/plain; charset=utf-8|Content-Length: 1|\xff'],
  [
    'a guessed page',
    reflect({ body: ' <html>' }),
    '200 Content-Type: text/html; charset=utf-8|Content-Length: 7| <html>',
  ],
  [
    'a guessed document',
    reflect({ body: '<?xml ?>' }),
    '200 Content-Type: text/xml; charset=utf-8|Content-Length: 8|<?xml ?>',
  ],
  ['guessed bytes', reflect({ body: '\0' }), '200 Content-Type: application/octet-stream|Content-Length: 1|\0'],
  [
    'a status that is none',
    reflect({ status: 999 }),
    '400 Content-Type: text/plain; charset=utf-8|Content-Length: 24|Invalid status code: 999',
  ],
  [
    'no JSON',
    reflect('{'),
    '400 Content-Type: text/plain; charset=utf-8|Content-Length: 28|Invalid JSON in request body',
  ],
]
for (const [name, request, want] of cases) test(name, () => assert.equal(answer(new Backend(), request), want))

test('an answer can be taught, until the next test', () => {
  const backend = new Backend()
  const spec = { status: 404, endpoints: [{ method: 'GET', url: '/x?y' }] }
  answer(backend, { method: 'POST', target: '/configure_reflection', body: JSON.stringify(spec) })
  assert.equal(answer(backend, { target: '/x?y' }), '404 Content-Length: 0|')
  assert.equal(answer(backend, { target: '/x' }), '200 Content-Length: 0|')
  backend.reset()
  assert.equal(answer(backend, { target: '/x?y' }), '200 Content-Length: 0|')
})
