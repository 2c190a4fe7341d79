import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHexText, longestHex, shortestHex } from './hex-text.ts'

const hex = (text: string) => Buffer.from(text).toString('hex')

const cases: [name: string, value: string, want: string | undefined][] = [
  ['a text', hex('<script>alert(1)</script>'), '<script>alert(1)</script>'],
  ['in upper case', hex("' OR 1=1-- ").toUpperCase(), "' OR 1=1-- "],
  ['with a prefix', `0x${hex("' OR 1=1-- ")}`, "' OR 1=1-- "],
  ['with line ends', hex('a\r\nSet-Cookie: x'), 'a\r\nSet-Cookie: x'],
  ['as short as may be', hex('a'.repeat(shortestHex / 2)), 'a'.repeat(shortestHex / 2)],
  ['too short', hex('a'.repeat(shortestHex / 2 - 1)), undefined],
  ['as long as may be', hex('a'.repeat(longestHex / 2)), 'a'.repeat(longestHex / 2)],
  ['too long', hex('a'.repeat(longestHex / 2 + 1)), undefined],
  ['half a byte', `${hex('a'.repeat(20))}6`, undefined],
  ['a digest', 'd41d8cd98f00b204e9800998ecf8427e', undefined],
  ['a UUID without dashes', '3f2504e04f8941d39a0c0305e82c3301', undefined],
  ['a number', '20202020202020202020202', undefined],
  ['other letters', 'z'.repeat(40), undefined],
  ['nothing', '', undefined],
]
for (const [name, value, want] of cases) test(name, () => assert.equal(decodeHexText(value), want))
