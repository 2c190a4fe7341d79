// What must stand in a value for a transformation to change more than the case of its letters. Where nothing of it does,
// the value as it came stands for its transformed form, and no transformation runs at all. Not in the table: always.

import type { ByteString } from '../../../lib/bytes.ts'
import { addByte, addRange, type ByteSet, emptySet } from '../../regex/byte-set.ts'

export interface Trigger {
  /** In any case. */
  readonly literals: readonly ByteString[]
  readonly bytes: ByteSet
}

/** Values this short trigger everything: `.` is a path to be normalised, and nothing is gained by asking. */
export const alwaysTriggeredBytes = 2

function trigger(bytes: string, literals: readonly ByteString[] = [], highBytes = false): Trigger {
  const set = emptySet()
  for (let i = 0; i < bytes.length; i++) addByte(set, bytes.charCodeAt(i))
  if (highBytes) addRange(set, 0x80, 0xff)
  return { literals, bytes: set }
}

const space = '\t\n\v\f\r '
const lineSpace = '\t\n\v\f\r'
const paths = ['//', '/.', './', '..']
const comments = ['/*', '--', '*/', '<!--']

/** By name in lower case. */
export const triggers: ReadonlyMap<string, Trigger | 'case-only'> = new Map<string, Trigger | 'case-only'>([
  ['lowercase', 'case-only'],
  ['uppercase', 'case-only'],
  ['urldecode', trigger('%+')],
  ['urldecodeuni', trigger('%+')],
  ['htmlentitydecode', trigger('&')],
  ['jsdecode', trigger('\\')],
  ['cssdecode', trigger('\\')],
  ['escapeseqdecode', trigger('\\')],
  ['removenulls', trigger('\0')],
  ['replacenulls', trigger('\0')],
  ['utf8tounicode', trigger('', [], true)],
  ['compresswhitespace', trigger(lineSpace, ['  '])],
  ['removewhitespace', trigger(`${space}\xa0\xc2`)],
  ['trim', trigger(space)],
  ['trimleft', trigger(space)],
  ['trimright', trigger(space)],
  ['cmdline', trigger(`"'\\^,;${lineSpace}`, ['  ', ' /', ' ('])],
  ['normalisepath', trigger('', paths)],
  ['normalisepathwin', trigger('\\', paths)],
  ['replacecomments', trigger('', ['/*'])],
  ['removecomments', trigger('#', comments)],
  ['removecommentschar', trigger('#', comments)],
  ['sqlhexdecode', trigger('', ['0x'])],
])
