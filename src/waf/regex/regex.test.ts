import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRegex } from './index.ts'
import type { RegexOptions } from './types.ts'

type Row = readonly [pattern: string, input: string, want: readonly number[] | undefined, options?: RegexOptions]

const m: RegexOptions = { multiline: true }
const s: RegexOptions = { dotAll: true }

/** Start and end of the match and of each group, as PCRE gives them. */
const rows: readonly Row[] = [
  ['abc', 'xabcx', [1, 4]],
  ['', 'abc', [0, 0]],
  ['a|ab', 'ab', [0, 1]],
  ['(a|ab)(c|bcd)', 'abcd', [0, 4, 0, 1, 1, 4]],
  ['a+?', 'aaa', [0, 1]],
  ['a{2,3}', 'aaaa', [0, 3]],
  ['a{2,3}?', 'aaaa', [0, 2]],
  ['a{2}{2}', 'aaaaa', [0, 4]],
  ['a{,3}', 'a{,3}', [0, 5]],
  ['a{x', 'a{x', [0, 3]],
  ['(?U)a+', 'aaa', [0, 1]],
  ['(?U)a+?', 'aaa', [0, 3]],
  ['x*', 'aaa', [0, 0]],
  ['(?:(a)|b)*', 'ab', [0, 2, 0, 1]],
  ['(a*)*', 'b', [0, 0, 0, 0]],
  ['(a*)+', 'b', [0, 0, 0, 0]],
  ['(|a)+', 'aaa', [0, 0, 0, 0]],
  ['(a)?b', 'b', [0, 1, -1, -1]],
  ['(?<year>\\d+)-(?P<m>\\d+)', 'on 2024-05', [3, 10, 3, 7, 8, 10]],
  ['a{0}b', 'ab', [1, 2]],
  ['(a){0}b', 'ab', [1, 2, -1, -1]],
  // Flags
  ['(?i)ABC', 'xaBc', [1, 4]],
  ['a(?i)b|c', 'C', [0, 1]],
  ['(a(?i)b)c', 'aBC', undefined],
  ['(?i:a)b', 'Ab', [0, 2]],
  ['(?i)a(?-i)b', 'AB', undefined],
  ['(?i)\\x41', 'a', [0, 1]],
  ['(?x) a b # c\n c', 'abc', [0, 3]],
  ['(?x)[ ]', 'a b', [1, 2]],
  ['a(?#comment)+', 'aa', [0, 2]],
  ['\\Qa.b\\E+', 'a.bb', [0, 4]],
  ['\\Qa(', 'a(', [0, 2]],
  ['(?s:.)', '\n', [0, 1]],
  ['.', '\n', undefined],
  ['.', '\n', [0, 1], s],
  ['(?^s:A).', 'A\n', undefined, { dotAll: false }],
  // Anchors
  ['^a', 'ba', undefined],
  ['a$', 'a\n', [0, 1]],
  ['a$', 'a\n\n', undefined],
  ['a$', 'a\nb', undefined],
  ['a\\Z', 'a\n', [0, 1]],
  ['a\\z', 'a\n', undefined],
  ['$', 'a\n', [1, 1]],
  ['a$\\n', 'a\n', [0, 2]],
  ['$\\n$', 'a\n', [1, 2]],
  ['^$', '', [0, 0]],
  ['^$', '\n', [0, 0]],
  ['^.*$', 'a\nb', undefined],
  ['^.*$', 'a\nb', [0, 3], s],
  ['^b', 'a\nb', [2, 3], m],
  ['a$', 'a\nb', [0, 1], m],
  ['\\Ab', 'a\nb', undefined, m],
  ['a\\z', 'a\nb', undefined, m],
  // PCRE: ^ does not match after a newline that ends the text.
  ['a\\n^', 'a\n', undefined, m],
  ['a\\n^', 'a\nb', [0, 2], m],
  ['a$', 'a\rb', undefined, m],
  ['^^a$$', 'a', [0, 1]],
  // Words
  ['\\bfoo\\b', 'a foo.', [2, 5]],
  ['\\bfoo\\b', 'afoo', undefined],
  ['\\Boo\\b', 'foo', [1, 3]],
  ['\\b', '', undefined],
  ['\\B', '', [0, 0]],
  ['\\b$', 'ab', [2, 2]],
  ['\\bx', '\xe9x', [1, 2]],
  // Bytes
  ['\\xe9', '\xe9', [0, 1]],
  ['(?i)\\xe9', '\xc9', undefined],
  ['[^a]', '\xff', [0, 1]],
  ['\\s', '\xa0', undefined],
  ['\\s', '\v', [0, 1]],
  ['\\R', '\r\n', [0, 2]],
  ['\\R\\n', '\r\n', undefined],
  ['\\R{2}', '\r\n', undefined],
  ['\\R', 'a\rb', [1, 2]],
  // Possessive sets stay linear
  ['a++a', 'aaa', undefined],
  ['a++b', 'aaab', [0, 4]],
  ['a*+b', 'aab', [0, 3]],
  ['[^"]++"', 'ab"', [0, 3]],
  ['\\d++\\.', '12.', [0, 3]],
  // Beyond automata
  ['(?>a+)ab', 'aaab', undefined],
  ['(ab)++c', 'ababc', [0, 5, 2, 4]],
  ['(a+)\\1b', 'aaaab', [0, 5, 0, 2]],
  ['(?i)(a)\\1', 'aA', [0, 2, 0, 1]],
  ['(?<q>[\'"])x\\k<q>', "\"x'x'", [2, 5, 2, 3]],
  ['(a)\\g{-1}', 'aa', [0, 2, 0, 1]],
  ['<\\?(?!xml)', '<?xml <?php', [6, 8]],
  ['(?<!&amp);', '&amp;;', [5, 6]],
  ['(?<=ab|c)d', 'xd cd', [4, 5]],
  ['foo(?=bar)', 'foo foobar', [4, 7]],
  ['(?=(a+))a', 'aaa', [0, 1, 0, 3]],
  ['(?!a)', 'a', [1, 1]],
  ['(a*)*(?=c)c', 'aac', [0, 3, 2, 2]],
  ['\\10', '\b', [0, 1]],
]

for (const [pattern, input, want, options] of rows) {
  test(`${pattern} on ${JSON.stringify(input)} ${options === undefined ? '' : JSON.stringify(options)}`, () => {
    const result = compileRegex(pattern, options)
    assert.ok(result.ok, result.ok ? '' : result.message)
    const match = result.regex.exec(input)
    assert.deepEqual(match && [...match], want)
    assert.equal(result.regex.test(input), want !== undefined)
  })
}

test('exec from an offset sees what lies before it', () => {
  const result = compileRegex('\\bb|^a')
  assert.ok(result.ok)
  assert.deepEqual([...(result.regex.exec('ab b', 1) ?? [])], [3, 4])
  assert.equal(result.regex.exec('aa', 1), undefined)
  assert.equal(result.regex.exec('ab', 3), undefined)
  assert.equal(compileOk('').exec('ab', 2)?.[0], 2)
})

test('exec finds the leftmost match even when another one ends first', () => {
  assert.deepEqual([...(compileOk('a.*z|b').exec('xa b z') ?? [])], [1, 6])
})

function compileOk(pattern: string) {
  const result = compileRegex(pattern)
  assert.ok(result.ok)
  return result.regex
}
