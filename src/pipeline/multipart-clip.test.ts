import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MultipartClip, multipartBoundary } from './multipart-clip.ts'

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
test('refuses endless part headers', () =>
  assert.equal(clipOf(`--XX\r\nA: ${'x'.repeat(20_000)}`, 1000).problem, 'part-header-too-large'))

test('the view does not depend on how the body is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\r\n', '--XX', '--', 'a', 'filename', '\r\n\r\n', 'XX')),
      fc.integer({ min: 1, max: 9 }),
      (parts, piece) => {
        const body = parts.join('')
        assert.equal(
          clipOf(body, piece).view().toString('latin1'),
          clipOf(body, body.length + 1)
            .view()
            .toString('latin1'),
        )
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
  [`multipart/form-data; boundary=${'x'.repeat(71)}`, undefined],
]
for (const [type, want] of boundaries)
  test(`boundary of ${type.slice(0, 60)}`, () => assert.equal(multipartBoundary(type), want))
