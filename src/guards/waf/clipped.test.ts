// Wherever a multipart body is cut, what the gateway makes of its start is a body that the engine finds nothing wrong
// with: else clean uploads would be refused when a window happens to end within a part header.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bufferToBytes } from '../../lib/bytes.ts'
import { MultipartClip } from '../../pipeline/multipart-clip.ts'
import { parseMultipart } from '../../waf/bodies/multipart.ts'

const limits = { jsonDepth: 64, jsonKeys: 100, xmlDepth: 64, xmlNodes: 100, multipartParts: 200 }
const body = Buffer.from(
  [
    '--limit\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n',
    '--limit\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\nContent-Type: text/plain\r\n\r\n',
    'line\r\n--lim\r\nline\r\n',
    '--limit\r\nContent-Disposition: form-data; name="b"\r\n\r\n\r\n',
    '--limit--\r\n',
  ].join(''),
  'latin1',
)

test('the start of a multipart body is one, wherever it is cut', () => {
  for (let cut = body.indexOf('name'); cut <= body.length; cut++) {
    const clip = new MultipartClip('limit', 8, 10_000)
    clip.push(body.subarray(0, cut))
    assert.equal(clip.problem, undefined)
    const view = bufferToBytes(clip.view())
    const { error, flags, parts } = parseMultipart(view, 'multipart/form-data; boundary=limit', limits)
    const odd = Object.entries(flags).flatMap(([name, on]) => (on ? [name] : []))
    assert.deepEqual([error, odd], [undefined, []], `cut at ${cut}: ${JSON.stringify(view)}`)
    assert.ok(parts.every(part => ['a', 'f', 'b'].includes(part.name)))
  }
})
