// The holes are real and lead nowhere: what an intruder finds behind them is the demo's own world, and it is bounded.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these languages write so

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findDocuments } from './documents.ts'
import { searchDirectory } from './ldap.ts'
import { formatLogLine } from './lookups.ts'
import { mergeSettings } from './merge.ts'
import { readMultipart } from './multipart.ts'
import { evaluateScript, showValue } from './script.ts'
import { renderTemplate } from './template.ts'
import { openWorld, type World } from './world.ts'
import { readXml } from './xml.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

const scripts: readonly (readonly [string, string])[] = [
  ['1 + 2 * 3 - 4 / 2', '5'],
  ["'a' + 1 + (2 > 1 ? 'yes' : 'no')", 'a1yes'],
  ['[1,2,3].length + {a: 4}.a', '7'],
  ['(function(x){ var y = x * 2; return y + 1 })(4)', '9'],
  ['((a) => a)(1)', 'SyntaxError'],
  ['(x => x + 1)(1)', '2'],
  ['typeof process.env', 'object'],
  ["''.constructor.constructor('return 6*7')()", '42'],
  ["require('child_process').execSync('whoami').toString().trim()", 'www-data'],
  ['nothing', 'ReferenceError'],
  ['process.exit()', 'TypeError'],
  ['process.pid', 'undefined'],
  ["''.__proto__.constructor", 'TypeError'],
  ["''.constructor.constructor('return this')().Buffer", 'undefined'],
  ["require('net')", 'undefined'],
  ["import('fs')", 'ReferenceError'],
  ['(f => f(f))(f => f(f))', 'RangeError'],
  [`${'('.repeat(500)}1`, 'SyntaxError'],
  [`${'!'.repeat(500)}1`, 'SyntaxError'],
  [`(d => ${'d('.repeat(20)}'12345678'${')'.repeat(20)})(s => s + s)`, 'RangeError'],
]
for (const [source, want] of scripts) {
  test(`script: ${source.slice(0, 60)}`, () => {
    assert.equal(
      attempt(() => showValue(evaluateScript(source, world.globals))),
      want,
    )
  })
}

const commands: readonly (readonly [string, string])[] = [
  ['echo a b', 'a b\n'],
  ['echo \'a;b\' "c|d" e\\;f', 'a;b c|d e;f\n'],
  ['echo $(whoami)-`id | head`', 'www-data-uid=33(www-data) gid=33(www-data) groups=33(www-data)\n'],
  ['echo $HOME ${USER}', '/srv/shop www-data\n'],
  ['cat < /etc/hostname && /bin/echo ok || true', 'postern-1\nok\n'],
  ['rm -rf /', 'sh: rm: not found\n'],
  ['cat ../../../../../etc/shadow', 'cat: ../../../../../etc/shadow: No such file or directory\n'],
  ["echo 'open", 'open\n'],
]
for (const [line, want] of commands) {
  test(`shell: ${line}`, () => assert.equal(world.shell.run(line), want))
}

test('shell: substitution inside substitution ends', () => {
  assert.ok(world.shell.run(`echo ${'`echo '.repeat(1000)}`).length < 20_000)
  assert.ok(world.shell.run('echo x;'.repeat(5000)).length < 20_000)
})

const filters: readonly (readonly [string, string])[] = [
  ['(uid=grace)', 'grace'],
  ['(&(objectClass=person)(|(uid=a*)(cn=*Okafor)))', 'ada,grace'],
  ['(!(uid=*a*))', ''],
  ['(uid=\\67race)', 'grace'],
  ['(uid=ada', 'SyntaxError'],
  ['()', 'SyntaxError'],
  [`${'(!'.repeat(5000)}`, 'SyntaxError'],
]
for (const [filter, want] of filters) {
  test(`directory: ${filter.slice(0, 60)}`, () => {
    assert.equal(
      attempt(() =>
        searchDirectory(filter)
          .map(entry => entry['uid'])
          .join(),
      ),
      want,
    )
  })
}

test('documents: operators, and a pattern that would hang a backtracking engine', () => {
  const documents = [{ name: 'a'.repeat(40) }, { name: 'bob' }]
  const count = (filter: unknown) => findDocuments(documents, filter, world.globals).length
  assert.equal(count({ name: { $regex: '^b.b$' } }), 1)
  assert.equal(count({ name: { $regex: '.*.*.*.*.*.*.*.*.*.*.*.*x' } }), 0)
  assert.equal(count({ $or: [{ name: 'bob' }, { name: { $gt: 'z' } }] }), 1)
  assert.equal(count({ $where: "this.name == 'bob'" }), 1)
  assert.throws(() => count({ name: { $eval: 1 } }), /unknown operator/)
})

test('log lines: nesting, defaults and an end', async () => {
  const lookUp = async (name: string) => `<${name}>`
  assert.equal(await formatLogLine('${${lower:J}ndi:x://${env:USER}}', lookUp), '<x://www-data>')
  assert.equal(await formatLogLine('${unknown:-default} ${open', lookUp), 'default ${open')
  assert.ok((await formatLogLine('${a:-'.repeat(3000), lookUp)).length <= 8192)
})

test('merging pollutes the objects of one request alone', () => {
  const { inherited } = mergeSettings(
    {},
    JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"b":1}}}'),
  )
  assert.deepEqual(inherited, { isAdmin: true, b: 1 })
  assert.equal('isAdmin' in {}, false)
  assert.deepEqual(mergeSettings({}, {}).inherited, {})
})

test('templates: what fails shows its error, and all notations work', () => {
  assert.equal(renderTemplate('{{1+1}} ${2+2} #{3+3} <%= 4+4 %> {{x}} }}{{', world.globals).slice(0, 10), '2 4 6 8 [R')
})

test('XML: entities, CDATA, and bounds', async () => {
  const none = async () => ''
  const source = '<?xml version="1.0"?><a><b x="1">&lt;&#65;<![CDATA[&lt;]]></b></a>'
  assert.deepEqual(await readXml(source, none), [{ name: 'b', attributes: { x: '1' }, text: '<A&lt;' }])
  const bomb = Array.from({ length: 12 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('')
  await assert.rejects(readXml(`<!DOCTYPE a [<!ENTITY e0 "ha">${bomb}]><a>&e12;</a>`, none), /too large/)
  await assert.rejects(readXml('no markup', none), /not an XML document/)
})

test('multipart: parts with and without a file, and a broken body', () => {
  const body = Buffer.from(
    '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b\r\ncontent-disposition: form-data; name="f"; filename="x.txt"\r\n\r\n\r\n--b--\r\n',
  )
  const parts = readMultipart(body, 'multipart/form-data; boundary=b')
  assert.deepEqual(
    parts.map(part => [part.name, part.fileName, part.bytes.length]),
    [
      ['a', undefined, 1],
      ['f', 'x.txt', 0],
    ],
  )
  assert.deepEqual(readMultipart(Buffer.from('--b\r\nhalf'), 'multipart/form-data; boundary=b'), [])
  assert.throws(() => readMultipart(body, 'multipart/form-data'), /boundary/)
})

test('the network has no way out', async () => {
  for (const url of [
    'http://example.com/',
    'http://192.0.2.1/',
    'http://127.0.0.1:22/',
    'http://[::1]:9000/',
    'https://10.0.0.1/',
  ])
    await assert.rejects(world.internet.fetch(url), /no route to host/)
  await assert.rejects(world.internet.fetch('gopher://127.0.0.1/'), /not supported/)
  await assert.rejects(world.internet.fetch('file:///etc/shadow'), /no such file/)
})

test('the database lets no statement out or run for ever', () => {
  assert.throws(() => world.database.query("ATTACH '/tmp/x.db' AS x"), /not authorized/)
  assert.throws(() => world.database.query('PRAGMA temp_store_directory'), /not authorized/)
  assert.throws(
    () => world.database.query('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x FROM c'),
    /not authorized/,
  )
  assert.throws(() => world.database.query('SELECT hex(randomblob(1e9))'), /not authorized/)
})

test('what visitors add stays bounded', () => {
  for (let i = 0; i < 5_100; i++) {
    world.database.makeRoom('reviews')
    world.database.change("INSERT INTO reviews (product, author, stars, text) VALUES (1, 'x', 5, 'x')")
  }
  assert.ok(Number(world.database.query('SELECT count(*) AS n FROM reviews')[0]?.['n']) <= 5_000)
  assert.equal(world.database.query('SELECT author FROM reviews WHERE id = 1')[0]?.['author'], 'Alice')
  let written = 0
  for (let i = 0; i < 300; i++)
    written += Number(world.files.write(`/srv/shop/public/uploads/${i}`, new Uint8Array(500_000)))
  assert.ok(written < 70)
})

function attempt(run: () => string): string {
  try {
    return run()
  } catch (error) {
    return error instanceof Error ? error.name : 'threw'
  }
}
