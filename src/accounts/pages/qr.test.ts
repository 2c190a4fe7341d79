// The picture is read by a decoder, as a telephone would.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateURI } from 'otplib'
import { decodeQR } from 'qr/decode.js'
import { qrPicture } from './qr.ts'

const pixels = 4

/** Paints the rectangles of the path, and nothing else that is in the picture. */
function read(svg: string): string {
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]) * pixels
  const data = new Uint8Array(size * size * 4).fill(255)
  const [, dark = ''] = /fill="#000" d="([^"]+)"/.exec(svg) ?? []
  for (const [, ...numbers] of dark.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    const [x = 0, y = 0, width = 0] = numbers.map(Number)
    for (let row = y * pixels; row < (y + 1) * pixels; row++) {
      for (let column = x * pixels; column < (x + width) * pixels; column++) {
        data.fill(0, (row * size + column) * 4, (row * size + column) * 4 + 3)
      }
    }
  }
  return decodeQR({ width: size, height: size, data })
}

const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const cases: [string, { issuer: string; label: string }][] = [
  ['a name', { issuer: 'Merlon', label: 'alice' }],
  ['an address, and signs', { issuer: 'Smith & Sons "Ltd"', label: 'alice+test@example.com' }],
  // The longest that the config and the directory of users let through.
  ['a title of 64 that takes three bytes each', { issuer: '漢'.repeat(64), label: `a${'.'.repeat(99)}` }],
]
for (const [name, { issuer, label }] of cases) {
  test(`a picture of ${name} is read as it was written`, () => {
    const uri = generateURI({ issuer, label, secret })
    const svg = qrPicture(uri, 'A "key" <for> you').text
    assert.equal(read(svg), uri)
    assert.ok(svg.includes('role="img" aria-label="A &quot;key&quot; &lt;for&gt; you"'))
    assert.ok(!/<style|style=|<script|href|src=/.test(svg), 'nothing that the policy of the pages forbids')
  })
}
