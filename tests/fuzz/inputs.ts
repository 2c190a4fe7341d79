// What fuzzers feed on: bytes at random, fragments that mean something to a parser, and requests with bytes changed.

import fc from 'fast-check'

const fragments = [
  ...[
    '\0',
    '\r\n',
    '\n',
    ' ',
    '\t',
    '"',
    "'",
    '`',
    '\\',
    '/',
    '//',
    '../',
    '%',
    '%2',
    '%2e',
    '%u0041',
    '%00',
    '+',
    '&',
    ';',
  ],
  ...[
    '=',
    '==',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '&#x41;',
    '&#',
    '&lt;',
    '&a;',
  ],
  ...[
    '{"a":',
    '{"a":1}',
    '[[',
    '1e999',
    'null',
    '"\\u00',
    '\\ud800',
    '--b',
    '--b--',
    '\r\n\r\n',
    'Content-Disposition: form-data; name="',
  ],
  ...[
    'filename*=',
    'union select',
    '/*',
    '*/',
    '--',
    '#',
    'javascript:',
    'onerror=',
    '${jndi:',
    '{{7*7}}',
    '\xff\xfe',
    '\xc0\xaf',
  ],
  ...[
    'é',
    '0x41',
    'PHNjcmlwdD4=',
    'a',
    'A',
    '1',
    '.',
    ',',
    ':',
    '|',
    '^',
    '$',
    '*',
    '?',
    '\xe2\x80\xa8',
    '<?xml version="1.0"?>',
    '<a b="c">',
  ],
]

const bytes = fc.uint8Array({ maxLength: 40 }).map(value => Buffer.from(value).toString('latin1'))
const run = fc.tuple(fc.constantFrom(...fragments), fc.nat({ max: 300 })).map(([piece, count]) => piece.repeat(count))

function latin1(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** A byte string. */
export const input = fc
  .array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...fragments) }, { weight: 3, arbitrary: bytes }, run), {
    maxLength: 20,
  })
  .map(parts => latin1(parts.join('')))

interface Change {
  readonly at: number
  readonly kind: 'insert' | 'delete' | 'copy' | 'replace'
  readonly length: number
  readonly text: string
}

const changes = fc.array(
  fc.record({
    at: fc.nat(),
    kind: fc.constantFrom<Change['kind']>('insert', 'delete', 'copy', 'replace'),
    length: fc.nat({ max: 12 }),
    text: fc.oneof(fc.constantFrom(...fragments).map(latin1), bytes),
  }),
  { maxLength: 6 },
)

/** One of the texts with pieces put in, taken out, copied and replaced. */
export function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...texts), changes).map(([text, list]) => list.reduce(change, latin1(text)))
}

function change(text: string, { at, kind, length, text: piece }: Change): string {
  const place = at % (text.length + 1)
  const before = text.slice(0, place)
  const here = text.slice(place, place + length)
  const after = text.slice(place + length)
  if (kind === 'insert') return before + piece + here + after
  if (kind === 'delete') return before + after
  if (kind === 'copy') return before + here + here + here + after
  return before + piece + after
}
