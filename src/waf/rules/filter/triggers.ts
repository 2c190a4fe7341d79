// What must stand in a value for a transformation to change more than the case of its letters. Where nothing of it does,
// the value as it came stands for its transformed form, and no transformation runs at all. Not in the table: always.
// Each trigger has a bit; a scanned value keeps those that were pulled (Value.triggered).

import type { ByteString } from '../../../lib/bytes.ts'
import type { Gaps } from '../../match/gaps.ts'
import { addRange, type ByteSet, byteSetOf, emptySet, hasByte } from '../../regex/byte-set.ts'

export interface Trigger {
  /** In any case. */
  readonly literals: readonly ByteString[]
  readonly bytes: ByteSet
  /**
   * What it may bring in, when it does nothing but take bytes out, put these in their place and change case: the
   * outcome is never longer. undefined: anything.
   */
  readonly adds: ByteString | undefined
  readonly gaps: GapMaker | undefined
}

/** A transformation that, without its glue, does nothing but turn bytes into spaces, or runs of bytes into one. */
interface GapMaker extends Gaps {
  /** With this in the value more happens. undefined: nothing makes more happen. */
  readonly glue: { readonly literals: readonly ByteString[]; readonly bytes: ByteSet } | undefined
}

/** Values this short trigger everything: `.` is a path to be normalised, and nothing is gained by asking. */
export const alwaysTriggeredBytes = 2

function trigger(bytes: string, literals: readonly ByteString[] = [], adds?: ByteString, gaps?: GapMaker): Trigger {
  return { literals, bytes: byteSetOf(bytes), adds, gaps }
}

function gaps(
  seams: ByteString,
  bytes: ByteString,
  glueBytes?: ByteString,
  glueLiterals: readonly ByteString[] = [],
): GapMaker {
  return {
    seams,
    bytes,
    glue: glueBytes === undefined ? undefined : { literals: glueLiterals, bytes: byteSetOf(glueBytes) },
  }
}

function highBytes(): Trigger {
  const set = emptySet()
  addRange(set, 0x80, 0xff)
  return { literals: [], bytes: set, adds: undefined, gaps: undefined }
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
  ['urldecode', trigger('+', escapes, undefined, gaps(' ', ' +', '', escapes))],
  ['urldecodeuni', trigger('+', [...escapes, '%u'], undefined, gaps(' ', ' +', '', [...escapes, '%u']))],
  ['htmlentitydecode', trigger('', ['&#', '&quot', '&amp', '&lt', '&gt', '&nbsp'])],
  ['jsdecode', trigger('\\')],
  ['cssdecode', trigger('\\')],
  ['escapeseqdecode', trigger('\\')],
  ['removenulls', trigger('\0', [], '')],
  ['replacenulls', trigger('\0', [], ' ', gaps(' ', ' \0'))],
  ['utf8tounicode', highBytes()],
  ['compresswhitespace', trigger(lineSpace, ['  '], ' ', gaps(' ', space))],
  ['removewhitespace', trigger(`${space}\xa0\xc2`, [], '')],
  ['trim', trigger(space, [], '')],
  ['trimleft', trigger(space, [], '')],
  ['trimright', trigger(space, [], '')],
  ['cmdline', trigger(`"'\\^,;${lineSpace}`, ['  ', ' /', ' ('], ' ', gaps(' /(', ' ,;\t\r\n', '"\'\\^'))],
  ['normalisepath', trigger('', paths, '')],
  ['normalisepathwin', trigger('\\', paths, '/')],
  ['replacecomments', trigger('', ['/*'], ' ', gaps(' ', ' /'))],
  ['removecomments', trigger('#', comments, ' \0')],
  ['removecommentschar', trigger('#', comments, '')],
  ['sqlhexdecode', trigger('', ['0x'])],
])

const withTrigger = [...triggers].filter((row): row is [string, Trigger] => row[1] !== 'case-only')
const withGlue = withTrigger.filter(([, { gaps }]) => gaps?.glue !== undefined).map(([name]) => name)
const numbers = new Map(withTrigger.map(([name], number) => [name, number]))
const glueNumbers = new Map(withGlue.map((name, i) => [name, withTrigger.length + i]))

/** Triggers and glues have numbers below this. */
const maxTriggers = 30

/** Pulled by every value. */
export const alwaysBit = 1 << maxTriggers

/** Of the trigger of a transformation that has one. */
export function triggerNumber(name: string): number | undefined {
  return numbers.get(name)
}

export interface NumberedTrigger {
  readonly id: number
  readonly literals: readonly ByteString[]
  readonly bytes: ByteSet
}

/** What to look for in values for the sake of some transformations. */
export function triggersOf(names: Iterable<string>): NumberedTrigger[] {
  const found: NumberedTrigger[] = []
  for (const name of names) {
    const trigger = triggers.get(name)
    if (trigger === undefined || trigger === 'case-only') continue
    const { literals, bytes, gaps } = trigger
    found.push({ id: numbers.get(name) ?? 0, literals, bytes })
    const glue = glueNumbers.get(name)
    if (gaps?.glue && glue !== undefined) found.push({ id: glue, ...gaps.glue })
  }
  return found
}

/** The gaps that a chain of transformations may make when there is no glue; undefined when it makes none. */
export function gapsOf(names: readonly string[]): Gaps | undefined {
  let all: Gaps | undefined
  for (const name of names) {
    const trigger = triggers.get(name)
    if (trigger === undefined || trigger === 'case-only' || !trigger.gaps) continue
    const { seams, bytes } = trigger.gaps
    all = { seams: (all?.seams ?? '') + seams, bytes: (all?.bytes ?? '') + bytes }
  }
  return all
}

/**
 * Whether a chain does nothing to a value that pulls these triggers but what `gapsOf` says: each of its steps makes
 * gaps and finds no glue, or does nothing, and the gaps of the others give it nothing to do.
 */
export function makesGapsOnly(names: readonly string[], triggered: number): boolean {
  const seams = gapsOf(names)?.seams ?? ''
  return names.every(name => {
    const trigger = triggers.get(name)
    if (trigger === 'case-only') return true
    if (trigger === undefined) return false
    const glue = glueNumbers.get(name)
    if (trigger.gaps) return glue === undefined || (triggered & (1 << glue)) === 0
    return (triggered & (1 << (numbers.get(name) ?? 0))) === 0 && !needsAny(trigger, seams)
  })
}

function needsAny({ literals, bytes }: Trigger, seams: ByteString): boolean {
  return Array.from(seams).some(
    seam => hasByte(bytes, seam.charCodeAt(0)) || literals.some(literal => literal.includes(seam)),
  )
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
