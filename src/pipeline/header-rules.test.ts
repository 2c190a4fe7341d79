import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeHeaders, checkUnderscores, compileHeaderRules, noHeaderRules } from './header-rules.ts'
import { HeaderList } from './headers.ts'

const none = {
  request: { set: {}, remove: [], underscores: 'pass' },
  response: { set: {}, add: {}, remove: [], security: 'off' },
} as const

test('header rules: none changes nothing', () => {
  const headers = ['A', '1']
  assert.equal(changeHeaders(headers, noHeaderRules.response), headers)
})

test('header rules: set, add, remove', () => {
  const { request, response } = compileHeaderRules({
    request: { set: { 'X-A': 'new' }, remove: ['X-B'], underscores: 'pass' },
    response: { set: { 'X-A': 'new' }, add: { 'Set-Cookie': 'b=2' }, remove: ['Server'], security: 'off' },
  })
  const headers = ['x-a', '1', 'x-A', '2', 'X-b', '3', 'server', 'x', 'Set-Cookie', 'a=1']
  assert.deepEqual(changeHeaders(headers, request), ['server', 'x', 'Set-Cookie', 'a=1', 'X-A', 'new'])
  assert.deepEqual(changeHeaders(headers, response), [
    'X-b',
    '3',
    'Set-Cookie',
    'a=1',
    'X-A',
    'new',
    'Set-Cookie',
    'b=2',
  ])
})

test('header rules: a preset fills in, hides the software, and leaves what the upstream says', () => {
  for (const security of ['api', 'site'] as const) {
    const { response } = compileHeaderRules({ ...none, response: { ...none.response, security } })
    const out = changeHeaders(['Server', 'x/1', 'X-Powered-By', 'y', 'Referrer-Policy', 'origin'], response)
    const names = out.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase())
    assert.ok(names.includes('x-content-type-options') && names.includes('content-security-policy'))
    assert.ok(!names.includes('server') && !names.includes('x-powered-by'))
    assert.equal(out[out.indexOf('Referrer-Policy') + 1], 'origin')
    assert.equal(names.filter(name => name === 'referrer-policy').length, 1)
  }
})

test('header rules: names with an underscore', () => {
  const headers = new HeaderList(['X_Y', '1'])
  const rules = (underscores: 'pass' | 'drop' | 'refuse') =>
    compileHeaderRules({ ...none, request: { ...none.request, underscores } })
  assert.equal(checkUnderscores(headers, rules('pass')), undefined)
  assert.equal(checkUnderscores(headers, rules('drop')), undefined)
  assert.equal(checkUnderscores(headers, rules('refuse'))?.reason.code, 'http.header-underscore')
  assert.equal(checkUnderscores(new HeaderList(['X-Y', '1']), rules('refuse')), undefined)
})
