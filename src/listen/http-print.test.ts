// Vectors were recorded from the clients that they name; their digests were checked by another program.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FrameReader, prefaceBytes } from './h2/frame-reader.ts'
import { Opening } from './h2/opening.ts'
import { httpPrint } from './http-print.ts'

interface Vector {
  readonly client: string
  readonly names: readonly string[]
  /** Frames before the first request, in hex. */
  readonly opening?: string
  readonly pseudo?: readonly string[]
  readonly print: string
}

const file = join(import.meta.dirname, 'testdata/http-prints.json')
const vectors: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8'))

for (const { client, names, opening, pseudo = [], print } of vectors) {
  test(`${client}: ${print}`, () => {
    for (const cut of [1, 7, 10_000]) {
      const seen = new Opening()
      const reader = new FrameReader(seen, prefaceBytes)
      const bytes = Buffer.concat([Buffer.alloc(24), Buffer.from(opening ?? '', 'hex')])
      for (let at = 0; at < bytes.length; at += cut) reader.push(bytes.subarray(at, at + cut))
      const headers = names.flatMap(name => [name, 'value'])
      assert.equal(httpPrint(opening === undefined ? 'h1' : seen.text(pseudo), headers), print)
    }
  })
}

test('settings that come at random, and those behind the first request, do not count', () => {
  const settings = (...pairs: number[][]) => {
    const payload = Buffer.concat(pairs.map(([id = 0, value = 0]) => Buffer.from([id >> 8, id & 255, 0, 0, 0, value])))
    return Buffer.concat([Buffer.from([0, 0, payload.length, 4, 0, 0, 0, 0, 0]), payload])
  }
  const head = Buffer.from([0, 0, 0, 1, 5, 0, 0, 0, 1])
  const print = (...frames: readonly Buffer[]) => {
    const seen = new Opening()
    new FrameReader(seen, prefaceBytes).push(Buffer.concat([Buffer.alloc(24), ...frames]))
    return seen.text([':method'])
  }
  const plain = print(settings([3, 100]))
  assert.equal(print(settings([3, 100], [0x1a1a, 7])), plain)
  assert.equal(print(settings([3, 100]), head, settings([4, 1])), plain)
  assert.notEqual(print(settings([3, 101])), plain)
  assert.notEqual(print(settings([4, 1], [3, 100])), print(settings([3, 100], [4, 1])))
})
