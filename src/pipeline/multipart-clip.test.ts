import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Exchange } from './exchange.ts'
import { MultipartClip, multipartBoundary, streamClipped } from './multipart-clip.ts'

const boundary = 'XX'
const field = (name: string, value: string) =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (name: string, value: string) =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"; filename="a.bin"\r\n\r\n${value}\r\n`

function clipOf(body: string, pieceBytes: number, fileMax = 4, viewMax = 10_000): MultipartClip {
  const clip = new MultipartClip(boundary, fileMax, viewMax)
  for (let i = 0; i < body.length; i += pieceBytes) clip.push(Buffer.from(body.slice(i, i + pieceBytes), 'latin1'))
  return clip
}

const cases: [name: string, body: string, view: string][] = [
  ['fields stay whole', `${field('a', 'hello world')}--XX--\r\n`, `${field('a', 'hello world')}--XX--`],
  [
    'files are clipped',
    `${file('f', '0123456789')}${field('a', 'x')}--XX--`,
    `${file('f', '0123')}${field('a', 'x')}--XX--`,
  ],
  ['an empty part', `${field('a', '')}--XX--`, `${field('a', '')}--XX--`],
  ['a preamble is left out', `preamble\r\n${field('a', 'v')}--XX--`, `${field('a', 'v')}--XX--`],
  ['an unfinished body gets an end', field('a', 'v'), `${field('a', 'v')}\r\n--XX--\r\n`],
  ['delimiter look-alikes are content', `${field('a', '\r\n--X\r\n--')}--XX--`, `${field('a', '\r\n--X\r\n--')}--XX--`],
]
for (const [name, body, view] of cases) {
  for (const piece of [1, 3, 7, 10_000]) {
    test(`${name}, in pieces of ${piece}`, () => {
      const clip = clipOf(body, piece)
      assert.equal(clip.problem, undefined)
      assert.equal(clip.view().toString('latin1'), view)
    })
  }
}

test('counts what it clips', () => assert.equal(clipOf(`${file('f', '0123456789')}--XX--`, 5).clippedBytes, 6))
test('refuses data after the end', () =>
  assert.equal(clipOf(`${field('a', 'v')}--XX--\r\nGET /`, 9).problem, 'data-after-end'))
test('refuses a view over its limit', () =>
  assert.equal(clipOf(`${field('a', 'v'.repeat(200))}--XX--`, 9, 4, 100).problem, 'view-too-large'))
test('refuses a delimiter right behind part headers', () => {
  for (const piece of [1, 5, 500])
    assert.equal(clipOf('--XX\r\nA: filename\r\n\r\n--XX--', piece).problem, 'ambiguous-part')
})
// What a parser of another mind takes for a delimiter, or for none, could hide a field in the clipped part of a file.
const ambiguous: [name: string, body: string][] = [
  ['a delimiter behind a bare line feed', `${file('f', 'abcdefgh\n--XX\nA: b\n\nv')}--XX--`],
  ['a delimiter within a line', `${file('f', 'abcdefgh--XX')}--XX--`],
  ['a boundary that goes on', `${field('a', 'v\r\n--XXY\r\nA: filename\r\n\r\nabcdefgh')}--XX--`],
  ['white space behind a delimiter', `${field('a', 'v\r\n--XX \r\nA: b\r\n\r\nw')}--XX--`],
  ['a bare line feed in part headers', `--XX\r\nA: b\n\r\nC: d\r\n\r\nv\r\n--XX--`],
  ['a bare carriage return in part headers', `--XX\r\nA: b\rC: d\r\n\r\nv\r\n--XX--`],
  ['a delimiter in a preamble line', `x--XX\r\n\r\n${field('a', 'v')}--XX--`],
]
for (const [name, body] of ambiguous) {
  for (const piece of [1, 3, 500])
    test(`refuses ${name}, in pieces of ${piece}`, () => assert.equal(clipOf(body, piece).problem, 'ambiguous-part'))
}

const fields: [name: string, headers: string][] = [
  ['another header says filename', 'Content-Disposition: form-data; name="q"\r\nX: ;filename=a'],
  ['its name is filename', 'Content-Disposition: form-data; name="filename"'],
  ['its file name is empty, which some servers take for none', 'Content-Disposition: form-data; name="q"; filename=""'],
  ['its file name is left out', 'Content-Disposition: form-data; name="q"; filename=; x="y"'],
  ['its name looks like a file name', 'Content-Disposition: form-data; name="a; filename=b"'],
]
for (const [name, headers] of fields) {
  test(`a field stays whole though ${name}`, () => {
    const body = `--XX\r\n${headers}\r\n\r\n0123456789\r\n--XX--`
    assert.equal(clipOf(body, 7).view().toString('latin1'), body)
  })
}
test('a file is one by filename* too', () => {
  const body = '--XX\r\nContent-Disposition: form-data; name="q"; filename*=UTF-8\'\'a\r\n\r\n0123456789\r\n--XX--'
  assert.equal(clipOf(body, 7).clippedBytes, 6)
})

function exchange(judged: string[], denyAt = ''): Exchange {
  const onBody = (ex: Exchange) => {
    judged.push(Buffer.from(ex.body.bytes).toString('latin1'))
    if (denyAt === '' || !judged.at(-1)?.includes(denyAt)) return undefined
    return { kind: 'deny', status: 403, reason: { code: 'test.denied', detail: '' } } as const
  }
  const stats = { calls: 0, busyMs: 0, denied: 0, wouldDeny: 0, errors: 0 }
  const onBodySteps = [{ name: 'test', guard: { onBody }, mode: 'protect', onError: 'deny', stats }]
  return { findings: [], uninspectedBytes: 0, route: { phases: { onBody: onBodySteps } } } as unknown as Exchange
}

/** What left before the stream ended or broke, and whether it broke. */
async function stream(body: string, pieceBytes: number, denyAt?: string): Promise<{ sent: string; ok: boolean }> {
  const pieces: Buffer[] = []
  for (let i = 0; i < body.length; i += pieceBytes) pieces.push(Buffer.from(body.slice(i, i + pieceBytes), 'latin1'))
  const clip = new MultipartClip(boundary, 4, 10_000)
  const head = pieces.shift() ?? Buffer.alloc(0)
  clip.push(head)
  let sent = ''
  try {
    const rest = (async function* () {
      yield* pieces
    })()
    for await (const chunk of streamClipped(exchange([], denyAt), clip, head, rest))
      sent += Buffer.from(chunk).toString()
    return { sent, ok: true }
  } catch {
    return { sent, ok: false }
  }
}

test('streams a good body whole', async () => {
  const body = `${field('a', 'v')}${file('f', '0123456789')}--XX--\r\n`
  for (const piece of [1, 10, 1000]) assert.deepEqual(await stream(body, piece), { sent: body, ok: true })
})

// The upstream counts bytes: with the last of them it has a body, whatever we say then.
const incomplete: [name: string, body: string, deny?: string][] = [
  ['has no end', `${field('a', 'v')}${field('b', 'attack')}`],
  ['has data behind its end', `${field('a', 'v')}--XX--\r\nmore`],
  ['is denied at its end', `${field('a', 'v')}${field('b', 'attack')}--XX--`, 'attack'],
]
for (const [name, body, deny] of incomplete) {
  test(`never sends the last bytes of a body that ${name}`, async () => {
    for (const piece of [10, 40]) {
      const { sent, ok } = await stream(body, piece, deny)
      assert.equal(ok, false)
      assert.ok(sent.length < body.length)
    }
  })
}

test('refuses a delimiter behind a single byte, however it is cut', () => {
  for (const piece of [1, 2, 500]) assert.equal(clipOf('--XX\r\n\r\na--XX\r\n', piece).problem, 'ambiguous-part')
})

test('refuses endless part headers', () =>
  assert.equal(clipOf(`--XX\r\nA: ${'x'.repeat(20_000)}`, 1000).problem, 'part-header-too-large'))

test('the view does not depend on how the body is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\r\n', '--XX', '--', 'a', 'filename', '\r\n\r\n', 'XX')),
      fc.integer({ min: 1, max: 9 }),
      (parts, piece) => {
        const body = parts.join('')
        const cut = clipOf(body, piece)
        const whole = clipOf(body, body.length + 1)
        assert.equal(cut.problem === undefined, whole.problem === undefined)
        if (cut.problem) return // refused: nobody sees a view of it
        assert.equal(cut.view().toString('latin1'), whole.view().toString('latin1'))
      },
    ),
  )
})

const boundaries: [string, string | undefined][] = [
  ['multipart/form-data; boundary=abc', 'abc'],
  ['multipart/form-data; charset=utf-8; boundary="a b"', 'a b'],
  ['multipart/form-data', undefined],
  ['multipart/form-data; boundary=a; boundary=b', undefined],
  ['multipart/form-data; boundary=', undefined],
  ['multipart/form-data; boundary="a\\"b"', undefined],
  ['multipart/form-data; boundary=a,b', undefined],
  ['multipart/form-data; boundary*0=a; boundary=b', undefined],
  ['multipart/form-data; boundary=a; boundary =b', undefined],
  ['multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk', '----WebKitFormBoundary7MA4YWxk'],
  ['multipart/form-data; boundary="----=_Part_1_2.3"', '----=_Part_1_2.3'],
  [`multipart/form-data; boundary=${'x'.repeat(71)}`, undefined],
]
for (const [type, want] of boundaries)
  test(`boundary of ${type.slice(0, 60)}`, () => assert.equal(multipartBoundary(type), want))
