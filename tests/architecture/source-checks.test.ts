// The check for V8 RegExp sees each way to make one, and nothing else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { regExpsOf } from '../../tools/checks/source.ts'

const cases: readonly (readonly [source: string, found: number])[] = [
  ['const a = /x/u.test(b)', 1],
  ['const a = new RegExp(b)', 1],
  ['const a = RegExp(b)', 1],
  ["const a = b.match('x')", 1],
  ['const make = RegExp', 1],
  ["const a = 'RegExp /x/'", 0],
  ['function f(pattern: RegExp): void {}', 0],
  ['// new RegExp(x) and /x/', 0],
  ['const a = b / c / d', 0],
  ['const a = matcher.match(input)', 0],
]

for (const [source, found] of cases) {
  test(source, () => assert.equal(regExpsOf(source, 'x.ts').length, found))
}
