import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRegex } from './index.ts'

const refused: readonly (readonly [pattern: string, offset: number, message: RegExp])[] = [
  ['a)', 1, /unmatched/],
  ['(a', 0, /not closed/],
  ['a(?:b', 1, /not closed/],
  ['[a', 0, /class is not closed/],
  ['[]', 0, /class is not closed/],
  ['x[b-a]', 3, /out of order/],
  ['x[[:foo:]]', 2, /unknown class/],
  ['*a', 0, /nothing to repeat/],
  ['a|+', 2, /nothing to repeat/],
  ['(?i)*', 4, /nothing to repeat/],
  ['{2}', 0, /nothing to repeat/],
  ['a{3,2}', 1, /out of order/],
  ['a{70000}', 1, /over 65535/],
  ['ab\\', 2, /backslash/],
  ['\\x{100}', 0, /not a byte/],
  ['\\x{zz}', 0, /bad code point/],
  ['\\pL', 0, /not supported/],
  ['a\\X', 1, /not supported/],
  ['a\\Kb', 1, /not supported/],
  ['(?R)', 0, /unsupported group/],
  ['(?1)', 0, /unsupported group/],
  ['(?(1)a|b)', 0, /unsupported group/],
  ['(?|a|b)', 0, /unsupported group/],
  ['(*FAIL)', 0, /verbs/],
  ['(?<n>a)(?<n>b)', 9, /two groups/],
  ['(?<1>a)', 2, /bad group name/],
  ['\\1', 0, /does not exist/],
  ['(a)\\2', 3, /does not exist/],
  ['\\k<x>', 0, /no group is named/],
  ['(?#open', 0, /comment is not closed/],
  ['(?:(?:a{300}){300})', 0, /states/],
  [`${'('.repeat(300)}`, 200, /nested deeper/],
]

for (const [pattern, offset, message] of refused) {
  test(`refuses ${JSON.stringify(pattern.slice(0, 40))}`, () => {
    const result = compileRegex(pattern)
    assert.equal(result.ok, false)
    if (result.ok) return
    assert.match(result.message, message)
    assert.equal(result.offset, offset)
  })
}

/** Pattern of one byte → the bytes it matches, as a class of V8 that spells them out. */
const sets: readonly (readonly [pattern: string, members: RegExp])[] = [
  ['\\d', /[0-9]/],
  ['\\D', /[^0-9]/],
  ['\\w', /[0-9A-Z_a-z]/],
  ['\\W', /[^0-9A-Z_a-z]/],
  ['\\s', /[\t-\r ]/],
  ['\\S', /[^\t-\r ]/],
  ['\\h', /[\t \xa0]/],
  ['\\v', /[\n-\r\x85]/],
  ['\\V', /[^\n-\r\x85]/],
  ['.', /[^\n]/],
  ['(?s).', /[\s\S]/],
  ['(?s)\\N', /[^\n]/],
  ['\\C', /[\s\S]/],
  ['\\x41', /[A]/],
  ['\\x{e9}', /[\xe9]/],
  ['\\x', /[\0]/],
  ['\\0', /[\0]/],
  ['\\012', /[\n]/],
  ['\\377', /[\xff]/],
  ['\\o{101}', /[A]/],
  ['\\cA', /[\x01]/],
  ['\\c[', /[\x1b]/],
  ['\\e', /[\x1b]/],
  ['\\a', /[\x07]/],
  ['\\.', /[.]/],
  ['(?i)k', /[kK]/],
  ['(?i)\\xe9', /[\xe9]/],
  ['(?i)[a-c]', /[a-cA-C]/],
  ['(?i)[^a]', /[^aA]/],
  ['(?i)[[:upper:]]', /[a-zA-Z]/],
  ['[[:alpha:]_]', /[A-Za-z_]/],
  ['[[:^digit:]]', /[^0-9]/],
  ['[^[:space:]]', /[^\t-\r ]/],
  ['[[:punct:]]', /[!-/:-@[-`{-~]/],
  ['[[:xdigit:]]', /[0-9A-Fa-f]/],
  ['[]a]', /[\]a]/],
  ['[^]a]', /[^\]a]/],
  ['[a-]', /[a-]/],
  ['[-a]', /[a-]/],
  ['[\\d-x]', /[0-9x-]/],
  ['[a-\\d]', /[a0-9-]/],
  ['[\\b]', /[\b]/],
  ['[\\x41-\\x43]', /[A-C]/],
  ['[\\Q]^\\E]', /[\]^]/],
  ['[[a]', /[[a]/],
  ['[a&&b]', /[a&b]/],
  ['[\\0-\\x7f]', /[\0-\x7f]/],
]

for (const [pattern, members] of sets) {
  test(`${pattern} is ${members.source}`, () => {
    const result = compileRegex(`\\A(?:${pattern})\\z`)
    assert.ok(result.ok)
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte)
      assert.equal(result.regex.test(char), members.test(char), `byte ${byte}`)
    }
  })
}
