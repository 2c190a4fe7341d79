// merlon rules convert and merlon rules list --cost, as a user meets them.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cli, emptyFolder } from './cli-run.ts'

describe('rules convert', () => {
  test('writes a config that check finds good, prints what has no equal, and never overwrites', async () => {
    const cwd = emptyFolder()
    mkdirSync(join(cwd, 'nginx'))
    writeFileSync(join(cwd, 'nginx/rules.conf'), 'SecRuleEngine On\nSecRule ARGS "@rx evil" "id:1,phase:2,deny"\n')
    writeFileSync(
      join(cwd, 'nginx/nginx.conf'),
      `http {
  modsecurity on;
  modsecurity_rules_file rules.conf;
  server { listen 8080; rewrite_log on; location / { proxy_pass http://127.0.0.1:1; } }
}
`,
    )
    const first = await cli(['rules', 'convert', 'nginx', '--out', 'out'], cwd)
    assert.equal(first.code, 0, first.stderr)
    assert.match(first.stdout, /nginx\.conf:4:1: warning rewrite_log on: has no equal in merlon\.yaml\n/)
    assert.match(first.stderr, /read nginx, wrote out\/merlon\.yaml/)
    const written = readFileSync(join(cwd, 'out/merlon.yaml'), 'utf8')
    assert.match(written, /mode: protect/)

    const check = await cli(['check', '-c', 'out/merlon.yaml'], cwd)
    assert.equal(check.code, 0, check.stdout + check.stderr)

    const second = await cli(['rules', 'convert', 'nginx', '--out', 'out'], cwd)
    assert.equal(second.code, 1)
    assert.match(second.stderr, /is there already/)
    assert.equal(readFileSync(join(cwd, 'out/merlon.yaml'), 'utf8'), written)

    const json = await cli(['rules', 'convert', 'nginx', '--out', 'other', '--json'], cwd)
    const { kind, files, notes, problems } = JSON.parse(json.stdout)
    assert.deepEqual(
      [kind, files, notes.length, problems],
      ['nginx', ['other/merlon.yaml', 'other/converted-rules.conf'], 1, []],
    )
  })

  test('a path without a set-up is an error', async () => {
    const { code, stderr } = await cli(['rules', 'convert', 'nothing'], emptyFolder())
    assert.deepEqual([code, /there is no such file/.test(stderr)], [1, true])
  })
})

describe('rules list --cost', () => {
  const cwd = emptyFolder()
  writeFileSync(
    join(cwd, 'r.conf'),
    'SecRule ARGS "@rx a+b" "id:1,phase:2,pass,msg:first"\nSecAction "id:2,phase:1,pass"\n',
  )
  writeFileSync(
    join(cwd, 'mine.ndjson'),
    '{"id":"one","method":"GET","path":"/?q=aab"}\n\n{"id":"two","method":"GET","path":"/"}\n',
  )
  writeFileSync(join(cwd, 'bad.ndjson'), '{"id":"one"}\n')

  test('a table for people', async () => {
    const { code, stdout, stderr } = await cli(['rules', 'list', '--cost', '--rules', 'r.conf', '--top', '5'], cwd)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^us\/request +longest +evaluated +matched +rule\n/)
    assert.match(stderr, /8 requests, \d+ us each/)
  })

  test('lines of JSON for programs, on requests of a file', async () => {
    const args = ['rules', 'list', '--cost', '--rules', 'r.conf', '--requests', 'mine.ndjson', '--json']
    const { stdout } = await cli(args, cwd)
    const rules = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const first = rules.find(rule => rule.id === 1)
    assert.deepEqual([first.evaluations, first.matches, first.longest.id, first.message], [1, 1, 'one', 'first'])
    assert.ok(first.us >= 0) // one quick rule on one request may round to nothing
  })

  for (const [file, says] of [
    ['bad.ndjson', /bad\.ndjson:1: method is not a string/],
    ['none.ndjson', /can't be read/],
  ] as const) {
    test(`${file} is an error`, async () => {
      const { code, stderr } = await cli(['rules', 'list', '--cost', '--requests', file], cwd)
      assert.equal(code, 1)
      assert.match(stderr, says)
    })
  }
})

describe('rules test --live URL', () => {
  test('needs the audit log of that gateway', async () => {
    const { code, stderr } = await cli(
      ['rules', 'test', 'x', '--rules', 'builtin', '--live', 'http://127.0.0.1:1'],
      emptyFolder(),
    )
    assert.equal(code, 2)
    assert.match(stderr, /--audit-log FILE/)
  })
})

test('rules that have very many problems name the first fifty and say how many more there are', async () => {
  const cwd = emptyFolder()
  writeFileSync(join(cwd, 'rows.conf'), 'SecNoSuchThing\n'.repeat(60))
  const { code, stderr } = await cli(['rules', 'list', '--rules', 'rows.conf'], cwd)
  assert.equal(code, 1)
  const lines = stderr.trimEnd().split('\n')
  assert.match(lines[49] ?? '', /rows\.conf:50:1: /)
  assert.equal(lines[50], 'and 10 more problems like these')
  assert.equal(lines.length, 51)
})
