import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { defaultLimits } from '../pipeline/limits.ts'
import { BodyClock } from './body-clock.ts'
import { RequestBodyReader } from './request-body.ts'

const limits = { ...defaultLimits, bodyIdleTimeout: 30_000, bodyMinRate: 500 }

/** A request whose body the test pushes. */
function open(declaredBytes?: number) {
  const req = new Readable({ read: () => {} })
  const carrier = { destroyed: false, destroy: () => {} }
  const clock = new BodyClock()
  const reader = new RequestBodyReader({ source: req, carrier, hasBody: true, declaredBytes, limits, clock })
  return { req, reader }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

test('reads whole bodies, in one piece and in many', async () => {
  for (const pieces of [['hello'], ['he', 'llo'], [...'hello']]) {
    for (const declared of [5, undefined]) {
      const { req, reader } = open(declared)
      const read = reader.readUpTo(100)
      for (const piece of pieces) {
        req.push(piece)
        await settled()
      }
      if (declared === undefined) req.push(null)
      const { bytes, complete } = await read
      assert.deepEqual([Buffer.from(bytes).toString(), complete], ['hello', true])
    }
  }
})

test('reads up to the limit, and gives the rest as a stream', async () => {
  for (const [limit, head, complete] of [
    [4, 'hell', false],
    [5, 'hello', true],
    [0, '', false],
  ] as const) {
    const { req, reader } = open()
    req.push('he')
    req.push('llo')
    req.push(null)
    const body = await reader.readUpTo(limit)
    assert.deepEqual([Buffer.from(body.bytes).toString(), body.complete], [head, complete])
    let rest = ''
    for await (const chunk of reader.rest(5)) rest += Buffer.from(chunk).toString()
    assert.equal(head + rest, 'hello')
  }
})

test('the limit of all counts what was read before', async () => {
  const { req, reader } = open()
  req.push('hello')
  req.push(null)
  await reader.readUpTo(2)
  await assert.rejects(reader.rest(4).next(), { code: 'BODY_TOO_LARGE' })
})

test('many small chunks come out as few', async () => {
  const { req, reader } = open()
  for (let i = 0; i < 1000; i++) req.push('x')
  req.push(null)
  let count = 0
  let bytes = 0
  for await (const chunk of reader.rest(1000)) {
    count++
    bytes += chunk.length
  }
  assert.equal(bytes, 1000)
  assert.ok(count < 10, String(count))
})

test('silence and a low rate end the reading, and whoever waits learns it', async () => {
  for (const [name, received, waitedMs, code] of [
    ['not yet silent', 0, 9_000, undefined],
    ['silent', 100_000, 31_000, 'BODY_TIMEOUT'],
    ['slow', 4_000, 11_000, 'BODY_TIMEOUT'],
    ['just fast enough', 5_600, 11_000, undefined],
  ] as const) {
    const { req, reader } = open()
    const read = reader.readUpTo(1_000_000)
    if (received > 0) req.push(Buffer.alloc(received))
    await settled()
    reader.tick(performance.now() + waitedMs)
    if (code) await assert.rejects(read, { code }, name)
    else {
      req.push(null)
      assert.equal((await read).complete, true, name)
    }
  }
})

test('a failure reaches the reader at once, also between two chunks', async () => {
  const { req, reader } = open()
  const rest = reader.rest(100)
  req.push('a')
  await rest.next()
  const pending = rest.next()
  reader.discard()
  await assert.rejects(pending, { code: 'CLIENT_ABORTED' })
  req.push(null)
})
