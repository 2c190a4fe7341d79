// The command line as a user meets it: help, usage errors, exit codes, configs that are bad.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { cli, emptyFolder } from './cli-run.ts'

describe('help', () => {
  const cwd = emptyFolder()

  test('--help names every command and where to start', async () => {
    const { code, stdout, stderr } = await cli(['--help'], cwd)
    assert.equal(code, 0)
    assert.equal(stderr, '')
    for (const { name, summary } of commands) {
      assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
      assert.ok(stdout.replace(/\s+/g, ' ').includes(summary), summary)
    }
    assert.match(stdout, /merlon demo/)
  })

  test('without a command it prints the help and is a usage error', async () => {
    const { code, stdout, stderr } = await cli([], cwd)
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /Start here:/)
  })

  for (const { name } of commands) {
    test(`${name} --help`, async () => {
      const { code, stdout } = await cli([name, '--help'], cwd)
      assert.equal(code, 0)
      assert.match(stdout, new RegExp(`^Usage: merlon ${name}`))
    })
  }

  test('help COMMAND is COMMAND --help', async () => {
    const { stdout } = await cli(['help', 'init'], cwd)
    assert.equal(stdout, (await cli(['init', '--help'], cwd)).stdout)
  })

  test('--version and version', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
    assert.equal((await cli(['--version'], cwd)).stdout, `${version}\n`)
    assert.equal((await cli(['version'], cwd)).stdout, `merlon ${version}\n`)
    assert.equal(JSON.parse((await cli(['version', '--json'], cwd)).stdout).version, version)
  })
})

describe('usage errors exit with 2 and say what is meant', () => {
  const cwd = emptyFolder()
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['rnu'], /unknown command 'rnu'[\s\S]*Did you mean run/],
    [['version', '--jsn'], /unknown option '--jsn'[\s\S]*Did you mean --json/],
    [['version', 'extra'], /too many arguments/],
    [['init', '--upstream', 'localhost'], /--upstream localhost: .*http:\/\//],
    [['protect'], /missing required argument/],
    [['protect', 'ftp://x'], /http:\/\//],
    [['protect', 'http://127.0.0.1:1', '--listen', 'nowhere'], /127\.0\.0\.1:8080/],
    [['protect', 'http://127.0.0.1:1', '--mode', 'of'], /protect, monitor, off/],
    [['inspect', '--paranoia', '9'], /1 to 4/],
    [['rules'], /Usage: merlon rules/],
    [['rules', 'lst'], /Did you mean list/],
    [['events', 'query', '--since', 'yesterday-ish'], /1h/],
    [['events', 'query', '--limit', '-1'], /--limit/],
    [['demo', '--port', 'x'], /0 to 65535/],
  ]
  for (const [args, says] of cases) {
    test(args.join(' '), async () => {
      const { code, stdout, stderr } = await cli(args, cwd)
      assert.equal(code, 2, stderr)
      assert.equal(stdout, '')
      assert.match(stderr, says)
    })
  }
})

describe('init and check', () => {
  test('init writes a config that check finds good, and never overwrites', async () => {
    const cwd = emptyFolder()
    const first = await cli(['init', '-u', 'http://127.0.0.1:3999'], cwd)
    assert.equal(first.code, 0, first.stderr)
    const written = readFileSync(join(cwd, 'merlon.yaml'), 'utf8')
    assert.match(written, /http:\/\/127\.0\.0\.1:3999/)
    const second = await cli(['init'], cwd)
    assert.equal(second.code, 1)
    assert.match(second.stderr, /is there already/)
    assert.equal(readFileSync(join(cwd, 'merlon.yaml'), 'utf8'), written)

    const check = await cli(['check'], cwd)
    assert.equal(check.code, 0, check.stdout + check.stderr)
    const json = await cli(['check', '--json'], cwd)
    assert.deepEqual(JSON.parse(json.stdout), { ok: true, problems: [] })
  })

  test('check prints all problems as file:line:col path: message', async () => {
    const cwd = emptyFolder()
    writeFileSync(
      join(cwd, 'bad.yaml'),
      'mode: on\nlisten: [{ http: ":8080" }]\nupstreams: { a: { servers: ["x"] } }\nroutes: [{ to: b }]\n',
    )
    const { code, stdout } = await cli(['check', '-c', 'bad.yaml'], cwd)
    assert.equal(code, 1)
    assert.deepEqual(
      stdout.split('\n').map(line => line.split(' ', 2).join(' ')),
      [
        'bad.yaml:1:7 mode:',
        'bad.yaml:3:14 upstreams.a:',
        'bad.yaml:3:29 upstreams.a.servers[0]:',
        'bad.yaml:4:16 routes[0].to:',
        '',
      ],
    )
    const json = await cli(['check', '-c', 'bad.yaml', '--json'], cwd)
    assert.equal(json.code, 1)
    const { ok, problems } = JSON.parse(json.stdout)
    assert.equal(ok, false)
    assert.deepEqual(problems[0], {
      code: 'config.invalid-value',
      severity: 'error',
      file: 'bad.yaml',
      line: 1,
      column: 7,
      path: 'mode',
      message: 'must be one of protect, monitor, off',
    })
  })

  test('check finds problems in the rules that the config names', async () => {
    const cwd = emptyFolder()
    writeFileSync(join(cwd, 'my.conf'), 'SecRule ARGS "@rxx a" "id:1,phase:2,deny"\n')
    writeFileSync(
      join(cwd, 'merlon.yaml'),
      'listen: [{ http: ":0" }]\nupstreams: { a: { servers: ["http://127.0.0.1:1"] } }\nroutes: [{ to: a }]\nguards: { waf: { rules: [./my.conf] } }\n',
    )
    const { code, stdout } = await cli(['check'], cwd)
    assert.equal(code, 1)
    assert.match(stdout, /my\.conf:1:\d+/)
  })

  test('a config that is not there', async () => {
    const { code, stdout } = await cli(['check'], emptyFolder())
    assert.equal(code, 1)
    assert.match(stdout, /^merlon\.yaml: does not exist/)
  })
})
