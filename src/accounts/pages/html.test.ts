import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { html } from './html.ts'
import { formTarget } from './layout.ts'

test('what is put in is escaped, HTML made here is not, nothing is nothing', () => {
  const inner = html`<b>${'<&>"\''}</b>`
  assert.equal(
    html`<p>${inner}${undefined}${false}${[inner, 1]}</p>`.text,
    '<p><b>&lt;&amp;&gt;&quot;&#39;</b><b>&lt;&amp;&gt;&quot;&#39;</b>1</p>',
  )
})

test('no text opens a tag or ends an attribute', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => !/[<>"']/.test(html`${text}`.text)))
})

test('where a form may lead: an origin, or the scheme of an app', () => {
  const cases: [unknown, readonly string[]][] = [
    ['https://app.example.com/cb?x=1', ['https://app.example.com']],
    ['http://127.0.0.1:4000/cb', ['http://127.0.0.1:4000']],
    ['com.example.app:/cb', ['com.example.app:']],
    ['no url', []],
    [undefined, []],
  ]
  for (const [uri, targets] of cases) assert.deepEqual(formTarget(uri), targets)
})
