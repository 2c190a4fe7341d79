import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { contentCoding, decodeBody, isDecodable } from './content-coding.ts'
import { HeaderList } from './headers.ts'

const codings: [values: string[], want: string | undefined, decodable: boolean][] = [
  [[], undefined, false],
  [['identity'], undefined, false],
  [[''], undefined, false],
  [['GZIP'], 'gzip', true],
  [['identity, gzip'], 'gzip', true],
  [['br'], 'br', true],
  [['gzip, gzip'], 'gzip, gzip', false],
  [['gzip', 'br'], 'gzip, br', false],
  [['constructor'], 'constructor', false],
]
for (const [values, want, decodable] of codings) {
  test(`coding of ${JSON.stringify(values)}`, () => {
    const coding = contentCoding(new HeaderList(values.flatMap(value => ['Content-Encoding', value])))
    assert.equal(coding, want)
    if (coding !== undefined) assert.equal(isDecodable(coding), decodable)
  })
}

/** A frame that claims a window of 2^log bytes: magic number, descriptor, window, one raw block that is the last. */
const zstdWindow = (log: number) => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 0x09, 0, 0, 0x61])

const text = Buffer.from('a=attack'.repeat(10))
const bodies: [name: string, coding: string, bytes: Uint8Array, want: string | undefined][] = [
  ['gzip', 'gzip', gzipSync(text), text.toString()],
  ['two gzip members are one body', 'gzip', Buffer.concat([gzipSync('a'), gzipSync('b')]), 'ab'],
  ['deflate', 'deflate', deflateSync(text), text.toString()],
  ['br', 'br', brotliCompressSync(text), text.toString()],
  ['zstd', 'zstd', zstdCompressSync(text), text.toString()],
  ['raw deflate is not deflate', 'deflate', deflateRawSync(text), undefined],
  ['a cut body', 'gzip', gzipSync(text).subarray(0, 20), undefined],
  ['no gzip at all', 'gzip', text, undefined],
  ['an unknown coding', 'lzma', text, undefined],
  ['exactly the bound', 'gzip', gzipSync(Buffer.alloc(1000, 'x')), 'x'.repeat(1000)],
  ['one past the bound', 'gzip', gzipSync(Buffer.alloc(1001, 'x')), 'too-large'],
  [
    'gzip, and a member behind a zero',
    'gzip',
    Buffer.concat([gzipSync('a'), Buffer.alloc(1), gzipSync('b')]),
    undefined,
  ],
  ['two zstd frames', 'zstd', Buffer.concat([zstdCompressSync('a'), zstdCompressSync('b')]), undefined],
  ['bytes behind deflate', 'deflate', Buffer.concat([deflateSync('a'), deflateSync('b')]), undefined],
  ['bytes behind br', 'br', Buffer.concat([brotliCompressSync('a'), Buffer.alloc(1)]), undefined],
  ['zstd with a window of 16 MiB', 'zstd', zstdWindow(24), undefined],
  ['zstd with a window of 8 MiB', 'zstd', zstdWindow(23), 'a'],
  ['a bomb', 'gzip', gzipSync(Buffer.alloc(5_000_000)), 'too-large'],
]
for (const [name, coding, bytes, want] of bodies) {
  test(`decode: ${name}`, () => {
    const decoded = decodeBody(coding, bytes, 1000)
    assert.equal(decoded instanceof Uint8Array ? Buffer.from(decoded).toString() : decoded, want)
  })
}
