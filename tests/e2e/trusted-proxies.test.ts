// Trust in proxies: too wide a trust is warned of when the configuration is read, at the start too, and a request for
// which a trusted proxy names two clients is refused.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cli, emptyFolder, spawnCli } from './cli-run.ts'
import { startTestGateway } from './gateway-harness.ts'
import { eventually } from './proxy-harness.ts'

function configWith(cwd: string, trustedProxies: readonly string[]): void {
  const config = {
    listen: [{ http: '127.0.0.1:0' }],
    upstreams: { app: { servers: ['http://127.0.0.1:9'] } },
    routes: [{ to: 'app' }],
    trustedProxies,
    admin: { listen: '127.0.0.1:0' },
    workers: 1,
  }
  writeFileSync(join(cwd, 'merlon.yaml'), JSON.stringify(config))
}

test('check: trust that is too wide is warned of with its place, and is no error', async () => {
  const cwd = emptyFolder()
  configWith(cwd, ['10.0.0.0/8', '0.0.0.0/0'])
  const { code, stdout, stderr } = await cli(['check'], cwd)
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout + stderr, /merlon\.yaml:1:\d+ trustedProxies\[1\]: .*so wide that clients are in it/)
  configWith(cwd, ['10.0.0.0/8', '192.168.0.0/16'])
  const narrow = await cli(['check'], cwd)
  assert.doesNotMatch(narrow.stdout + narrow.stderr, /so wide/)
})

test('run: the warning is there at the start', async () => {
  const cwd = emptyFolder()
  configWith(cwd, ['::/0'])
  const child = spawnCli(['run'], cwd)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (said += chunk))
  try {
    await eventually(() => said.includes('serving') || child.exitCode !== null, 60_000)
    assert.match(said, /trustedProxies\[0\]: .*so wide that clients are in it/)
  } finally {
    child.kill('SIGTERM')
    await new Promise(resolve => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)))
  }
})

const cases: readonly (readonly [name: string, headers: Record<string, string>, status: number, ip: string])[] = [
  ['two clients', { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.8' }, 400, '198.51.100.7'],
  ['the same client', { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.7' }, 200, '198.51.100.7'],
  ['the same in IPv6', { 'x-forwarded-for': '2001:DB8::7', forwarded: 'for="[2001:db8:0::7]:80"' }, 200, '2001:db8::7'],
  ['X-Forwarded-For alone', { 'x-forwarded-for': '6.6.6.6, 198.51.100.7' }, 200, '198.51.100.7'],
  ['Forwarded alone', { forwarded: 'for=6.6.6.6, for=198.51.100.9' }, 200, '198.51.100.9'],
  ['a hidden name', { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=_hidden' }, 200, '198.51.100.7'],
]

for (const [trusted, from] of [
  [true, ['127.0.0.0/8']],
  [false, []],
] as const) {
  test(`what ${trusted ? 'a trusted proxy' : 'a stranger'} says of the client`, async t => {
    let seen = ''
    const { url, events } = await startTestGateway(t, { trustedProxies: from, workers: 1 }, (req, res) => {
      seen = String(req.headers['x-forwarded-for'])
      res.end('ok')
    })
    for (const [name, headers, status, ip] of cases) {
      seen = ''
      const response = await fetch(`${url}/`, { headers })
      assert.equal(response.status, trusted ? status : 200, name)
      if (!trusted) assert.equal(seen, '127.0.0.1', `${name}: what a stranger says is dropped`)
      else if (status !== 200) assert.equal(seen, '')
      else if (headers['x-forwarded-for'])
        assert.ok(seen.toLowerCase().startsWith(headers['x-forwarded-for'].toLowerCase()))
      if (!trusted || status === 200) continue
      const [event] = await events(1)
      const { merlon, client } = JSON.parse(event?.json ?? '{}')
      assert.deepEqual([merlon.code, merlon.guard, client.ip], ['http.forwarded', 'http', ip])
    }
  })
}
