// All transformations by their SecLang name in lower case. A new one is a line here and a file beside.

import { base64Decode, base64DecodeExt, base64Encode } from './base64.ts'
import { cmdLine } from './command-line.ts'
import { removeComments, removeCommentsChar, replaceComments } from './comments.ts'
import { cssDecode } from './css-decode.ts'
import { md5, sha1 } from './digest.ts'
import { escapeSeqDecode, jsDecode } from './escape-sequences.ts'
import { hexDecode, hexEncode, sqlHexDecode } from './hex.ts'
import { htmlEntityDecode } from './html-entities.ts'
import { lowercase, uppercase } from './letter-case.ts'
import { removeNulls, replaceNulls } from './nulls.ts'
import { parityEven7bit, parityOdd7bit, parityZero7bit } from './parity.ts'
import { normalisePath, normalisePathWin } from './path.ts'
import { phpArgsNames } from './php-names.ts'
import { length, none } from './plain.ts'
import type { Transformation } from './types.ts'
import type { UnicodeMap } from './unicode-map.ts'
import { urlDecode, urlEncode } from './url.ts'
import { createUrlDecodeUni, utf8toUnicode } from './url-unicode.ts'
import { compressWhitespace, removeWhitespace, trim, trimLeft, trimRight } from './whitespace.ts'

/** The transformations of a rule set whose SecUnicodeMapFile is `map`. */
export function createTransformations(map?: UnicodeMap): ReadonlyMap<string, Transformation> {
  const all = [
    ...[base64Decode, base64DecodeExt, base64Encode, cmdLine, compressWhitespace, cssDecode, escapeSeqDecode],
    ...[hexDecode, hexEncode, htmlEntityDecode, jsDecode, length, lowercase, md5, none, normalisePath],
    ...[normalisePathWin, parityEven7bit, parityOdd7bit, parityZero7bit, phpArgsNames, removeComments],
    ...[removeCommentsChar, removeNulls, removeWhitespace, replaceComments, replaceNulls, sha1, sqlHexDecode],
    ...[trim, trimLeft, trimRight, uppercase, urlDecode, createUrlDecodeUni(map), urlEncode, utf8toUnicode],
  ]
  const byName = new Map(all.map(transformation => [transformation.name.toLowerCase(), transformation]))
  byName.set('normalizepath', normalisePath)
  byName.set('normalizepathwin', normalisePathWin)
  return byName
}

/** Without a Unicode map. */
export const transformations: ReadonlyMap<string, Transformation> = createTransformations()
