// What a text must have held before bytes of it were turned into spaces or spaces were dropped: of each literal the
// longest piece that no such place can be part of. So the raw value tells what its outcome cannot match.

import type { ByteString } from '../../lib/bytes.ts'
import { hasByte } from '../regex/byte-set.ts'
import { type Cut, makeCut } from './cut.ts'
import type { Requirements } from './requirements.ts'

/** `seams`: the only bytes that may have a new neighbour. The very same requirements when none is concerned. */
export function beforeGaps(requirements: Requirements, seams: ByteString): Requirements {
  const cuts = requirements.cuts.flatMap(cut => weaker(cut, seams) ?? [])
  const isSame = cuts.length === requirements.cuts.length && cuts.every((cut, i) => cut === requirements.cuts[i])
  return isSame ? requirements : { minBytes: requirements.minBytes, cuts }
}

/** undefined when nothing is left of it. */
function weaker(cut: Cut, seams: ByteString): Cut | undefined {
  // Of the seams only the space may be new.
  if (hasByte(cut.bytes, 0x20)) return undefined
  const pieces = cut.literals.map(literal => longestPiece(literal, seams))
  if (pieces.every((piece, i) => piece === cut.literals[i])) return cut
  if (pieces.includes('')) return undefined
  return makeCut(pieces, cut.bytes, Infinity)
}

function longestPiece(literal: ByteString, seams: ByteString): ByteString {
  let best = ''
  let start = 0
  for (let i = 0; i <= literal.length; i++) {
    if (i < literal.length && !seams.includes(literal.charAt(i))) continue
    if (i - start > best.length) best = literal.slice(start, i)
    start = i + 1
  }
  return best
}
