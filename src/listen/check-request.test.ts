import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '../pipeline/limits.ts'
import { checkRequest } from './check-request.ts'

const limits = { ...defaultLimits, urlBytes: 20, headerCount: 3, headerBytes: 80 }

for (const [name, target, headers, want] of [
  ['origin-form', '/a?b', ['Host', 'A.example:80'], { target: '/a?b', host: 'a.example', code: undefined }],
  ['absolute-form', 'http://a/x?y', ['Host', 'a'], { target: '/x?y', host: 'a', code: undefined }],
  ['absolute-form, no path', 'http://a', ['Host', 'a'], { target: '/', host: 'a', code: undefined }],
  ['absolute-form, query only', 'http://a?b', ['Host', 'a'], { target: '/?b', host: 'a', code: undefined }],
  ['IPv6 host', '/', ['Host', '[::1]:80'], { target: '/', host: '[::1]', code: undefined }],
  ['broken IPv6 host', '/', ['Host', '[::1'], { target: '/', host: '', code: 'http.host' }],
  ['a dot behind the host', '/', ['Host', 'A.example.:80'], { target: '/', host: 'a.example', code: undefined }],
  ['no host', '/', [], { target: '/', host: '', code: 'http.host' }],
  ['asterisk-form', '*', ['Host', 'a'], { target: '*', host: 'a', code: 'http.target' }],
  ['target at its limit', `/${'a'.repeat(19)}`, ['Host', 'a'], { code: undefined }],
  ['target past it', `/${'a'.repeat(20)}`, ['Host', 'a'], { code: 'http.url-bytes' }],
  ['headers at their number', '/', ['Host', 'a', 'x', '1', 'x', '1'], { code: undefined }],
  ['one more', '/', ['Host', 'a', 'x', '1', 'x', '1', 'x', '1'], { code: 'http.header-count' }],
  // OPTIONS / HTTP/1.1 (20) + Host: a (9) + x:  (5) + end of head (2)
  ['headers at their size', '/', ['Host', 'a', 'x', 'y'.repeat(80 - 36)], { code: undefined }],
  ['one byte more', '/', ['Host', 'a', 'x', 'y'.repeat(80 - 35)], { code: 'http.header-bytes' }],
] as const) {
  test(`check-request: ${name}`, () => {
    const { target: path, host, verdict } = checkRequest('OPTIONS', target, 'HTTP/1.1', headers, limits)
    assert.deepEqual({ target: path, host, code: verdict?.reason.code }, { target: path, host, ...want })
  })
}
