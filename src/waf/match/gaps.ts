// What a text must have held before bytes of it were turned into spaces or spaces were dropped: of each literal the
// longest piece that no such place can be part of, and what stood beside it. So the raw value tells what its outcome
// cannot match.

import type { ByteString } from '../../lib/bytes.ts'
import { hasByte } from '../regex/byte-set.ts'
import { type Cut, makeCut } from './cut.ts'
import type { Requirements } from './requirements.ts'

export interface Gaps {
  /** The only bytes that may have a new neighbour: the space, and others before which one may have been dropped. */
  readonly seams: ByteString
  /** What a space may have been before, or the edge of it. */
  readonly bytes: ByteString
}

/** The very same requirements when no gap concerns them. */
export function beforeGaps(requirements: Requirements, gaps: Gaps): Requirements {
  const cuts = requirements.cuts.flatMap(cut => weaker(cut, gaps) ?? [])
  const isSame = cuts.length === requirements.cuts.length && cuts.every((cut, i) => cut === requirements.cuts[i])
  return isSame ? requirements : { minBytes: requirements.minBytes, cuts }
}

/** undefined when nothing is left of it. */
function weaker(cut: Cut, gaps: Gaps): Cut | undefined {
  // Of the seams only the space may be new.
  if (hasByte(cut.bytes, 0x20)) return undefined
  const before = cut.literals.map(literal => piecesOf(literal, gaps))
  if (before.every((pieces, i) => pieces.length === 1 && pieces[0] === cut.literals[i])) return cut
  if (before.some(pieces => pieces.length === 0)) return undefined
  return makeCut(new Set(before.flat()), cut.bytes, Infinity)
}

/** The literal itself when it has no seam; none when it is nothing but seams. */
function piecesOf(literal: ByteString, { seams, bytes }: Gaps): readonly ByteString[] {
  let from = 0
  let to = 0
  let start = 0
  for (let i = 0; i <= literal.length; i++) {
    if (i < literal.length && !seams.includes(literal.charAt(i))) continue
    if (i - start > to - from) {
      from = start
      to = i
    }
    start = i + 1
  }
  if (to === from) return []
  const piece = literal.slice(from, to)
  const spaces = Array.from(new Set(bytes))
  if (to < literal.length) {
    const next = literal.charAt(to)
    return [...(next === ' ' ? [] : [next]), ...spaces].map(byte => piece + byte)
  }
  if (from === 0) return [piece]
  const previous = literal.charAt(from - 1)
  return (previous === ' ' ? spaces : [previous]).map(byte => byte + piece)
}
