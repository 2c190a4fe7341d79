import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bufferToBytes, bytesToBuffer, bytesToUtf8, lowerAscii, utf8ToBytes } from './bytes.ts'
import { Lru } from './lru.ts'
import { formatProblem, nearest } from './problem.ts'
import { formatSize, parseDuration, parseSize } from './units.ts'

const durations: [string, number | undefined][] = [
  ['500ms', 500],
  ['15m', 900_000],
  ['1m30s', 90_000],
  ['1.5s', 1500],
  ['30d', 2_592_000_000],
  ['15', undefined],
  ['15 m', undefined],
  ['m', undefined],
  ['', undefined],
  ['5m!', undefined],
]
for (const [text, want] of durations) test(`parseDuration ${text}`, () => assert.equal(parseDuration(text), want))

const sizes: [string, number | undefined][] = [
  ['1MiB', 1_048_576],
  ['1.5KiB', 1536],
  ['2GiB', 2_147_483_648],
  ['1MB', 1_000_000],
  ['512', 512],
  ['10 kB', 10_000],
  ['1XB', undefined],
  ['', undefined],
  ['-1', undefined],
]
for (const [text, want] of sizes) test(`parseSize ${text}`, () => assert.equal(parseSize(text), want))

test('formatSize rounds to one place', () => {
  assert.deepEqual([100, 1536, 1_048_576, 1.5 * 1024 ** 3].map(formatSize), ['100 B', '1.5 KiB', '1 MiB', '1.5 GiB'])
})

test('bytes go there and back', () => {
  for (const text of ['plain', 'naïve', '日本', '\0\x7f', '😀']) {
    assert.equal(bytesToUtf8(utf8ToBytes(text)), text)
    assert.equal(bufferToBytes(bytesToBuffer(utf8ToBytes(text))), utf8ToBytes(text))
  }
  assert.equal(bytesToUtf8('\xff\xfe'), '��')
})

test('lowerAscii changes A to Z alone', () => {
  const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
  const want = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i >= 65 && i <= 90 ? i + 32 : i)).join('')
  assert.equal(lowerAscii(all), want)
  const same = 'already lower \xc0'
  assert.equal(lowerAscii(same), same)
})

test('Lru forgets what was used longest ago', () => {
  const lru = new Lru<string, number>(2)
  lru.set('a', 1)
  lru.set('b', 2)
  lru.get('a')
  lru.set('c', 3)
  assert.deepEqual([lru.get('a'), lru.get('b'), lru.get('c'), lru.size], [1, undefined, 3, 2])
})

test('nearest finds the name that was meant, or none', () => {
  const known = ['threshold', 'paranoia', 'rules']
  assert.equal(nearest('treshold', known), 'threshold')
  assert.equal(nearest('Paranoia', known), 'paranoia')
  assert.equal(nearest('upstream', known), undefined)
  assert.equal(nearest('x'.repeat(1000), known), undefined)
})

test('formatProblem gives a position that editors can follow', () => {
  const problem = {
    code: 'config.x',
    severity: 'error',
    file: 'merlon.yaml',
    line: 3,
    column: 5,
    message: 'bad',
  } as const
  assert.equal(formatProblem(problem), 'merlon.yaml:3:5: bad')
  assert.equal(
    formatProblem({ ...problem, path: 'a.b', hint: 'did you mean c?' }),
    'merlon.yaml:3:5 a.b: bad (did you mean c?)',
  )
  assert.equal(formatProblem({ ...problem, line: 0, severity: 'warning' }), 'merlon.yaml: warning bad')
})
