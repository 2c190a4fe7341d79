// However the bytes are cut into chunks, the lines are the same.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLines } from './lines.ts'

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

const cases: readonly (readonly [name: string, text: string, want: readonly (string | undefined)[]])[] = [
  ['nothing', '', []],
  ['one line', 'abc\n', ['abc']],
  ['no line feed at the end', 'abc\ndef', ['abc', 'def']],
  ['empty lines', '\n\na\n', ['', '', 'a']],
  ['carriage returns stay', 'a\r\nb', ['a\r', 'b']],
  ['bytes above 127', 'ä\n€\n', ['ä', '€']],
  ['a line at the bound', '0123456789\nx\n', ['0123456789', 'x']],
  ['a line past the bound', '0123456789a\nx\n', [undefined, 'x']],
  ['a long last line', `x\n${'y'.repeat(500)}`, ['x', undefined]],
]

for (const [name, text, want] of cases) {
  test(name, async () => {
    for (const size of [1, 2, 3, 7, 1000]) {
      const lines: (string | undefined)[] = []
      let number = 1
      for await (const batch of readLines(chunksOf(text, size), 10)) {
        for (const line of batch) {
          assert.equal(line.number, number++)
          lines.push(line.bytes && Buffer.from(line.bytes).toString())
        }
      }
      assert.deepEqual(lines, want)
    }
  })
}
