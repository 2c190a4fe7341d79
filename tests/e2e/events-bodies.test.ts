import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestGateway } from './gateway-harness.ts'

function form(fileBytes: number, note: string): FormData {
  const data = new FormData()
  data.set('file', new Blob([Buffer.alloc(fileBytes, 0x41)]), 'a.bin')
  data.set('note', note)
  return data
}

test('rules judge bodies of every kind and size, and what they can’t judge is refused or counted', async t => {
  const completed: number[] = []
  const { url, events, gateway } = await startTestGateway(t, {}, (req, res) => {
    let bytes = 0
    req.on('data', chunk => {
      bytes += chunk.length
    })
    req.on('end', () => {
      completed.push(bytes)
      res.end()
    })
    req.on('error', () => {})
  })
  const attack = '<script>alert(1)</script>'
  const json = { 'content-type': 'application/json' }
  const cases: [name: string, body: FormData | Buffer | string, headers: Record<string, string>, want: number][] = [
    ['a large upload', form(3_000_000, 'hello'), {}, 200],
    ['a large upload with an attack in the field behind the file', form(3_000_000, attack), {}, 403],
    ['a small upload with an attack', form(1000, attack), {}, 403],
    ['5 MB of binary', Buffer.alloc(5_000_000), { 'content-type': 'application/octet-stream' }, 200],
    ['900 KB of JSON', JSON.stringify({ a: 'hello world '.repeat(75_000) }), json, 200],
    ['JSON that is too large to be judged', JSON.stringify({ a: 'x'.repeat(1_100_000) }), json, 413],
    ['compressed JSON', Buffer.alloc(50), { ...json, 'content-encoding': 'gzip' }, 415],
  ]
  for (const [name, body, headers, want] of cases) {
    assert.equal((await fetch(`${url}/in`, { method: 'POST', body, headers })).status, want, name)
  }
  assert.equal(completed.length, 3, 'no refused body reached the upstream whole')
  const stored = await events(4)
  assert.deepEqual(
    stored.map(({ json: text }) => JSON.parse(text).merlon.code),
    ['waf.rule', 'waf.rule', 'body.too-large', 'waf.content-encoding'],
  )
  const uninspected = Number(/merlon_uninspected_bytes_total (\d+)/.exec(await gateway.metrics())?.[1])
  assert.ok(uninspected > 10_000_000 && uninspected < 11_000_000, `${uninspected}`)
})
