// Inputs made to be slow, 64 KiB each: work is counted in automaton states followed, not in time.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAlphabet } from './alphabet.ts'
import { isAnchored } from './ast.ts'
import { crsPatterns } from './crs.test-helper.ts'
import { LazyDfa } from './dfa.ts'
import { compileRegex } from './index.ts'
import { buildNfa } from './nfa.ts'
import { parseRegex } from './parse.ts'

const size = 65_536

/** Patterns that cost a backtracker quadratic, cubic or exponential time, with the input that does it. */
const classics: readonly (readonly [pattern: string, input: string])[] = [
  ['(a+)+$', `${'a'.repeat(size)}b`],
  ['(?:a|a)*c', 'a'.repeat(size)],
  ['(?:a|aa)+$', `${'a'.repeat(size)}!`],
  ['\\s+$', `${' '.repeat(size)}x`],
  ['.*.*=.*', 'x'.repeat(size)],
  ['^(.*?,){11}P', '1,'.repeat(size / 2)],
  ['(?:x+x+)+y', 'x'.repeat(size)],
  ['(?:[ab]*a){6}$', `${'ab'.repeat(size / 2)}c`],
  // One state of the DFA for each set of the last 14 bytes: the table is thrown away and filled again.
  ['[ab]*a[ab]{14}c', noise('ab')],
  ['a.{60}b.{60}c', noise('axb')],
  ['(?:select\\b.{1,100}?from|select\\b.{1,100}?into)', noise('select xy ')],
]

/** Bytes from an alphabet in an order that does not repeat, the same on each run. */
function noise(alphabet: string): string {
  let seed = 42
  let text = ''
  while (text.length < size) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    text += alphabet[(seed >>> 16) % alphabet.length]
  }
  return text
}

function workOf(pattern: string, input: string): { work: number; states: number } {
  const result = parseRegex(pattern, { dotAll: true, multiline: true })
  assert.ok(result.ok)
  const { node } = result.parsed
  const nfa = buildNfa(node, createAlphabet(node), {})
  const dfa = new LazyDfa(nfa, false, !isAnchored(node))
  dfa.matchEnd(input)
  return { work: dfa.work, states: nfa.ops.length }
}

/** Each byte can follow each state a few times at most: when the byte is taken, and when `$` looks past a newline. */
const passes = 6

for (const [pattern, input] of classics) {
  test(`linear: ${pattern}`, () => {
    const whole = workOf(pattern, input)
    assert.ok(whole.work <= passes * whole.states * (input.length + 1), `${whole.work} steps`)
    const result = compileRegex(pattern)
    assert.ok(result.ok)
    assert.equal(result.regex.exec(input) !== undefined, result.regex.test(input))
  })
}

const patterns = crsPatterns()
const inputs = [noise('aeo s"\'`;|&$({[\\<>=/.-,0'), noise(printable()), 'a '.repeat(size / 2), '\'"'.repeat(size / 2)]

function printable(): string {
  return String.fromCharCode(...Array.from({ length: 95 }, (_, i) => i + 32))
}

test('the patterns of the CRS', { skip: patterns.length === 0 && 'no Core Rule Set installed' }, () => {
  for (const { id, pattern } of patterns) {
    const parsed = parseRegex(pattern, {})
    if (!parsed.ok || parsed.parsed.irregular !== undefined) continue
    for (const input of inputs) {
      const { work, states } = workOf(pattern, input)
      // Far under the bound, because nearly all transitions are met again.
      assert.ok(work <= 0.15 * states * input.length + 100_000, `rule ${id}: ${work} steps, ${states} states`)
    }
  }
})

test('backtracking gives up after a number of steps and then counts as matched', () => {
  const result = compileRegex('(?:(a+)+)+\\1x(?!y)')
  assert.ok(result.ok)
  assert.equal(result.regex.test('a'.repeat(size)), false, 'the loosened pattern already says no')
  assert.equal(result.regex.test(`${'a'.repeat(size)}xy`), true)
  assert.equal(result.regex.test('aaxy'), false)
})
