// What a value must hold for an operator to match it, for the operators where that can be told without running them.

import type { ByteString } from '../../../lib/bytes.ts'
import { detectorNeeds } from '../../detectors/needs.ts'
import { PhraseOperator } from '../../operators/phrases.ts'
import { RegexOperator } from '../../operators/regex.ts'
import { OperatorCall } from '../../operators/types.ts'
import type { Node } from '../../regex/ast.ts'
import { addByte, addRange, type ByteSet, emptySet } from '../../regex/byte-set.ts'
import type { Link } from '../rule.ts'

/** A PrefilterEntry without its id. */
export type Entry = { readonly ast: Node } | { readonly literals: readonly ByteString[]; readonly bytes?: ByteSet }

export function entryOf(link: Link): { readonly entry: Entry; readonly key: string } | undefined {
  const { operator, operatorName } = link
  const argument = link.argument?.isStatic ? link.argument.source : undefined
  if (operator === undefined || link.negated) return undefined
  if (operator instanceof RegexOperator)
    return { entry: { ast: operator.regex.ast }, key: `rx ${operator.regex.source}` }
  if (operator instanceof PhraseOperator) {
    return { entry: { literals: operator.literals }, key: `pm ${operator.literals.join('\n')}` }
  }
  if (stringOperators.has(operatorName)) {
    if (argument === undefined || argument === '') return undefined
    return { entry: { literals: [argument] }, key: `= ${argument}` }
  }
  if (operatorName === 'validatebyterange') {
    return { entry: { literals: [], bytes: matchingBytes(link) }, key: `range ${argument}` }
  }
  const entry = fixedEntries.get(operatorName)
  return entry && { entry, key: operatorName }
}

const stringOperators = new Set(['contains', 'strmatch', 'streq', 'beginswith', 'endswith', 'containsword'])

/** It matches a value when it matches one of its bytes. */
function matchingBytes(link: Link): ByteSet {
  const set = emptySet()
  const call = new OperatorCall({ lookup: () => undefined })
  for (let byte = 0; byte < 256; byte++) {
    call.reset(false)
    if (link.operator?.test(String.fromCharCode(byte), call)) addByte(set, byte)
  }
  return set
}

function bytesOf(text: string, ...ranges: readonly (readonly [number, number])[]): ByteSet {
  const set = emptySet()
  for (let i = 0; i < text.length; i++) addByte(set, text.charCodeAt(i))
  for (const [first, last] of ranges) addRange(set, first, last)
  return set
}

/** Held to the detectors by a test: a value with none of this is never reported. */
const fixedEntries: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ['detectxss', { literals: [], bytes: bytesOf('<=:"\'`(') }],
  ['detectsqli', { literals: ['--'], bytes: bytesOf('/;<=>@^`|\xa0', [0x00, 0x2c]) }],
  ...Object.entries(detectorNeeds).map(([name, { literals, bytes }]): [string, Entry] => [
    name,
    { literals, bytes: bytesOf(bytes) },
  ]),
  ['validateurlencoding', { literals: [], bytes: bytesOf('%') }],
  ['validateutf8encoding', { literals: [], bytes: bytesOf('', [0x80, 0xff]) }],
])
