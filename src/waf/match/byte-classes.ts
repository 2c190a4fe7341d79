// Bytes in at most 62 classes, one bit each in two masks, so that a scan can collect which classes a value holds with
// two ORs a byte. The classes part the byte sets of all cuts; when there are too many, the sets of least use are parted
// from the others no longer, and then count as held when the value holds a byte that shares a class with one of theirs.

import { type ByteSet, hasByte } from '../regex/byte-set.ts'

/** Bits of one mask: all of them small integers for V8. */
const maskBits = 30
const maxClasses = 2 * maskBits

/** Which classes: bits as of `low` and `high`. */
export interface ByteMasks {
  readonly low: number
  readonly high: number
}

export class ByteClasses {
  /** Masks by byte. */
  readonly low = new Int32Array(256)
  readonly high = new Int32Array(256)

  /** Sets of more weight are parted first. */
  constructor(sets: readonly { readonly set: ByteSet; readonly weight: number }[]) {
    let classOf = new Uint16Array(256)
    let count = 1
    for (const { set } of [...sets].sort((a, b) => b.weight - a.weight)) {
      const refined = refine(classOf, count, set)
      if (refined.count > maxClasses) continue
      classOf = refined.classOf
      count = refined.count
    }
    for (let byte = 0; byte < 256; byte++) {
      const c = classOf[byte] as number
      if (c < maskBits) this.low[byte] = 1 << c
      else this.high[byte] = 1 << (c - maskBits)
    }
  }

  lowMask(set: ByteSet): number {
    return maskOf(this.low, set)
  }

  highMask(set: ByteSet): number {
    return maskOf(this.high, set)
  }
}

function maskOf(masks: Int32Array, set: ByteSet): number {
  let mask = 0
  for (let byte = 0; byte < 256; byte++) if (hasByte(set, byte)) mask |= masks[byte] as number
  return mask
}

function refine(
  classOf: Uint16Array,
  count: number,
  set: ByteSet,
): { classOf: Uint16Array<ArrayBuffer>; count: number } {
  const numbers = new Map<number, number>()
  const refined = new Uint16Array(256)
  for (let byte = 0; byte < 256; byte++) {
    const key = (classOf[byte] as number) * 2 + (hasByte(set, byte) ? 1 : 0)
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    refined[byte] = number
  }
  return { classOf: refined, count: Math.max(count, numbers.size) }
}
