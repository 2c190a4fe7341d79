// Keys where they don't belong: a canary that somebody tries, a key in a response, keys in files.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCheckedToken } from '../../src/lib/checked-token.ts'
import { cli } from './cli-run.ts'
import { startTestGateway } from './gateway-harness.ts'
import { start } from './identity-harness.ts'

test('a canary key is refused like any unknown one, and raises an incident', async t => {
  const running = await start(t, { require: ['apiKey'] })
  const { keyId, key } = await running.ask<{ keyId: string; key: string }>('keys/create', {
    name: 'bait',
    canary: true,
  })
  const unknown = await fetch(running.url, { headers: { 'x-api-key': createCheckedToken('mk_live', 160) } })
  const bait = await fetch(running.url, { headers: { 'x-api-key': key } })
  const seen = async (response: Response) => {
    const { reference, ...body } = (await response.json()) as { reference: string }
    const headers = Object.fromEntries(response.headers)
    return { status: response.status, body, headers: { ...headers, date: '', 'x-request-id': '' } }
  }
  assert.deepEqual(await seen(bait), await seen(unknown))
  const events = (await running.events(2)).map(({ json }) => JSON.parse(json))
  assert.deepEqual(
    events.map(({ event, merlon }) => [event.kind, event.severity, merlon.code]),
    [
      ['event', undefined, 'authn.invalid-key'],
      ['alert', 90, 'authn.canary'],
    ],
  )
  assert.ok(events[1].merlon.detail.includes(keyId) && !JSON.stringify(events).includes(key))
  assert.match(await running.gateway.metrics(), /merlon_incidents_total\{code="authn.canary"\} 1/)
})

test('a response that holds a key is kept back, or told of', async t => {
  const key = createCheckedToken('mk_live', 160)
  const guards = { waf: { mode: 'off' }, leak: { secrets: ['merlon', 'privateKeys'] } }
  const handler: RequestListener = (req, res) => {
    res.setHeader('content-type', req.url === '/image' ? 'image/png' : 'application/json')
    res.end(req.url === '/clean' ? '{"a":1}' : JSON.stringify({ key }))
  }
  const running = await startTestGateway(t, { guards }, handler)
  const get = async (path: string) => {
    const response = await fetch(`${running.url}${path}`)
    return { status: response.status, text: await response.text() }
  }
  assert.deepEqual(await get('/clean'), { status: 200, text: '{"a":1}' })
  const blocked = await get('/leaky')
  assert.equal(blocked.status, 502)
  assert.ok(!blocked.text.includes(key))
  const { config, gateway } = running
  const watching = { guards: { ...guards, leak: { ...guards.leak, mode: 'monitor' } } }
  assert.deepEqual(await gateway.reload(config(watching)), { ok: true })
  assert.equal((await get('/leaky')).status, 200)
  const events = (await running.events(2)).map(({ json }) => JSON.parse(json))
  assert.deepEqual(
    events.map(({ event, merlon }) => [event.action, event.kind, merlon.code]),
    [
      ['deny', 'alert', 'leak.secret'],
      ['would-deny', 'alert', 'leak.secret'],
    ],
  )
  assert.ok(!JSON.stringify(events).includes(key))
})

test('a secret becomes unreadable while the response streams, wherever it is cut, and nothing else changes', async t => {
  const key = createCheckedToken('mk_live', 160)
  const hidden = `mk_${'*'.repeat(key.length - 3)}`
  const guards = { leak: { secrets: ['merlon', 'privateKeys'], action: 'mask' } }
  const asked: (string | undefined)[] = []
  // Past what response guards look at, and cut in the middle.
  const filler = `"${'x'.repeat(700_000)}",`
  const large = (secret: string) => `[${filler}"${secret}"]`
  const handler: RequestListener = async (req, res) => {
    asked.push(req.headers.range, req.headers['accept-encoding'])
    if (req.url === '/events') {
      res.setHeader('content-type', 'text/event-stream')
      res.write(`data: ${key}\n\ndata: still `)
      await new Promise<void>(resolve => waiting.push(resolve))
      return void res.end('open\n\n')
    }
    const body = req.url === '/large' ? large(key) : req.url === '/clean' ? '{"a":"mk_"}' : JSON.stringify({ key })
    res.setHeader('content-type', req.url === '/image' ? 'image/png' : 'application/json')
    res.setHeader('content-length', Buffer.byteLength(body))
    res.setHeader('content-digest', 'sha-256=:AA==:')
    if (req.url !== '/large') return void res.end(body)
    const cut = body.indexOf(key) + 9
    res.write(body.slice(0, cut), () => res.end(body.slice(cut)))
  }
  const waiting: (() => void)[] = []
  const running = await startTestGateway(t, { guards, limits: { responseInspected: '512KiB' } }, handler)
  const get = async (path: string) => {
    const response = await fetch(`${running.url}${path}`, { headers: { range: 'bytes=5-', 'accept-encoding': 'gzip' } })
    const text = await response.text()
    const { status, headers } = response
    return { status, text, digest: headers.get('content-digest'), length: headers.get('content-length') }
  }
  const json = JSON.stringify({ key })
  const length = String(json.length)
  assert.deepEqual(await get('/clean'), { status: 200, text: '{"a":"mk_"}', digest: null, length: '11' })
  assert.deepEqual(await get('/leaky'), { status: 200, text: json.replace(key, hidden), digest: null, length })
  assert.equal((await get('/large')).text, large(hidden))
  assert.deepEqual((await get('/image')).text, json, 'what is no text goes as it is')
  assert.deepEqual([...new Set(asked)], [undefined, 'identity'], 'the whole, and uncompressed')

  // An event goes out at once, and what may be a secret waits for the next.
  const stream = await fetch(`${running.url}/events`)
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('still ')) text += (await reader?.read())?.value ?? ''
  assert.equal(text, `data: ${hidden}\n\ndata: still `)
  for (const resolve of waiting) resolve()
  for (let more = await reader?.read(); more && !more.done; more = await reader?.read()) text += more.value
  assert.ok(text.endsWith('still open\n\n'))

  const { config, gateway } = running
  assert.deepEqual(await gateway.reload(config({ guards: { leak: { ...guards.leak, mode: 'monitor' } } })), {
    ok: true,
  })
  assert.deepEqual(await get('/leaky'), { status: 200, text: json, digest: 'sha-256=:AA==:', length })
  const events = (await running.events(4)).map(({ json }) => JSON.parse(json))
  assert.deepEqual(
    events.map(({ event, merlon }) => [event.action, event.kind, event.outcome, merlon.code, merlon.findings[0].mode]),
    [
      ...Array.from({ length: 3 }, () => ['allow', 'alert', 'success', 'leak.masked', 'protect']),
      ['allow', 'alert', 'success', 'leak.masked', 'monitor'],
    ],
  )
  assert.ok(!JSON.stringify(events).includes(key))
})

test('merlon keys scan: file, line and column, across pieces, not behind links', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-scan-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const key = createCheckedToken('mk_live', 160)
  const scan = async (...args: string[]) => {
    const { code, stdout } = await cli(['keys', 'scan', ...args], dir)
    return { code, lines: stdout.split('\n').filter(line => line !== '') }
  }
  mkdirSync(join(dir, 'src'))
  mkdirSync(join(dir, '.git'))
  writeFileSync(join(dir, 'src', 'clean.txt'), 'nothing\n')
  writeFileSync(join(dir, '.git', 'config'), key)
  assert.deepEqual(await scan('.'), { code: 0, lines: [] })
  writeFileSync(join(dir, 'src', 'a.ts'), `// Schlüssel\nconst ü = '${key}'\n`)
  // One that begins in one piece and ends in the next; one a piece later.
  const MiB = 1024 * 1024
  writeFileSync(join(dir, 'large.bin'), `${'x\n'.repeat(MiB / 2 - 10)}${key} ${' '.repeat(MiB)}\n${key}`)
  symlinkSync('/', join(dir, 'root'))
  const { code, lines } = await scan('.')
  assert.equal(code, 1)
  assert.deepEqual(
    lines.map(line => line.split('  ')[0]),
    [`large.bin:${MiB / 2 - 9}:1`, `large.bin:${MiB / 2 - 8}:1`, 'src/a.ts:2:12'],
  )
  assert.ok(!lines.join().includes(key))
  const json = JSON.parse((await scan('src', '--json')).lines[0] ?? '')
  assert.deepEqual([json.files, json.found.length, json.complete], [2, 1, true])
  assert.equal((await scan('--exclude', 'src', '--exclude', 'large.bin', '.')).code, 0)
  assert.equal((await scan('absent')).code, 2)
})
