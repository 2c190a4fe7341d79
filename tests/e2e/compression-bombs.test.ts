// Bodies that are small only while they are compressed: each coding is decoded within the bound of an inspected body.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { startTestGateway } from './gateway-harness.ts'

const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }
const inspectedBytes = 256 * 1024
const bombContent = Buffer.alloc(16 * 1024 * 1024)

test('a body is decoded up to its limit, and not one byte further', async t => {
  const { gateway, url, events } = await startTestGateway(t, {
    body: { inspected: '256KiB' },
    guards: { waf: {} },
    workers: 1,
  })
  const send = async (coding: string, body: Uint8Array) => {
    const headers = { 'content-encoding': coding, 'content-type': 'text/plain' }
    return (await fetch(url, { method: 'POST', headers, body })).status
  }
  for (const [coding, compress] of Object.entries(codings)) {
    assert.equal(await send(coding, compress(Buffer.alloc(inspectedBytes, 'a'))), 200, `${coding}: at the limit`)
    assert.equal(await send(coding, compress(Buffer.alloc(inspectedBytes + 1, 'a'))), 413, `${coding}: one past it`)
    const bomb = compress(bombContent)
    assert.equal(await send(coding, bomb), 413, `${coding}: a bomb of ${bomb.length} bytes`)
  }
  const told = (await events(8)).map(({ json }) => JSON.parse(json).merlon.code)
  assert.deepEqual(told, new Array(8).fill('body.too-large'))
  assert.match(await gateway.metrics(), /merlon_limited_total\{limit="bodyInspected"\} 8/)
})
