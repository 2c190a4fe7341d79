// For tests alone: random patterns of the syntax that PCRE and V8 share, and texts that they have a chance to match.

import fc from 'fast-check'
import { isNullable } from './ast.ts'
import { parseRegex } from './parse.ts'

const atom = fc.constantFrom(
  'a',
  'b',
  'c',
  'A',
  '-',
  '_',
  ' ',
  '\\n',
  '\\x41',
  '\\xe9',
  '\\.',
  '.',
  '\\d',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '[ab]',
  '[^a]',
  '[a-c-]',
  '[\\w.]',
  '[^\\s]',
  '[A-Z]',
  '[\\x80-\\xff]',
) // prettier-ignore
const assertion = fc.constantFrom('^', '$', '\\b', '\\B', '\\A', '\\z', '\\Z')
const quantifier = fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{0,2}?', '{2,}')

// A capture in a loop keeps its last value in PCRE and is reset each round in V8, so captures stay out of loops; and a
// loop over something that can be empty ends at different rounds, so it is made to consume.
export const { pattern } = fc.letrec<{ pattern: string; loopable: string; piece: string }>(tie => ({
  loopable: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.array(tie('loopable'), { minLength: 1, maxLength: 3 }).map(parts => `(?:${parts.join('')})`),
    fc.array(tie('loopable'), { minLength: 1, maxLength: 3 }).map(parts => `(?:${parts.join('|')})`),
    fc.tuple(tie('loopable'), quantifier).map(([body, count]) => `(?:${nonEmpty(body)})${count}`),
    fc.tuple(fc.constantFrom('i', 's', '-i'), tie('loopable')).map(([flags, body]) => `(?${flags}:${body})`),
    assertion,
  ),
  piece: fc.oneof(
    { maxDepth: 3 },
    tie('loopable'),
    tie('loopable').map(body => `(${body})`),
    fc.array(tie('piece'), { minLength: 1, maxLength: 3 }).map(parts => `(${parts.join('|')})`),
    fc.array(tie('piece'), { minLength: 1, maxLength: 3 }).map(parts => `(?:${parts.join('')})`),
  ),
  pattern: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map(parts => parts.join('')),
}))

function nonEmpty(body: string): string {
  const result = parseRegex(body, {})
  return result.ok && isNullable(result.parsed.node) ? `a(?:${body})` : body
}

export const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', 'A', 'B', '-', '_', ' ', '\n', '\r', '1', '.', '\xe9', '\xc9', '\xa0'),
  maxLength: 12,
}) // prettier-ignore
export const flags = fc.record({ i: fc.boolean(), m: fc.boolean(), s: fc.boolean() })
