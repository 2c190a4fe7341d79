// inspect, explain and rules: requests and rules in, verdicts out, exit codes.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cli, emptyFolder, spawnCli } from './cli-run.ts'

const row = (id: string, path: string, rest: object = {}) =>
  JSON.stringify({
    id,
    method: 'GET',
    path,
    headers: { host: 'shop.example.com', accept: '*/*', 'user-agent': 'Mozilla/5.0' },
    ...rest,
  })
const attack = `/products?q=${encodeURIComponent("' OR '1'='1' --")}`

describe('inspect', () => {
  const cwd = emptyFolder()

  test('one verdict a line, in order, and exit 0 when every row is one', async () => {
    const rows = [row('a', '/products?q=boots'), row('b', attack), row('c', '/'), '', row('d', '/x', { headers: {} })]
    const { code, stdout, stderr } = await cli(['inspect'], cwd, rows.join('\n'))
    assert.equal(code, 0, stderr)
    const verdicts = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(
      verdicts.map(({ id, action }) => [id, action]),
      [
        ['a', 'allow'],
        ['b', 'block'],
        ['c', 'allow'],
        ['d', 'block'],
      ],
    )
    const blocked = verdicts[1]
    assert.equal(blocked.status, 403)
    assert.ok(blocked.score >= 5)
    assert.equal(blocked.findings[0].where, 'ARGS:q')
    assert.deepEqual(Object.keys(blocked), ['id', 'action', 'status', 'score', 'findings', 'us'])
    assert.deepEqual(Object.keys(blocked.findings[0]), ['guard', 'code', 'rule', 'message', 'where', 'match', 'points'])
    assert.equal(verdicts[3].findings[0].code, 'http.host', 'strict framing is part of it')
  })

  test('malformed rows give an error line in their place, and exit 1', async () => {
    const rows = [row('a', '/'), 'not json', '{"id":"x"}', Buffer.from([0x7b, 0xff]).toString('latin1'), row('b', '/')]
    const input = Buffer.from(`${rows.join('\n')}\n`, 'latin1')
    const { code, stdout } = await cli(['inspect'], cwd, input)
    assert.equal(code, 1)
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(
      lines.map(({ id, line }) => [id, line]),
      [
        ['a', undefined],
        [null, 2],
        ['x', 3],
        [null, 4],
        ['b', undefined],
      ],
    )
    assert.equal(lines[3].error, 'the line is not UTF-8')
  })

  test('no input is good', async () => {
    assert.deepEqual(await cli(['inspect'], cwd), { code: 0, stdout: '', stderr: '' })
  })

  test('--full finds more than the decision needs, and rules that do not load are a failure', async () => {
    const { stdout } = await cli(['inspect', '--full'], cwd, row('b', attack))
    assert.equal(JSON.parse(stdout).action, 'block')
    const none = await cli(['inspect', '--rules', './none'], cwd)
    assert.equal(none.code, 1)
    assert.match(none.stderr, /^\.\/none: /)
  })

  test('a reader that leaves early is no failure', async () => {
    const child = spawnCli(['inspect'], cwd)
    child.stdin?.on('error', () => {})
    const line = `${row('a', '/products?q=boots')}\n`
    child.stdin?.write(line.repeat(2000))
    let stderr = ''
    child.stderr?.on('data', chunk => (stderr += chunk))
    child.stdout?.once('data', () => child.stdout?.destroy())
    child.stdin?.end(line.repeat(2000))
    const code = await new Promise(resolve => child.on('close', resolve))
    assert.deepEqual([code, stderr], [0, ''])
  })
})

describe('explain', () => {
  const cwd = emptyFolder()
  const raw = `GET ${attack} HTTP/1.1\nHost: shop.example.com\nUser-Agent: Mozilla/5.0\nAccept: */*\n`
  writeFileSync(join(cwd, 'request.txt'), raw)

  test('says what refuses a raw request, and the exclusion that it proposes works', async () => {
    const { code, stdout } = await cli(['explain', 'request.txt'], cwd)
    assert.equal(code, 1)
    assert.match(stdout, /^waf +refuses with 403/m)
    assert.match(stdout, /ARGS:q\n +value +' OR '1'='1' --/)
    const exclusions = stdout.slice(stdout.indexOf('  exclusions:')).trimEnd()
    assert.match(exclusions, /rule: \d+, field: "ARGS:q", method: GET, path: "\/products", expires: \d{4}-\d\d-\d\d/)
    const config = [
      'listen: [{ http: ":0" }]',
      'upstreams: { a: { servers: ["http://127.0.0.1:1"] } }',
      'routes: [{ to: a }]',
    ]
    const guards = ['guards:', '  waf:', ...exclusions.split('\n').map(line => `  ${line}`)]
    writeFileSync(join(cwd, 'merlon.yaml'), `${[...config, ...guards].join('\n')}\n`)
    const again = await cli(['explain', 'request.txt', '-c', 'merlon.yaml'], cwd)
    assert.equal(again.code, 0, again.stdout)
    const elsewhere = raw.replace('/products', '/orders')
    const other = await cli(['explain', '-', '-c', 'merlon.yaml'], cwd, elsewhere)
    assert.equal(other.code, 1, 'it holds for this path alone')
  })

  test('says what an exclusion would let in', async () => {
    writeFileSync(
      join(cwd, 'attacks.ndjson'),
      [row('a', attack), row('b', '/?q=../../etc/passwd')]
        .map(line => `${JSON.stringify({ ...JSON.parse(line), label: 'attack', category: 'sqli' })}\n`)
        .join(''),
    )
    const { stdout } = await cli(['explain', 'request.txt', '--cost', 'attacks.ndjson'], cwd)
    assert.match(stdout, /Of 2 attacks that are stopped \(of 2\), 1 \(50\.0 %\) would pass/)
    assert.match(stdout, /By class: sqli 1\. For example a\./)
  })

  test('a row, by the route of a config in monitor mode', async () => {
    writeFileSync(
      join(cwd, 'merlon.yaml'),
      'listen: [{ http: ":0" }]\nupstreams: { a: { servers: ["http://127.0.0.1:1"] } }\nroutes: [{ name: shop, to: a, mode: monitor }]\n',
    )
    const { code, stdout } = await cli(['explain', '-', '-c', 'merlon.yaml', '--json'], cwd, row('b', attack))
    assert.equal(code, 0)
    const report = JSON.parse(stdout)
    assert.equal(report.route, 'shop')
    assert.deepEqual(
      report.guards.map(({ guard, mode, verdict }: Record<string, unknown>) => [guard, mode, verdict]),
      [
        ['lists', 'monitor', 'pass'],
        ['rate', 'monitor', 'pass'],
        ['quota', 'monitor', 'pass'],
        ['waf', 'monitor', 'deny'],
      ],
    )
    assert.equal(report.matches[0].targets[0].steps[0].value, "' OR '1'='1' --")
  })

  test('framing is explained, and what is no request is a failure', async () => {
    const smuggled = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    const { code, stdout } = await cli(['explain', '-'], cwd, smuggled)
    assert.equal(code, 1)
    assert.match(stdout, /^framing +refuses: http\.transfer-encoding/m)
    assert.equal((await cli(['explain', '-'], cwd, 'hello')).code, 1)
    assert.equal((await cli(['explain', 'none.txt'], cwd)).code, 1)
    assert.equal((await cli(['explain'], cwd)).code, 2)
  })

  test('what a request holds never reaches the terminal as control bytes', async () => {
    const evil = `GET /?q=%1b%5d0%3bx' OR '1'='1 HTTP/1.1\r\nHost: a\r\nX-Note: \x1b]0;title\x07\r\n\r\n`.replaceAll(
      " OR '",
      "%20OR%20'",
    )
    const { stdout } = await cli(['explain', '-'], cwd, evil)
    assert.ok(!/[\x00-\x09\x0b-\x1f\x7f]/.test(stdout), JSON.stringify(stdout))
  })
})

describe('rules', () => {
  const cwd = emptyFolder()
  writeFileSync(
    join(cwd, 'good.conf'),
    `SecRule ARGS:q "@streq boo" "id:100001,phase:2,deny,status:403,t:none,msg:'Boo',severity:'CRITICAL'"\n`,
  )
  writeFileSync(join(cwd, 'bad.conf'), 'SecRule ARGS "@strqe x" "id:1,phase:2,deny"\nSecRul ARGS "@streq x" "id:2"\n')
  writeFileSync(
    join(cwd, 'tests.yaml'),
    `meta: { author: me, enabled: true, name: tests.yaml, description: own }
tests:
  - test_title: 100001-1
    desc: it fires
    stages:
      - stage:
          input: { dest_addr: 127.0.0.1, port: 80, method: GET, uri: "/?q=boo", headers: { Host: localhost, User-Agent: t } }
          output: { log_contains: 'id "100001"' }
  - test_title: 100001-2
    desc: it stays quiet
    stages:
      - stage:
          input: { dest_addr: 127.0.0.1, port: 80, method: GET, uri: "/?q=hello", headers: { Host: localhost, User-Agent: t } }
          output: { no_log_contains: 'id "100001"' }
`,
  )

  test('list prints each rule with its place', async () => {
    const { code, stdout } = await cli(['rules', 'list', '--rules', './good.conf'], cwd)
    assert.equal(code, 0)
    assert.match(stdout, /^100001 +phase 2 +CRITICAL +PL\d +Boo +\S*good\.conf:1$/m)
    const json = await cli(['rules', 'list', '--json'], cwd)
    const ids = json.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).id)
    assert.ok(ids.length > 10)
  })

  test('lint prints every problem with its place', async () => {
    assert.equal((await cli(['rules', 'lint', './good.conf'], cwd)).code, 0)
    const { code, stdout } = await cli(['rules', 'lint', './bad.conf'], cwd)
    assert.equal(code, 1)
    assert.match(stdout, /bad\.conf:1:\d+.*strqe/)
    assert.match(stdout, /bad\.conf:2:1.*SecRul/)
    assert.equal(JSON.parse((await cli(['rules', 'lint', 'bad.conf', '--json'], cwd)).stdout).problems.length, 2)
  })

  test('test runs go-ftw files and ends with the counts', async () => {
    const { code, stdout } = await cli(['rules', 'test', 'tests.yaml', '--rules', './good.conf'], cwd)
    assert.equal(code, 0, stdout)
    assert.match(stdout, /\n2 passed, 0 failed, 0 skipped\n$/)
    writeFileSync(join(cwd, 'quiet.conf'), 'SecAction "id:100001,phase:1,pass,log"\n')
    const failing = await cli(['rules', 'test', 'tests.yaml', '--rules', './quiet.conf'], cwd)
    assert.equal(failing.code, 1)
    assert.match(failing.stdout, /failed 100001-2/)
    assert.match(failing.stdout, /\n1 passed, 1 failed, 0 skipped\n$/)
  })

  test('test --live sends them through a whole gateway', async () => {
    const { code, stdout, stderr } = await cli(['rules', 'test', 'tests.yaml', '--rules', './good.conf', '--live'], cwd)
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /over sockets to http:.*\n2 passed, 0 failed, 0 skipped\n$/)
  })
})
