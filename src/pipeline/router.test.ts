import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Router, readingsOf } from './router.ts'

const route = (target: string, host?: string, path?: string, methods?: string[]) => ({
  target,
  match: { host, path, methods },
})

const router = new Router([
  route('any'),
  route('v1', undefined, '/v1/*'),
  route('v1-users', undefined, '/v1/users'),
  route('v1-users-post', undefined, '/v1/users/*', ['POST']),
  route('host', 'api.example.com', '/v1/*'),
  route('wild', '*.example.com', '/w/*'),
  route('deep-wild', '*.eu.example.com', '/w/*'),
  route('admin', undefined, '/admin/*'),
  route('get', undefined, '/get/*', ['GET']),
  route('get-too', undefined, '/head/*', ['GET']),
  route('head', undefined, '/head/*', ['HEAD']),
])

const cases: [method: string, host: string, path: string, want: string][] = [
  ['GET', 'x', '/', 'any'],
  ['GET', 'x', '/v1', 'any'],
  ['GET', 'x', '/v1/', 'v1'],
  ['GET', 'x', '/v1/a/b', 'v1'],
  ['GET', 'x', '/v1/users', 'v1-users'],
  ['GET', 'x', '/v1/users/7', 'v1'],
  ['POST', 'x', '/v1/users/7', 'v1-users-post'],
  ['GET', 'api.example.com', '/v1/users', 'host'],
  ['GET', 'api.example.com', '/other', 'any'],
  ['GET', 'api.example.com', '/w/1', 'wild'],
  ['GET', 'a.eu.example.com', '/w/1', 'deep-wild'],
  ['GET', 'example.com', '/w/1', 'any'],
  ['HEAD', 'x', '/get/1', 'get'],
  ['HEAD', 'x', '/head/1', 'head'],
  ['POST', 'x', '/get/1', 'any'],
  ['GET', 'x', '//admin//x', 'admin'],
  ['GET', 'x', '/%61dmin/x', 'admin'],
  ['GET', 'x', '/admin/../admin/x', 'admin'],
  ['GET', 'x', '/v1/a%2Fb;c=d/./e', 'v1'],
  ['GET', 'x', '/a/../b%2fc;d', 'any'],
]
for (const [method, host, path, want] of cases) {
  test(`${method} ${host}${path} → ${want}`, () => assert.equal(router.match(method, host, path), want))
}

// One reader of these paths goes to /admin/ (or leaves it), another does not: with the guards of either route, a request
// to the other would come past its own.
for (const path of [
  '/v1/../admin/',
  '/v1/%2e%2E/admin/x',
  '/v1/%2e%2e%2fadmin/x',
  '/v1/..;/admin/x',
  '/admin;x/y',
  '/admin%2fy',
  '/admin%5Cy',
  '/admin\\y',
  '/v1/users/..%2f..%2fadmin%2fx',
  '/admin/../v1/..%2f..%2fadmin',
]) {
  test(`${path} is ambiguous`, () => assert.equal(router.match('GET', 'x', path), 'ambiguous'))
}

test('no route', () => {
  assert.equal(new Router([route('a', 'a.test', '/x')]).match('GET', 'a.test', '/y'), undefined)
})

const paths: [string, string][] = [
  ['/a/b', '/a/b'],
  ['/a/./b', '/a/b'],
  ['/a/b/..', '/a/'],
  ['/../../a', '/a'],
  ['/a//b/', '/a/b/'],
  ['/a%20b', '/a%20b'],
  ['/a%2541', '/a%2541'],
  ['/%ff', '/%ff'],
  ['/.well-known/x', '/.well-known/x'],
]
for (const [path, want] of paths) test(`the eager reading of ${path}`, () => assert.equal(readingsOf(path)[0], want))
