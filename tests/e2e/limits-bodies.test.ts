// Every rule of the design about bodies that are larger than what is read: text is denied, files are clipped, `pass` by
// choice, `body.max` for all; and the bytes that nobody looked at are counted. Over sockets, with small limits.

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { startTestGateway } from './gateway-harness.ts'

const KiB = 1024
const inspected = 8 * KiB
const fileInspected = 2 * KiB
const bodyMax = 64 * KiB
const sections = {
  workers: 1,
  guards: { rate: { mode: 'off' } },
  body: { inspected: '8KiB', max: '64KiB' },
  limits: { fileInspected: '2KiB' },
}

const attack = '<script>alert(1)</script>'
const webShell = "<?php system($_GET['c']); ?>"
const boundary = 'limit'

function part(name: string, filename: string | undefined, value: string): string {
  const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: application/octet-stream`
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`
}

const multipart = (...parts: string[]) => `${parts.join('')}--${boundary}--\r\n`
const json = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`
const form = (bytes: number) => `a=${'x'.repeat(bytes - 2)}`

const types = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  xml: 'application/xml',
  plain: 'text/plain',
  none: undefined,
  binary: 'application/octet-stream',
  multipart: `multipart/form-data; boundary=${boundary}`,
} as const

/** Sends a body, declared or chunked in pieces; what the answer is. */
function post(url: string, type: string | undefined, body: string, isChunked: boolean): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const length = isChunked ? {} : { 'content-length': body.length }
    const headers = { ...(type !== undefined && { 'content-type': type }), ...length }
    const req = request(url, { method: 'POST', headers }, res => resolve(res.resume().statusCode))
    req.on('error', reject)
    for (let at = 0; at < body.length; at += 3000) req.write(Buffer.from(body.slice(at, at + 3000), 'latin1'))
    req.end()
  })
}

interface Row {
  readonly name: string
  readonly type: keyof typeof types
  readonly body: string
  readonly want: number
  /** Bytes that nobody looked at. */
  readonly uninspected?: number
}

const big = 'A'.repeat(20 * KiB)

async function check(t: Parameters<typeof startTestGateway>[0], more: object, rows: readonly Row[]): Promise<void> {
  const whole: number[] = []
  const { url, gateway, events } = await startTestGateway(t, { ...sections, ...more }, (req, res) => {
    let bytes = 0
    req.on('data', chunk => {
      bytes += chunk.length
    })
    req.on('end', () => {
      whole.push(bytes)
      res.end()
    })
    req.on('error', () => {})
  })
  let refused = 0
  let expected = 0
  for (const { name, type, body, want, uninspected = 0 } of rows) {
    for (const isChunked of [false, true]) {
      const label = `${name}, ${isChunked ? 'chunked' : 'declared'}`
      const before = whole.length
      assert.equal(await post(url, types[type], body, isChunked), want, label)
      assert.deepEqual(whole.slice(before), want === 200 ? [body.length] : [], `${label}: what the upstream got whole`)
      if (want !== 200) refused++
      expected += uninspected
      const counted = Number(/^merlon_uninspected_bytes_total (\d+)$/m.exec(await gateway.metrics())?.[1])
      assert.equal(counted, expected, `${label}: bytes that were not inspected`)
    }
  }
  assert.equal((await events(refused)).length, refused, 'each refusal has an event')
}

test('overflow deny: text is whole or refused', t =>
  check(t, {}, [
    { name: 'JSON at the limit', type: 'json', body: json(inspected), want: 200 },
    { name: 'JSON past it', type: 'json', body: json(inspected + 1), want: 413 },
    { name: 'form at the limit', type: 'form', body: form(inspected), want: 200 },
    { name: 'form past it', type: 'form', body: form(inspected + 1), want: 413 },
    { name: 'XML past it', type: 'xml', body: `<a>${'x'.repeat(inspected)}</a>`, want: 413 },
    { name: 'text past it', type: 'plain', body: 'x'.repeat(inspected + 1), want: 413 },
    { name: 'no type past it', type: 'none', body: 'x'.repeat(inspected + 1), want: 413 },
  ]))

test('overflow clip: files stream, and all around them is judged', t =>
  check(t, {}, [
    { name: 'a small file', type: 'multipart', body: multipart(part('f', 'a.bin', 'A'.repeat(100))), want: 200 },
    {
      name: 'a big clean file',
      type: 'multipart',
      body: multipart(part('f', 'a.bin', big), part('note', undefined, 'hello')),
      want: 200,
      uninspected: big.length - fileInspected,
    },
    {
      name: 'an attack in the field behind a big file',
      type: 'multipart',
      body: multipart(part('f', 'a.bin', big), part('note', undefined, attack)),
      want: 403,
      uninspected: big.length - fileInspected,
    },
    {
      name: 'an attack in the name of a file behind a big file',
      type: 'multipart',
      body: multipart(part('f', 'a.bin', big), part('g', '../../etc/passwd', 'x')),
      want: 403,
      uninspected: big.length - fileInspected,
    },
    {
      name: 'an attack in the last bytes of a file that are inspected',
      type: 'multipart',
      body: multipart(part('f', 'a.bin', `${'A'.repeat(fileInspected - webShell.length)}${webShell}${big}`)),
      want: 403,
    },
    {
      name: 'an attack behind them',
      type: 'multipart',
      body: multipart(part('f', 'a.bin', `${'A'.repeat(fileInspected)}${webShell}${big}`)),
      want: 200,
      uninspected: webShell.length + big.length,
    },
    {
      name: 'more fields than are inspected',
      type: 'multipart',
      body: multipart(part('note', undefined, 'x'.repeat(inspected))),
      want: 413,
    },
  ]))

test('overflow clip: binary types are judged by their start', t =>
  check(t, {}, [
    { name: 'at the start that is inspected', type: 'binary', body: 'A'.repeat(fileInspected), want: 200 },
    { name: 'one past', type: 'binary', body: 'A'.repeat(fileInspected + 1), want: 200, uninspected: 1 },
    { name: 'large', type: 'binary', body: big, want: 200, uninspected: big.length - fileInspected },
  ]))

test('overflow pass: by choice, and what fits is judged', t =>
  check(t, { body: { ...sections.body, overflow: 'pass' } }, [
    { name: 'JSON', type: 'json', body: json(inspected + 100), want: 200, uninspected: 100 },
    { name: 'form', type: 'form', body: form(inspected + 100), want: 200, uninspected: 100 },
    { name: 'XML', type: 'xml', body: `<a>${'x'.repeat(inspected + 93)}</a>`, want: 200, uninspected: 100 },
    {
      name: 'multipart',
      type: 'multipart',
      body: multipart(part('f', 'a.bin', 'A'.repeat(inspected))),
      want: 200,
      uninspected: multipart(part('f', 'a.bin', '')).length,
    },
    {
      name: 'an attack in a field that fits',
      type: 'multipart',
      body: multipart(part('n', undefined, attack), part('f', 'a.bin', big)),
      want: 403,
    },
    { name: 'an attack in what fits', type: 'form', body: `b=${encodeURIComponent(attack)}&${big}`, want: 403 },
    { name: 'an attack in what fits of JSON', type: 'json', body: `{"b":"${attack}","c":"${big}"}`, want: 403 },
    {
      name: 'an attack behind it',
      type: 'form',
      body: `${form(inspected)}&b=${attack}`,
      want: 200,
      uninspected: attack.length + 3,
    },
    { name: 'broken JSON in what fits', type: 'json', body: `{"a":1}}${big}`, want: 400 },
  ]))

test('overflow deny: by choice for files too', t =>
  check(t, { body: { ...sections.body, overflow: 'deny' } }, [
    { name: 'multipart past it', type: 'multipart', body: multipart(part('f', 'a.bin', big)), want: 413 },
    { name: 'binary at the limit', type: 'binary', body: 'A'.repeat(inspected), want: 200, uninspected: 6 * KiB },
    { name: 'binary past it', type: 'binary', body: 'A'.repeat(inspected + 1), want: 413 },
  ]))

test('body.max holds whatever the type and the choice', async t => {
  const body = { ...sections.body, overflow: 'pass' }
  const { url, gateway, events } = await startTestGateway(t, { ...sections, body }, (req, res) => {
    req.on('error', () => {}).on('end', () => res.end())
    req.resume()
  })
  for (const isChunked of [false, true]) {
    assert.equal(await post(url, types.binary, 'A'.repeat(bodyMax), isChunked), 200)
    assert.equal(await post(url, types.binary, 'A'.repeat(bodyMax + 1), isChunked), 413)
    assert.equal(await post(url, types.plain, 'A'.repeat(bodyMax + 1), isChunked), 413)
  }
  const codes = (await events(4)).map(({ json }) => JSON.parse(json).merlon.code)
  assert.deepEqual(codes.sort(), [
    'body.too-large',
    'body.too-large',
    'gateway.BODY_TOO_LARGE',
    'gateway.BODY_TOO_LARGE',
  ])
  assert.doesNotMatch(await gateway.metrics(), /^merlon_uninspected_bytes_total 0$/m)
})

test('what was not inspected is told in the event of the request', async t => {
  const { url, events } = await startTestGateway(t, sections, (req, res) => {
    req.on('error', () => {}).on('end', () => res.end())
    req.resume()
  })
  const body = multipart(part('f', 'a.bin', big), part('note', undefined, attack))
  assert.equal(await post(url, types.multipart, body, true), 403)
  const [event] = (await events(1)).map(({ json }) => JSON.parse(json))
  assert.equal(event.merlon.failure, undefined)
  assert.equal(event.merlon.uninspected_bytes, big.length - fileInspected)
  assert.match(event.merlon.findings[0].evidence[0].where, /note/)
})
