// What a value must hold for an operator to match it, for the operators where that can be told without running them.

import type { ByteString } from '../../../lib/bytes.ts'
import { detectorNeeds, type Need } from '../../detectors/needs.ts'
import { secretNames } from '../../detectors/path-names.ts'
import { Notable, notableWords } from '../../detectors/sql-words.ts'
import { bytesCut, makeCut } from '../../match/cut.ts'
import type { EntryContent } from '../../match/prefilter.ts'
import { PhraseOperator } from '../../operators/phrases.ts'
import { RegexOperator } from '../../operators/regex.ts'
import { OperatorCall } from '../../operators/types.ts'
import { addByte, addRange, type ByteSet, byteSetOf, emptySet } from '../../regex/byte-set.ts'
import type { Link } from '../rule.ts'

export interface LinkEntries {
  /** A value that matches holds what one of them asks for. */
  readonly entries: readonly EntryContent[]
  /** The same for links that match the same values, when their transformations are the same. */
  readonly key: string
}

/** For operators that look at nothing but the value: what one says of a value holds for every equal one. */
export function entriesOf(link: Link): LinkEntries | undefined {
  const { operator, operatorName, negated } = link
  const argument = link.argument?.fixedText
  if (operator === undefined) return undefined
  const key = `${negated ? '!' : ''}${operatorName} ${argument}`
  if (operator instanceof RegexOperator) return { entries: negated ? anything : [{ ast: operator.regex.ast }], key }
  if (operator instanceof PhraseOperator) {
    const { literals } = operator
    return { entries: negated ? anything : [{ literals }], key: `${negated ? '!' : ''}pm ${literals.join('\n')}` }
  }
  if (argument === undefined) return undefined
  if (negated || anyOperators.has(operatorName)) {
    return isPure(operatorName) ? { entries: anything, key } : undefined
  }
  if (stringOperators.has(operatorName))
    return argument === '' ? undefined : { entries: [{ literals: [argument] }], key }
  if (operatorName === 'validatebyterange') return { entries: [{ literals: [], bytes: matchingBytes(link) }], key }
  const entries = fixedEntries.get(operatorName)
  return entries && { entries, key }
}

/** Of an operator that may match a value whatever stands in it. */
export const anything: readonly EntryContent[] = [{ requirements: { minBytes: 0, cuts: [] } }]

const anyOperators = new Set(['eq', 'ge', 'gt', 'le', 'lt', 'within', 'ipmatch'])

function isPure(operatorName: string): boolean {
  return (
    anyOperators.has(operatorName) ||
    stringOperators.has(operatorName) ||
    operatorName === 'validatebyterange' ||
    fixedEntries.has(operatorName)
  )
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

function highBytes(): ByteSet {
  const set = emptySet()
  addRange(set, 0x80, 0xff)
  return set
}

function one(bytes: ByteString, ...literals: readonly ByteString[]): EntryContent {
  return { literals, bytes: byteSetOf(bytes) }
}

function entryFor({ literals, bytes, also }: Need): EntryContent {
  if (!also) return one(bytes, ...literals)
  const cuts = [makeCut(literals, byteSetOf(bytes)), makeCut(also.literals, byteSetOf(also.bytes))]
  return { requirements: { minBytes: 1, cuts: cuts.filter(cut => cut !== undefined) } }
}

/** Functions of SQL, and what stands behind the name of one in a call: more names than texts hold by chance. */
function sqlCall(): EntryContent {
  const name = makeCut(notableWords.wordsOf(Notable.call), emptySet())
  return { requirements: { minBytes: 2, cuts: [...(name ? [name] : []), bytesCut(byteSetOf('(./'))] } }
}

/** Calls that detectXss knows where there is no other mark of script. */
const scriptCalls = ['alert(', 'prompt(', 'confirm(', 'eval(', 'timeout(', 'interval(', 'with(', '](', 'expression(']

/** Held to the detectors by a test: a value with none of this is never reported. */
export const fixedEntries: ReadonlyMap<string, readonly EntryContent[]> = new Map<string, readonly EntryContent[]>([
  ['detectxss', [one('<=:"\'`', ...scriptCalls, 'constructor')]],
  ['detectsqli', [one('\'"`', '||', '&&', 'p_', ...notableWords.wordsOf(Notable.always)), sqlCall()]],
  ['detectpath', [one('/\\', '..2f', '0x', ...secretNames)]],
  ['detectssrf', [one('', '//', 'http:', 'https:')]],
  ['detectgraphql', [one('{')]],
  ['classify', [one('\'"<>;|&$`(){}[]\\*=!#%^~\0\n\r', '..', '//', '--')]],
  ...Object.entries(detectorNeeds).map(([name, needs]): [string, EntryContent[]] => [name, needs.map(entryFor)]),
  ['validateurlencoding', [one('%')]],
  ['validateutf8encoding', [{ literals: [], bytes: highBytes() }]],
])
