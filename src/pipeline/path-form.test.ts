import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formPath } from './path-form.ts'

/** What the upstream gets; undefined: refused. */
const formed = (path: string, form: 'normalize' | 'strict' | 'asIs') => {
  const result = formPath(path, form)
  return result.ok ? result.path : undefined
}

for (const [path, normalize, strict] of [
  ['/', '/', '/'],
  ['/a/b', '/a/b', '/a/b'],
  ['/a/b/', '/a/b/', '/a/b/'],
  ['//', '/', undefined],
  ['/a//b', '/a/b', undefined],
  ['///a///', '/a/', undefined],
  ['/a/./b', '/a/b', undefined],
  ['/a/.', '/a/', undefined],
  ['/a/b/..', '/a/', undefined],
  ['/a/../b', '/b', undefined],
  ['/..', undefined, undefined],
  ['/a/../../b', undefined, undefined],
  ['/%2e%2e/a', undefined, undefined],
  ['/a/%2E%2e/b', '/b', undefined],
  ['/%61%2D%5f%7e', '/a-_~', undefined],
  ['/%c3%a9', '/%C3%A9', undefined],
  ['/%C3%A9', '/%C3%A9', '/%C3%A9'],
  ['/a%20b', '/a%20b', '/a%20b'],
  ['/a%3Fb%23c', '/a%3Fb%23c', '/a%3Fb%23c'],
  ['/a%252e%252e/b', '/a%252e%252e/b', '/a%252e%252e/b'],
  ['/group%2fproject', '/group%2Fproject', undefined],
  ['/group%2Fproject', '/group%2Fproject', undefined],
  ['/a%2f..%2fb', undefined, undefined],
  ['/a/..%2fb', undefined, undefined],
  ['/a/%2e%2e%5cb', undefined, undefined],
  ['/a%5cb', '/a%5Cb', undefined],
  ['/a\\b', undefined, undefined],
  ['/cars;color=red', '/cars;color=red', undefined],
  ['/..;/admin', undefined, undefined],
  ['/a/..;x=1/b', undefined, undefined],
  ['/a/.;/b', undefined, undefined],
  ['/%', undefined, undefined],
  ['/%4', undefined, undefined],
  ['/%zz', undefined, undefined],
  ['/%u002e', undefined, undefined],
  ['/a%00', undefined, undefined],
  ['/a%0d%0ab', undefined, undefined],
  ['/a%7f', undefined, undefined],
  ['/...', '/...', '/...'],
  ['/.well-known/x', '/.well-known/x', '/.well-known/x'],
  ['/a..b/..c', '/a..b/..c', '/a..b/..c'],
] as const) {
  test(`path form: ${path}`, () => {
    assert.equal(formed(path, 'normalize'), normalize)
    assert.equal(formed(path, 'strict'), strict)
    assert.equal(formed(path, 'asIs'), path)
  })
}

const piece = fc.constantFrom(
  '/',
  '.',
  '..',
  '%2e',
  '%2f',
  '%5C',
  ';',
  '\\',
  'a',
  '%61',
  '%',
  '%41',
  '%c3',
  '~',
  '\xe9',
)

test('path form: a normal form is its own, and climbs nowhere', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const path = `/${pieces.join('')}`
      const normal = formed(path, 'normalize')
      if (normal === undefined) return
      assert.equal(formed(normal, 'normalize'), normal)
      assert.doesNotMatch(normal, /\/\/|\/\.\.?(\/|$)|\\|%2e|%[46]1/i)
      const strict = formed(path, 'strict')
      assert.ok(strict === undefined || strict === path)
      // What a URL parser makes of it is the same path.
      const parsed = new URL(`http://a${normal.replaceAll('\xe9', '%E9')}`).pathname
      assert.equal(parsed, normal.replaceAll('\xe9', '%E9'))
    }),
    { seed: 20261124, numRuns: 3000 },
  )
})
