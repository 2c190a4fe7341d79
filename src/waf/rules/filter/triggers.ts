// What must stand in a value for a transformation to change more than the case of its letters. Where nothing of it does,
// the value as it came stands for its transformed form, and no transformation runs at all. Not in the table: always.
// Each trigger has a bit; a scanned value keeps those that were pulled (Value.triggered).

import type { ByteString } from '../../../lib/bytes.ts'
import { addRange, type ByteSet, byteSetOf, emptySet } from '../../regex/byte-set.ts'

export interface Trigger {
  /** In any case. */
  readonly literals: readonly ByteString[]
  readonly bytes: ByteSet
  /**
   * What it may bring in, when it does nothing but take bytes out, put these in their place and change case: the
   * outcome is never longer. undefined: anything.
   */
  readonly adds: ByteString | undefined
}

/** Values this short trigger everything: `.` is a path to be normalised, and nothing is gained by asking. */
export const alwaysTriggeredBytes = 2

function trigger(bytes: string, literals: readonly ByteString[] = [], adds?: ByteString): Trigger {
  return { literals, bytes: byteSetOf(bytes), adds }
}

function highBytes(): Trigger {
  const set = emptySet()
  addRange(set, 0x80, 0xff)
  return { literals: [], bytes: set, adds: undefined }
}

const space = '\t\n\v\f\r '
const lineSpace = '\t\n\v\f\r'
const escapes = Array.from('0123456789abcdef', digit => `%${digit}`)
const paths = ['//', '/.', './', '..']
const comments = ['/*', '--', '*/', '<!--']

/** By name in lower case. */
export const triggers: ReadonlyMap<string, Trigger | 'case-only'> = new Map<string, Trigger | 'case-only'>([
  ['lowercase', 'case-only'],
  ['uppercase', 'case-only'],
  ['urldecode', trigger('+', escapes)],
  ['urldecodeuni', trigger('+', [...escapes, '%u'])],
  ['htmlentitydecode', trigger('', ['&#', '&quot', '&amp', '&lt', '&gt', '&nbsp'])],
  ['jsdecode', trigger('\\')],
  ['cssdecode', trigger('\\')],
  ['escapeseqdecode', trigger('\\')],
  ['removenulls', trigger('\0', [], '')],
  ['replacenulls', trigger('\0', [], ' ')],
  ['utf8tounicode', highBytes()],
  ['compresswhitespace', trigger(lineSpace, ['  '], ' ')],
  ['removewhitespace', trigger(`${space}\xa0\xc2`, [], '')],
  ['trim', trigger(space, [], '')],
  ['trimleft', trigger(space, [], '')],
  ['trimright', trigger(space, [], '')],
  ['cmdline', trigger(`"'\\^,;${lineSpace}`, ['  ', ' /', ' ('], ' ')],
  ['normalisepath', trigger('', paths, '')],
  ['normalisepathwin', trigger('\\', paths, '/')],
  ['replacecomments', trigger('', ['/*'], ' ')],
  ['removecomments', trigger('#', comments, ' \0')],
  ['removecommentschar', trigger('#', comments, '')],
  ['sqlhexdecode', trigger('', ['0x'])],
])

const numbers = new Map(
  [...triggers].filter(([, trigger]) => trigger !== 'case-only').map(([name], number) => [name, number] as const),
)

/** Triggers have numbers below this. */
const maxTriggers = 30

/** Pulled by every value. */
export const alwaysBit = 1 << maxTriggers

/** Of the trigger of a transformation that has one. */
export function triggerNumber(name: string): number | undefined {
  return numbers.get(name)
}

/** These change the case of letters whatever else the value holds. */
const changesCase: ReadonlySet<string> = new Set(['lowercase', 'uppercase', 'cmdline'])

/** A value that pulls none of these bits comes out of the transformation as it went in, in the same case. */
export function bitsThatChange(name: string): number {
  const number = numbers.get(name)
  return number === undefined || changesCase.has(name) ? alwaysBit : 1 << number
}

/** What a chain of transformations may bring in, as Trigger.adds; undefined when one of them may bring in anything. */
export function bytesAdded(names: readonly string[]): ByteString | undefined {
  let all = ''
  for (const name of names) {
    const trigger = triggers.get(name)
    if (trigger === 'case-only') continue
    if (trigger?.adds === undefined) return undefined
    all += trigger.adds
  }
  return all
}
