// Simulation and DFA are two ways to the same answer.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAlphabet } from './alphabet.ts'
import { isAnchored } from './ast.ts'
import { LazyDfa } from './dfa.ts'
import { Follower } from './follow.ts'
import { buildNfa } from './nfa.ts'
import { OrderedDfa } from './ordered.ts'
import { parseRegex } from './parse.ts'
import { PikeVm } from './pike.ts'
import { flags, pattern, text } from './random-pattern.test-helper.ts'
import { Simulator } from './simulate.ts'

const counted = fc
  .tuple(
    fc.constantFrom('.', '[ab]', '[^a]', '\\w', '\\s', 'a', '[^\\n]'),
    fc.constantFrom('{4}', '{7}', '{0,4}', '{0,6}?', '{1,5}', '{3,5}', '{5,9}', '{5,}', '{2,4}'),
  )
  .map(parts => parts.join(''))

const withCounts = fc
  .array(fc.oneof(pattern, counted, fc.constantFrom('|', '(?:b.{4,6}){1,3}', '(?:[ab]{2,5}c?)*')), {
    minLength: 1,
    maxLength: 5,
  })
  .map(parts => parts.join(''))

function automata(source: string, options: { i: boolean; m: boolean; s: boolean }) {
  const result = parseRegex(source, { caseInsensitive: options.i, multiline: options.m, dotAll: options.s })
  if (!result.ok || result.parsed.irregular !== undefined) return undefined
  const { node } = result.parsed
  const alphabet = createAlphabet(node)
  const unanchored = !isAnchored(node)
  return {
    search: new LazyDfa(buildNfa(node, alphabet, {}), false, unanchored),
    starts: new LazyDfa(buildNfa(node, alphabet, { reversed: true }), true, true),
    slowSearch: new Simulator(buildNfa(node, alphabet, { counters: true }), false, unanchored),
    slowStarts: new Simulator(buildNfa(node, alphabet, { reversed: true, counters: true }), true, true),
  }
}

test('finds the same matches at the same places', () => {
  let matches = 0
  const inputs = fc.array(
    fc.oneof(
      text,
      fc.array(text, { maxLength: 4 }).map(parts => parts.join('')),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  fc.assert(
    fc.property(withCounts, flags, inputs, fc.nat({ max: 4 }), (source, options, texts, from) => {
      const made = automata(source, options)
      if (made === undefined) return
      for (const input of texts) {
        const found: boolean = made.search.matchEnd(input) !== -1
        assert.equal(made.slowSearch.matchEnd(input) !== -1, found)
        if (from > input.length) continue
        assert.equal(made.slowStarts.leftmostStart(input, from), made.starts.leftmostStart(input, from))
        if (found) matches++
      }
    }),
    { numRuns: 4000 },
  )
  assert.ok(matches > 2000)
})

test('places of matches are the same with threads, places and lists', () => {
  let matches = 0
  fc.assert(
    fc.property(withCounts, flags, fc.array(text, { minLength: 1, maxLength: 5 }), (source, options, texts) => {
      const result = parseRegex(source, { caseInsensitive: options.i, multiline: options.m, dotAll: options.s })
      if (!result.ok || result.parsed.irregular !== undefined) return
      const { node } = result.parsed
      const alphabet = createAlphabet(node)
      const anchored = isAnchored(node)
      const nfa = buildNfa(node, alphabet, {})
      const threads = new PikeVm(nfa)
      const places = new Follower(nfa, anchored)
      const lists = alphabet.assertions.includes('textEndNewline') ? undefined : new OrderedDfa(nfa, anchored)
      const starts = new LazyDfa(buildNfa(node, alphabet, { reversed: true }), true, false)
      for (const input of texts) {
        const want = threads.match(input, 0, anchored ? 0 : input.length)
        assert.deepEqual(places.match(input, 0, Number.POSITIVE_INFINITY), want)
        const end = lists?.matchEnd(input, 0)
        if (end === undefined) continue
        assert.equal(end, want?.[1] ?? -1)
        if (want === undefined) continue
        matches++
        assert.equal(starts.leftmostStart(input, 0, end), want[0])
      }
    }),
    { numRuns: 4000 },
  )
  assert.ok(matches > 2000)
})

/** Pattern, text that takes the DFA too many states, whether it matches and where. */
const dear: readonly (readonly [source: string, input: string, start: number])[] = [
  ['[ab]*a[ab]{14}c', noise('ab', 60_000), -1],
  ['a.{60}b.{60}c', noise('axb', 60_000), -1],
  ['a.{200}b.{200}c', `${noise('axb', 60_000)}a${'x'.repeat(200)}b${'x'.repeat(200)}c`, -2],
]

test('where the DFA gives up, simulation answers, and one byte costs one visit of each state at most', () => {
  for (const [source, input, where] of dear) {
    const made = automata(source, { i: false, m: false, s: true })
    assert.ok(made)
    assert.equal(made.search.matchEnd(input), undefined, source)
    assert.equal(made.slowSearch.matchEnd(input) !== -1, where !== -1)
    const { slowSearch } = made
    assert.ok(slowSearch.work < 20 * input.length, `${source}: ${slowSearch.work / input.length} states a byte`)
    if (where === -1) continue
    const start = made.slowStarts.leftmostStart(input, 0)
    assert.equal(start, new RegExp(source, 's').exec(input)?.index)
  }
})

function noise(alphabet: string, bytes: number): string {
  let seed = 42
  let value = ''
  while (value.length < bytes) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    value += alphabet[(seed >>> 16) % alphabet.length]
  }
  return value
}
