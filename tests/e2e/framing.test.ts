// Requests that two parsers could read in two ways, sent byte by byte to Merlon in front of four servers with parsers of
// their own. Whatever becomes of a case, no back end may see another number of requests, another path or another body
// than guards have judged; and each case has the outcome that stands beside it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Exchange } from '../../src/pipeline/exchange.ts'
import type { Guard } from '../../src/pipeline/guard.ts'
import { type Backend, type DaemonName, missing, openBackendOf } from './framing/backends.ts'
import { type FramingCase, readCases } from './framing/cases.ts'
import { openGateway } from './proxy-harness.ts'

const cases = readCases()
const atOnce = 24

interface Judged {
  readonly method: string
  readonly target: string
  readonly body: string
}

/** Keeps what a guard was shown, by reference. */
function witness(judged: Map<string, Judged>, withBody: boolean): Guard {
  const keep = (ex: Exchange) => {
    const body = Buffer.from(ex.body.bytes).toString('latin1')
    judged.set(ex.reference, { method: ex.method, target: ex.request.target, body })
    return undefined
  }
  return withBody ? { onHeaders: () => undefined, onBody: keep } : { onHeaders: keep }
}

interface Answer {
  readonly status: number
  readonly reference: string
}

/** Sends a case and collects what is answered, until no more can come. */
async function send(port: number, { bytes, want, cut, closes }: FramingCase, byByte: boolean): Promise<Answer[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  socket.on('error', () => {})
  let text = ''
  let ended = false
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  socket.once('end', () => {
    ended = true
  })
  socket.once('close', () => {
    ended = true
  })
  await once(socket, 'connect')
  const wire = Buffer.from(bytes, 'latin1')
  const step = byByte && wire.length < 2000 ? 1 : wire.length
  for (let at = 0; at < wire.length && !socket.destroyed; at += step) {
    socket.write(wire.subarray(at, at + step))
    if (step === 1) await new Promise(resolve => setImmediate(resolve))
  }
  if (cut) socket.end()
  const isDone = () => ended || (!closes && answersIn(text).length >= want.length)
  for (let waitedMs = 0; !isDone() && waitedMs < 20_000; waitedMs += 3) await delay(3)
  if (!ended) await delay(10) // an answer too many would come now
  socket.destroy()
  return answersIn(text)
}

function answersIn(text: string): Answer[] {
  const heads = text.matchAll(/HTTP\/1\.1 ([2-5]\d\d) (?:.|\r\n)*?\r\n\r\n/g)
  return [...heads].map(([head, status]) => {
    return { status: Number(status), reference: /^x-request-id: (\S+)/im.exec(head)?.[1] ?? '' }
  })
}

async function runAll(t: TestContext, backend: Backend, guard: Guard, byByte: boolean) {
  await using gateway = await openGateway({
    servers: [backend.url],
    guards: [guard],
    limits: { upstreamConnections: 64, lingerTimeout: 200 },
  })
  const answers = new Map<FramingCase, Answer[]>()
  const waiting = [...cases]
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      answers.set(next, await send(gateway.port, next, byByte))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  t.diagnostic(`${cases.length} cases, ${backend.seen.length} requests at ${backend.name}`)
  return answers
}

/** Fails with all cases that came out otherwise, not with the first. */
function checkOutcomes(answers: Map<FramingCase, Answer[]>, backend: Backend): void {
  const seen = new Map(backend.seen.map(entry => [entry.reference, entry]))
  const wrong: string[] = []
  for (const [{ name, want }, got] of answers) {
    const told = got.map(({ status, reference }) => {
      const entry = seen.get(reference)
      return entry ? `${entry.method} ${entry.target} ${entry.body}`.trimEnd() : status
    })
    const wanted = want.map(entry => (typeof entry === 'string' ? entry.trimEnd() : entry))
    if (JSON.stringify(told) !== JSON.stringify(wanted)) {
      wrong.push(`${name}: wanted ${shown(wanted)}, got ${shown(told)}`)
    }
  }
  assert.deepEqual(wrong, [])
}

function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 300)
}

/** What must hold whatever the outcomes are. */
function checkInvariant(backend: Backend, judged: Map<string, Judged>, withBody: boolean): void {
  const references = new Set<string>()
  for (const { reference, method, target, body, read } of backend.seen) {
    const was = judged.get(reference)
    assert.ok(was, `${backend.name} saw ${method} ${target}, which no guard has judged`)
    assert.ok(!references.has(reference), `${backend.name} saw ${method} ${target} twice`)
    references.add(reference)
    assert.deepEqual([method, target], [was.method, was.target])
    if (withBody) assert.equal(body, was.body)
    if (read !== undefined) assert.ok(readings(target).includes(read), `${backend.name} reads ${target} as ${read}`)
  }
  const logged = backend.logged()
  if (!logged) return
  for (const reference of logged) assert.ok(judged.has(reference), `${backend.name} logs a request “${reference}”`)
  assert.equal(new Set(logged).size, logged.length, `${backend.name} logs a request twice`)
  assert.deepEqual(
    [...references].filter(reference => !logged.includes(reference)),
    [],
  )
}

/** A path as servers decode it. An encoded slash is one to some and none to others, which the router knows. */
function readings(target: string): string[] {
  const path = target.split('?', 1)[0] ?? ''
  const decoded = (kept: string) =>
    path.replace(/%([0-9A-F]{2})/gi, (whole, hex: string) => {
      return whole === kept ? whole : String.fromCharCode(Number.parseInt(hex, 16))
    })
  return [decoded(''), decoded('%2F')]
}

for (const name of ['node', 'nginx', 'apache', 'haproxy'] as const satisfies readonly (DaemonName | 'node')[]) {
  test(`framing: in front of ${name}`, { skip: missing(name) }, async t => {
    const backend = await openBackendOf(name)
    t.after(() => backend.close())
    const judged = new Map<string, Judged>()
    const answers = await runAll(t, backend, witness(judged, true), false)
    await delay(100) // logs are written behind the answers
    checkOutcomes(answers, backend)
    checkInvariant(backend, judged, true)
  })
}

test('framing: a byte a packet', async t => {
  const backend = await openBackendOf('node')
  t.after(() => backend.close())
  const judged = new Map<string, Judged>()
  const answers = await runAll(t, backend, witness(judged, true), true)
  checkOutcomes(answers, backend)
  checkInvariant(backend, judged, true)
})

test('framing: bodies that stream through', async t => {
  const backend = await openBackendOf('node')
  t.after(() => backend.close())
  const judged = new Map<string, Judged>()
  const answers = await runAll(t, backend, witness(judged, false), false)
  checkOutcomes(answers, backend)
  checkInvariant(backend, judged, false)
})
